package ledger

import (
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// Class says what a finding means for the proof.
type Class string

// The classes, the worse first: exit 3, exit 7 and exit 1.
const (
	Violated   Class = "violated"   // the ledger, or what it speaks of, is not what its entries and keys say
	Unprovable Class = "unprovable" // something that is needed for the proof is missing or not understood
	Doubtful   Class = "doubtful"   // it was right when it was decided, and rests on what nobody trusts any more
)

// Finding is one thing that an audit has to report.
type Finding struct {
	Seq    int64       `json:"seq,omitempty"` // entry, if it is about one
	Commit schema.Hash `json:"commit,omitzero"`
	Path   string      `json:"path,omitempty"` // in the commit's tree
	Code   schema.Code `json:"code"`
	Class  Class       `json:"class"`
	Detail string      `json:"detail"`
}

// String reads "log-chain (violated) at entry 3, commit 12345678, entries/000/000/3.json: …".
func (f Finding) String() string {
	s := fmt.Sprintf("%s (%s)", f.Code, f.Class)
	if f.Seq > 0 {
		s += fmt.Sprintf(" at entry %d", f.Seq)
	}
	if !f.Commit.IsZero() {
		s += " in commit " + f.Commit.Short()
	}
	if f.Path != "" {
		s += ", " + f.Path
	}
	return s + ": " + f.Detail
}

// Report is what Verify found. The zero Report proves nothing.
type Report struct {
	Project    string        `json:"project"`
	Anchor     schema.Digest `json:"anchor"` // as entry 1 names it
	Tip        schema.Hash   `json:"tip"`
	Checkpoint Checkpoint    `json:"checkpoint"`
	Commits    int           `json:"commits"`
	Entries    int64         `json:"entries"` // that were verified
	Cells      int           `json:"cells"`
	Apps       int           `json:"apps"`
	Findings   []Finding     `json:"findings"`
}

// Proven reports whether there is a ledger and nothing was found that it cannot be right by. What is doubtful now was
// right when it was decided.
func (r Report) Proven() bool {
	return r.Entries > 0 && !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Class != Doubtful })
}

// Violated reports whether a finding says that the ledger is wrong, and not only that something cannot be proven.
func (r Report) Violated() bool { return r.has(Violated) }

// Doubtful reports whether entries rest on what nobody trusts any more.
func (r Report) Doubtful() bool { return r.has(Doubtful) }

func (r Report) has(c Class) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Class == c })
}
