#!/usr/bin/env bash
# ci/fuzz.sh FUZZTIME FUZZSIGNED PACKAGE...: runs every fuzz target of the packages, one after the other, and ends with 1
# if any failed. The readers of what people sign, which see an adversary's bytes first, get FUZZSIGNED each, all others
# FUZZTIME. A finding is written to the package's testdata/fuzz: commit it with the fix.
set -euo pipefail

# Commits, tags and trees; the armor around a signature, and what is inside it.
signed='^reconciler/(signing Fuzz(ParseCommit|ParseTag|Armor|SSHSIG|OpenPGPSignature)|gitrepo FuzzTree)$'

fuzztime=$1 fuzzsigned=$2
shift 2
count=0 failed=() long=()
while read -r dir; do
	targets=$({ grep -hosE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go || true; } | awk '{ print $2 }')
	[ -n "$targets" ] || continue
	for target in $targets; do
		name="${dir#"$PWD"/} $target" time=$fuzztime
		if [[ $name =~ $signed ]]; then
			time=$fuzzsigned
			long+=("$target")
		fi
		echo "fuzz: $target in ${dir#"$PWD"/} for $time"
		count=$((count + 1))
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 2s -parallel 2 "$dir" </dev/null ||
			failed+=("$target")
	done
done < <(go list -f '{{.Dir}}' "$@")
if [ "$count" = 0 ]; then
	echo "fuzz: no package has a fuzz target" >&2
	exit 1
fi
echo "fuzz: $count targets, for $fuzzsigned each of ${long[*]:-none}, for $fuzztime each of the others"
if [ ${#failed[@]} -gt 0 ]; then
	echo "fuzz: FAILED: ${failed[*]}" >&2
	exit 1
fi
