#!/usr/bin/env bash
# Makes the roles and users at etcd: one that sluice writes with, one for each app that reads.
#
#   roles.sh STAGE APP...
#
# etcdctl has to be set up as a root user (ETCDCTL_ENDPOINTS, ETCDCTL_CACERT, ETCDCTL_CERT, ETCDCTL_KEY). Users have no
# password: they log in with a client certificate whose common name is theirs. Run it again for more apps; what is there stays.
set -euo pipefail

root=${ROOT:-/config}
stage=$1
shift

# role NAME: makes a role and the user of the same name, unless they are there.
role() {
    etcdctl role get "$1" >/dev/null 2>&1 || etcdctl role add "$1"
    etcdctl user get "$1" >/dev/null 2>&1 || etcdctl user add "$1" --no-password
    etcdctl user grant-role "$1" "$1"
}

# The reconciler: everything below its root and nothing beside it. It needs no right to compact, to lease or to administer.
role sluice
etcdctl role grant-permission sluice --prefix=true readwrite "$root/"

# An app in a stage: reads its own configuration, and reports what it runs.
for app in "$@"; do
    name=$stage-$(echo "$app" | tr / -)
    role "$name"
    etcdctl role grant-permission "$name" --prefix=true read "$root/$stage/$app/"
    etcdctl role grant-permission "$name" --prefix=true readwrite "$root/$stage/$app/consumers/"
done
