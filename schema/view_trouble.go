package schema

import (
	"slices"
	"strings"
	"time"
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

// OfForge reports whether a problem's code is about the forge.
func (c Code) OfForge() bool { return strings.HasPrefix(string(c), "forge-") }

// Outside is what is known of the forge and the witnesses. They are not asked in each pass, so what was found stays until they
// are asked again: silence is no sign of health.
type Outside struct {
	ForgeAsked  time.Time // zero: nobody asked the forge
	ForgeCodes  []Code    // what it was found to have then
	DraftsKnown bool      // the open merge requests are those of Drafts, also where there are none
	Witnesses   int       // how many may be asked for cosignatures
	Silent      []string  // of these, the names of those that did not answer
}
