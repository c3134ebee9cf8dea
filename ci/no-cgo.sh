#!/usr/bin/env bash
# ci/no-cgo.sh BINARY: fails unless the build information in the binary says that cgo was off.
set -euo pipefail

info=$(go version -m "$1")
if ! grep -qE '^\s+build\s+CGO_ENABLED=0$' <<<"$info"; then
	echo "$1: not built with CGO_ENABLED=0:" >&2
	grep -E '^\s+build' <<<"$info" >&2 || true
	exit 1
fi
