#!/usr/bin/env bash
# ci/fuzz.sh FUZZTIME PACKAGE...: runs every fuzz target of the packages, one after the other.
set -euo pipefail

fuzztime=$1
shift
go list -f '{{.Dir}}' "$@" | while read -r dir; do
	{ grep -hosE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go || true; } | while read -r _ target; do
		echo "fuzz: $target in $dir for $fuzztime"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" "$dir" </dev/null
	done
done
