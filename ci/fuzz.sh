#!/usr/bin/env bash
# ci/fuzz.sh FUZZTIME PACKAGE...: runs every fuzz target of the packages, one after the other.
set -euo pipefail

fuzztime=$1
shift
go list -f '{{$p := .}}{{range .TestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}{{"\n"}}{{end}}' "$@" |
	while read -r package file; do
		[ -n "$file" ] || continue
		{ grep -oE '^func Fuzz[A-Za-z0-9_]*' "$file" || true; } | while read -r _ target; do
			echo "fuzz: $target in $package for $fuzztime"
			go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" "$package" </dev/null
		done
	done
