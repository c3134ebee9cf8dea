#!/usr/bin/env bash
# ci/fuzz.sh FUZZTIME FUZZSIGNED PACKAGE...: runs every fuzz target of the packages, as many at a time as there are
# processors, and ends with 1 if any failed. The readers of what people sign, which see an adversary's bytes first, get
# FUZZSIGNED each, all others FUZZTIME. A finding is written to the package's testdata/fuzz: commit it with the fix.
set -euo pipefail

# Commits, tags and trees; the armor around a signature, and what is inside it.
signed='^reconciler/(signing Fuzz(ParseCommit|ParseTag|Armor|SSHSIG|OpenPGPSignature)|gitrepo FuzzTree)$|^schema FuzzPlainYAML$'

fuzztime=$1 fuzzsigned=$2
shift 2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
: >"$tmp/told"

# fuzz TARGET DIR TIME: one target with one worker. What it says is printed as a whole, and the failed are listed in a file.
fuzz() {
	local log="$tmp/$1.$RANDOM" ok=yes
	for _ in again once; do
		ok=yes
		go test -run '^$' -fuzz "^$1\$" -fuzztime "$3" -fuzzminimizetime 2s -parallel 1 "$2" </dev/null >"$log" 2>&1 || ok=
		# A worker that is in the middle of an input when the time is over fails with these words and no finding.
		[ -z "$ok" ] && grep -q '^ *context deadline exceeded$' "$log" && ! grep -q 'Failing input' "$log" || break
	done
	{
		flock 9
		echo "fuzz: $1 in ${2#"$PWD"/} for $3"
		cat "$log"
		[ "$ok" ] || echo "$1" >>"$tmp/failed"
		echo "$1" >>"$tmp/told"
	} 9>"$tmp/lock"
}

count=0 long=() atonce=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
while read -r dir; do
	targets=$({ grep -hosE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go || true; } | awk '{ print $2 }')
	[ -n "$targets" ] || continue
	for target in $targets; do
		name="${dir#"$PWD"/} $target" time=$fuzztime
		if [[ $name =~ $signed ]]; then
			time=$fuzzsigned
			long+=("$target")
		fi
		[ "$(jobs -rp | wc -l)" -lt "$atonce" ] || wait -n || true # a failure is in the list
		fuzz "$target" "$dir" "$time" &
		count=$((count + 1))
	done
done < <(go list -f '{{.Dir}}' "$@")
wait
if [ "$count" = 0 ]; then
	echo "fuzz: no package has a fuzz target" >&2
	exit 1
fi
echo "fuzz: $count targets, for $fuzzsigned each of ${long[*]:-none}, for $fuzztime each of the others"
told=$(wc -l <"$tmp/told")
if [ "$told" != "$count" ]; then
	echo "fuzz: $((count - told)) targets never said how they went" >&2
	exit 1
fi
if [ -s "$tmp/failed" ]; then
	echo "fuzz: FAILED: $(tr '\n' ' ' <"$tmp/failed")" >&2
	exit 1
fi
