#!/usr/bin/env bash
# Installs the real programs that tests drive: ssh-keygen, gpg, chromium and prometheus from the distribution, axe-core from npm; etcd, etcdctl and
# kube-apiserver built from the modules in ci/real/etcd and ci/real/kube-apiserver; and the etcd that the distribution
# packages. Running it again does nothing; a changed version builds again. kube-apiserver takes about six minutes of two
# cores and 3 GB of memory, once.
#
#   ci/real/install.sh [--try] [COMPONENT...]      openssh gnupg strace chromium axe prometheus etcd etcd-packaged kube-apiserver    (all when none is named)
#
# With --try it installs what it can, says loudly at the end what it could not and why, and ends with 0. It then never asks
# for a password: the distribution's packages are installed by root alone.
#
# Programs land in ${SLUICE_REAL_DIR:-$HOME/.cache/sluice/real}/bin, where package ci/real finds them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${SLUICE_REAL_DIR:-$HOME/.cache/sluice/real}

components='openssh gnupg strace chromium axe prometheus etcd etcd-packaged kube-apiserver'

say() { printf 'real: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }
start() { say "$*" >&3; } # what takes a while is said at once, also by try

# apt_program PROGRAM PACKAGE [MORE...]: installs the packages unless the program of the first is there already.
apt_program() {
	local program=$1 package=$2 as_root=() start=$SECONDS
	shift 2
	if command -v "$program" >/dev/null; then
		say "$program: have $(command -v "$program")"
		return
	fi
	command -v apt-get >/dev/null || fail "$program: not in PATH and there is no apt-get; install the package that brings it"
	if [ "$(id -u)" != 0 ]; then
		[ -z "$trying" ] || fail "$program: not in PATH; as root: apt-get install $package"
		command -v sudo >/dev/null || fail "$program: not in PATH; run as root: apt-get install $package"
		as_root=(sudo)
	fi
	start "$program: installing package $package"
	"${as_root[@]}" apt-get update -qq
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$package" "$@" >/dev/null
	hash -r
	command -v "$program" >/dev/null || fail "$program: not in PATH after installing the package $package"
	say "$program: installed package $package in $((SECONDS - start)) s"
}

# module_programs MODULE NAME=PACKAGE...: builds packages of the nested module ci/real/MODULE, keyed by its go.sum and
# the Go version, so that a changed pin builds again and an unchanged one costs nothing. LINK is for the linker.
module_programs() {
	local module=$1 start=$SECONDS key stage name package
	shift
	key=$(cat "$here/$module/go.mod" "$here/$module/go.sum" <(go env GOVERSION GOOS GOARCH) <(echo "$@") | sha256sum | cut -c1-16)
	stage=$cache/$module-$key
	mkdir -p "$cache/bin"
	if [ ! -e "$stage/complete" ]; then
		rm -rf "$stage"
		mkdir -p "$stage"
		start "$module: building it, once"
		for pair in "$@"; do
			name=${pair%%=*} package=${pair#*=}
			GOFLAGS='' CGO_ENABLED=0 go -C "$here/$module" build -buildvcs=false -trimpath -ldflags "-s -w ${LINK:-}" -o "$stage/$name" "$package"
		done
		touch "$stage/complete"
		say "$module: built in $((SECONDS - start)) s"
	fi
	for pair in "$@"; do
		name=${pair%%=*}
		ln -sfn "../$module-$key/$name" "$cache/bin/$name"
		say "$name: have $cache/bin/$name"
	done
}

# unpacked_program NAME PROGRAM PACKAGE: the program of a package as bin/NAME, without installing the package, because that
# would start a service.
unpacked_program() {
	local name=$1 program=$2 package=$3 start=$SECONDS stage
	if [ ! -x "$cache/bin/$name" ]; then
		command -v apt-get >/dev/null || fail "$name: there is no apt-get; put the distribution's $program at $cache/bin/$name"
		mkdir -p "$cache/bin"
		stage=$(mktemp -d "$cache/.$name.XXXXXX")
		chmod 755 "$stage"
		(cd "$stage" && { apt-get download -qq "$package" || { update && apt-get download -qq "$package"; }; } >/dev/null 2>&1 && dpkg -x ./*.deb . && rm -f ./*.deb) ||
			fail "$name: could not download and unpack the package $package"
		rm -rf "${cache:?}/$name"
		mv "$stage" "$cache/$name"
		ln -sfn "../$name$program" "$cache/bin/$name"
		say "$name: unpacked package $package in $((SECONDS - start)) s"
	fi
	say "$name: have $cache/bin/$name"
}

update() {
	[ "$(id -u)" = 0 ] || [ -z "$trying" ] || fail 'the list of packages is old; as root: apt-get update'
	if [ "$(id -u)" = 0 ]; then apt-get update -qq; else sudo apt-get update -qq; fi
}

kubernetes_version() { awk '$1 == "k8s.io/kubernetes" { print $2 }' "$here/kube-apiserver/go.mod"; }

# npm_file NAME PACKAGE VERSION FILE: places one file of an npm package, of that version, where package ci/real finds it.
npm_file() {
	local name=$1 package=$2 version=$3 file=$4 place=$cache/$1-$3
	if [ ! -e "$place/complete" ]; then
		command -v npm >/dev/null || apt_program npm npm
		rm -rf "$place"
		mkdir -p "$place"
		(cd "$place" && npm pack --silent "$package@$version" >/dev/null && tar -xzf "$package-$version.tgz" --strip-components=1 "package/$file" && rm "$package-$version.tgz")
		touch "$place/complete"
	fi
	ln -sfn "$name-$version" "$cache/$name"
	say "$name: have $cache/$name/$file"
}

install() {
	case $1 in
	openssh) apt_program ssh-keygen openssh-client ;;
	gnupg) apt_program gpg gnupg ;;
	strace) apt_program strace strace ;;
	chromium) apt_program chromium chromium fonts-dejavu-core ;;
	axe) npm_file axe axe-core 4.14.1 axe.min.js ;;
	prometheus) apt_program prometheus prometheus ;;
	etcd) module_programs etcd etcd=go.etcd.io/etcd/server/v3 etcdctl=go.etcd.io/etcd/etcdctl/v3 ;;
	etcd-packaged) unpacked_program etcd-packaged /usr/bin/etcd etcd-server ;;
	# An API server without a version of its own refuses to start.
	kube-apiserver) LINK="-X k8s.io/component-base/version.gitVersion=$(kubernetes_version)" module_programs kube-apiserver kube-apiserver=k8s.io/kubernetes/cmd/kube-apiserver ;;
	*) say "unknown component $1; there are: $components" >&2; exit 2 ;;
	esac
}

# try COMPONENT: its output is shown only if it fails, and never longer than five minutes is waited.
try() {
	local output
	if ! output=$(timeout 300 "$here/install.sh" --only-try "$1" 2>&1); then
		missing+=("$1: $(tail -n 3 <<<"$output" | sed 's/^real: //' | tr '\n' ' ')")
	fi
}

trying='' missing=()
case ${1-} in
--try) trying=all; exec 3>&1; shift ;;
--only-try) trying=one; shift ;; # try calls itself with it, and 3 is open
*) exec 3>&1 ;;
esac
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $components
for component; do
	if [ "$trying" = all ]; then try "$component"; else install "$component"; fi
done
for what in "${missing[@]}"; do say "NOT INSTALLED, so its tests skip: $what"; done
[ "$trying" = all ] || say "done in $SECONDS s"
