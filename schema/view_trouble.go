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

// Alone is what who only reads the ledger knows of the reconciler, which writes there when something happens and at no other time:
// that nothing is new is no sign of life.
type Alone struct {
	// Every is the time between two looks.
	Every time.Duration `json:"-"`
	// Clone says that a clone was read, so that Looked is when that one asked its origin last, zero where it does not tell.
	Clone bool `json:"clone,omitempty"`
	// Waits is since when Git holds something that no reconciler has judged, as far as was seen; zero where it holds nothing.
	Waits time.Time `json:"waits,omitzero"`
}
