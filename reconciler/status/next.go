package status

import (
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// nextText says what a promotion would bring to a cell, or why it brings nothing; empty if there is nothing to say.
func nextText(c schema.CellView, commands []string) string {
	n := c.Next
	if n == nil {
		return ""
	}
	if n.Revision == "" {
		return "nothing is proposed here now: " + safe(n.Why)
	}
	what := name(n.Revision) + " of " + safe(string(n.From))
	switch {
	case n.MergeRequest != 0:
		return what + " waits for merge request " + mergeRequest(n.MergeRequest)
	case n.Why != "":
		return what + " is not proposed: " + safe(n.Why) + byHand(c.Cell, "; by hand", commands)
	}
	return what + " can be promoted" + byHand(c.Cell, "", commands)
}

// byHand is the command that proposes it, where this binary has one.
func byHand(cell schema.Cell, lead string, commands []string) string {
	if !slices.Contains(commands, "promote") {
		return ""
	}
	return fmt.Sprintf("%s: sluice promote %s --to %s", lead, quote(string(cell.App)), quote(string(cell.Stage)))
}
