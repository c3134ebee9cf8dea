package schema

import (
	"slices"
	"strings"
)

// OfLedger reports whether a problem's code says that the ledger itself is doubtful or cannot be read. That a quorum of
// witnesses is missing is their trouble and not the ledger's.
func (c Code) OfLedger() bool {
	if c == "log-unwitnessed" || c == "log-stale" {
		return false
	}
	return slices.ContainsFunc([]string{"log-", "state-mismatch", "anchor-", "history-missing", "unknown-format", "unlogged"}, func(p string) bool {
		return strings.HasPrefix(string(c), p)
	})
}
