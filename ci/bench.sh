#!/usr/bin/env bash
# ci/bench.sh PATTERN BENCHTIME PACKAGE...: runs the benchmarks of the packages that have some, one package after the
# other, then prints what they report relative to something else: the metrics whose unit begins with "x-", such as
# 1.4 x-git-diff-tree. Comparisons with libraries that the project does not use are in ci/peers, a module of its own:
# they run when every package is asked for, or ./ci/peers.
set -euo pipefail

pattern=$1 benchtime=$2
shift 2
ours=() peers=
for pkg; do
	case $pkg in
	./ci/peers*) peers=yes ;;
	./...) ours+=("$pkg") peers=yes ;;
	*) ours+=("$pkg") ;;
	esac
done
packages=
[ ${#ours[@]} = 0 ] || packages=$(go list -f '{{.Dir}}' "${ours[@]}" | while read -r dir; do
	! grep -qs '^func Benchmark' "$dir"/*_test.go || echo "$dir"
done)
if [ -z "$packages$peers" ]; then
	echo "bench: no package has a benchmark" >&2
	exit 1
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT
flags=(-p 1 -run '^$' -bench "$pattern" -benchtime "$benchtime" -benchmem -timeout 60m)
{
	# shellcheck disable=SC2086 # one word per package
	[ -z "$packages" ] || go test "${flags[@]}" $packages
	[ -z "$peers" ] || go -C ci/peers test "${flags[@]}" ./...
	[ -z "$peers" ] || go -C examples/readers test "${flags[@]}" .
} | tee "$out"
echo
echo 'ratios (1.4 x-NAME: 1.4 times what NAME takes or does):'
awk '/^Benchmark/ { for (i = 3; i < NF; i += 2) if ($(i + 1) ~ /^x-/) { printf "  %-50s %8s %s\n", $1, $i, $(i + 1); n++ } }
	END { if (!n) print "  none reported" }' "$out"
