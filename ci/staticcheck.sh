#!/usr/bin/env bash
# ci/staticcheck.sh STATICCHECK PACKAGE...: fails on every finding but one kind: xanzy/go-gitlab is deprecated as a
# module (SA1019), and the integration that alone may import it waits for its successor.
set -euo pipefail

tool=$1
shift
status=0
found=$("$tool" "$@") || status=$?
rest=$(grep -vE '^reconciler/integrations/gitlab/.*github\.com/xanzy/go-gitlab.* is deprecated: use gitlab\.com/gitlab-org/api/client-go instead.*\(SA1019\)$' <<<"$found" || true)
if [ -n "$rest" ]; then
	printf '%s\n' "$rest" >&2
	exit 1
fi
# Neither clean (0) nor findings (1), or findings that it did not print: it could not look.
if [ "$status" -gt 1 ] || { [ "$status" = 1 ] && [ -z "$found" ]; }; then
	echo "staticcheck: exit code $status" >&2
	exit "$status"
fi
