// Package note writes what sluice says below a merge request: one note, for people who never use sluice themselves.
//
// It is text from values alone: equal subjects have equal notes, byte for byte, so that nothing is written when nothing
// changed. No time is in it but those at which something becomes possible. What people wrote (keys, values, names of apps)
// is shown as code, so that it is no markup, tells nobody and is no quick action.
package note

import (
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/schema"
)

// Subject is what is known of one merge request.
type Subject struct {
	ProjectID, IID int64
	Head           schema.Hash
	Merged         bool
	Cells          []Cell // in the order in which they are shown
	Control        *Control
	Page           string // address of the status page; empty if there is none
}

// Cell is what the merge request does to one app in one stage.
type Cell struct {
	Cell   schema.Cell
	Path   string
	Change schema.Change
	// Verdict is the gate's, as if the merge request were merged now.
	Verdict schema.Verdict
	Edits   []diff.Edit // by key; secrets are masked when they are shown
	Files   []File
	// Settled says that the result is what was admitted already: nothing is asked of it.
	Settled bool
	// Pending says that something on the branch waits below this change, which cannot enter before that is cleared.
	Pending bool
	// Below is what waits below it, of one that is pending, and of a merged one that is not judged because of it.
	Below Below
	// Admitted is the ledger's entry that let it in, and Live that the targets have it; of a merged one.
	Admitted int64
	Live     bool
	// Replaced says of a merged one that it was not let in, and that nothing of it waits any more.
	Replaced bool
	// LetIn is the mode of the stage where it alone lets in, or let in, what the gate would not.
	LetIn schema.StageMode
	// AtMerge are the policies that only the merge itself tells about.
	AtMerge []string
}

// Below is a change that was not let in, below another one on the branch. Its zero is that nothing is known of any.
type Below struct {
	IID     int64 // its merge request; 0 where none is known
	Commit  schema.Hash
	Refused bool // it does not wait for anything
	Merged  bool // what lies on it was merged
}

// File is a file that differs, by path from the top of the repository.
type File struct {
	Op   string // add, remove, replace
	Path string
}

// Control is what the merge request does to the control files.
type Control struct {
	Changed  []string // paths
	Verdict  schema.Verdict
	Admitted int64 // the ledger's entry that put them in force
}

// Empty reports whether the merge request changes nothing that sluice judges.
func (s Subject) Empty() bool { return len(s.Cells) == 0 && s.Control == nil }

// Marker is the first line of the note, by which it is found again, together with its author. It is not shown.
func (s Subject) Marker() string {
	return fmt.Sprintf("<!-- sluice:v1 kind=note project=%d mr=%d -->", s.ProjectID, s.IID)
}

// MarkerPrefix begins the marker of every note of ours.
const MarkerPrefix = "<!-- sluice:v1 kind=note "

// state is the answer about one part of the subject.
type state int

const (
	entered state = iota // let in
	settled              // nothing is asked of it
	replaced
	ready
	above // merged on top of what was not let in, and not judged
	waits
	refused
)

func (c Cell) state() state {
	switch {
	case c.Admitted > 0:
		return entered
	case c.Settled:
		return settled
	case c.Replaced:
		return replaced
	case c.Below.Merged:
		return above
	case c.LetIn != "" && !c.Pending:
		return ready
	case c.Verdict.Outcome == schema.Deny:
		return refused
	case c.Pending, c.Verdict.Outcome != schema.Allow:
		return waits
	}
	return ready
}

func (c Control) state() state {
	switch {
	case c.Admitted > 0:
		return entered
	case c.Verdict.Outcome == schema.Allow:
		return ready
	case c.Verdict.Outcome == schema.Hold:
		return waits
	}
	return refused
}

// joins are nodes that only hold together what all has to allow.
var joins = []string{"change", "gate", "all", "when"}

// parts are the answers of the gate's policies. Where two gates were asked (a rollback that tunes as well), those of both.
func parts(v schema.Verdict) []schema.Verdict {
	var out []schema.Verdict
	for _, part := range v.Parts {
		if slices.Contains(joins, part.Policy) && part.Code == "" && len(part.Parts) > 0 {
			out = append(out, parts(part)...)
			continue
		}
		out = append(out, part)
	}
	return out
}

// missing are the parts that do not allow.
func missing(v schema.Verdict) []schema.Verdict {
	var out []schema.Verdict
	for _, part := range parts(v) {
		if part.Outcome != schema.Allow {
			out = append(out, part)
		}
	}
	if len(out) == 0 && v.Outcome != schema.Allow {
		out = append(out, v)
	}
	return out
}

// leaves are the reasons of a part that does not allow.
func leaves(v schema.Verdict) []schema.Verdict {
	switch {
	case v.Outcome == schema.Allow:
		return nil
	case v.Code != "" || len(v.Parts) == 0:
		return []schema.Verdict{v}
	}
	var out []schema.Verdict
	for _, p := range v.Parts {
		out = append(out, leaves(p)...)
	}
	return out
}

// shown are a reason's arguments as they may be shown: without those that have a line of their own, and without a value that may be a
// secret.
func shown(v schema.Verdict) map[string]string {
	out := map[string]string{}
	for name, value := range policies.Said(v) {
		if name != "eligible" && name != "eligible_signed" {
			out[name] = value
		}
	}
	return out
}
