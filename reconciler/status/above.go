package status

import (
	"cmp"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// What is said of content that lies above a change that was not let in.

// aboveName is the commit that brought it, and the merge request where that is known.
func aboveName(a schema.AboveView) string {
	text := "commit " + short(a.Commit)
	if a.MergeRequest != 0 {
		text += ", " + mergeRequest(a.MergeRequest)
	}
	return text
}

// aboveText says that Git has newer content in the cell, and why nothing is said of it; empty where it has none.
func aboveText(c schema.CellView) string {
	if c.Held == nil || c.Held.Above == nil {
		return ""
	}
	if why := c.Held.Above.Why; why != "" {
		return "Whether Git has newer content here is not known: " + cmp.Or(safe(why), "why is not told to you")
	}
	return fmt.Sprintf("Git has newer content here (%s). It is not judged until %s.", aboveName(*c.Held.Above), aboveUntil(*c.Held))
}

// aboveUntil is what has to happen to a held change first.
func aboveUntil(h schema.HeldView) string {
	if h.Verdict.Outcome == schema.Deny {
		return "this change is taken back"
	}
	return "this change has entered or is taken back"
}

// aboveNote is the same in a few words, for a table.
func aboveNote(h schema.HeldView) string {
	if h.Above == nil || h.Above.Why != "" {
		return ""
	}
	return "; newer content above it (" + aboveName(*h.Above) + ") is not judged"
}
