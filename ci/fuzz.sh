#!/usr/bin/env bash
# ci/fuzz.sh FUZZTIME PACKAGE...: runs every fuzz target of the packages, one after the other, and ends with 1 if any
# failed. A finding is written to the package's testdata/fuzz: commit it with the fix.
set -euo pipefail

fuzztime=$1
shift
count=0 failed=()
while read -r dir; do
	targets=$({ grep -hosE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go || true; } | awk '{ print $2 }')
	[ -n "$targets" ] || continue
	for target in $targets; do
		echo "fuzz: $target in ${dir#"$PWD"/} for $fuzztime"
		count=$((count + 1))
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" -fuzzminimizetime 5s -parallel 2 "$dir" </dev/null ||
			failed+=("$target")
	done
done < <(go list -f '{{.Dir}}' "$@")
if [ "$count" = 0 ]; then
	echo "fuzz: no package has a fuzz target" >&2
	exit 1
fi
echo "fuzz: $count targets"
if [ ${#failed[@]} -gt 0 ]; then
	echo "fuzz: FAILED: ${failed[*]}" >&2
	exit 1
fi
