#!/usr/bin/env bash
# ci/vuln.sh GOVULNCHECK PACKAGE...: fails on a known vulnerability in code that ours calls. The database is the folder
# $SLUICE_VULNDB, else ../shared/vulndb where that is present, else the public one (SLUICE_VULNDB=online).
set -euo pipefail

tool=$1
shift
db=${SLUICE_VULNDB:-../shared/vulndb}
if [ "$db" = online ]; then
	exec "$tool" "$@"
fi
if [ ! -d "$db/index" ]; then
	echo "vuln: SKIPPED, NOT CHECKED: no database in $db; set SLUICE_VULNDB to a folder with one, or to online" >&2
	exit 0
fi
exec "$tool" -db "file://$(cd "$db" && pwd)" "$@"
