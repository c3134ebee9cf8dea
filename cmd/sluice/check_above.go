package main

import (
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// aboveHeld is the code of a change that would land on top of one that was not let in.
const aboveHeld = schema.Code("above-held")

// findAbove tells of what lies below a change on the branch and was not let in. Where that can enter by itself there is nothing to mend
// (RULES R40).
func (d *checkDesk) findAbove(p reconciler.Preview) {
	if p.Above == nil {
		return
	}
	f := checkFinding{
		Position: schema.Position{File: firstChanged(p)}, Code: aboveHeld, Policy: "merge-request", Cell: p.Cell.String(), Message: aboveText(*p.Above),
	}
	if status.CanEnter(p.Above.Verdict) {
		f.Severity = "warning"
	}
	d.out.add(f)
}

func aboveText(h schema.HeldView) string {
	args := map[string]string{"below": "commit " + h.Commit.Short(), "is": "waits"}
	if h.MergeRequest != 0 {
		args["below"] = fmt.Sprintf("!%d", h.MergeRequest)
	}
	if h.Verdict.Outcome == schema.Deny {
		args["is"] = "was refused"
	}
	return aboveHeld.Message(args)
}
