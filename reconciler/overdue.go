package reconciler

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// CodeOverdue says that what was let in is not live though there was time enough: a target refuses it, or whoever recorded the
// admission died before the delivery and nobody has taken it up.
const CodeOverdue schema.Code = "delivery-overdue"

// overdueAfter is how long an admission may wait for its delivery before people are told: ten looks, and never less than five
// minutes, which no healthy delivery takes.
func overdueAfter(interval time.Duration) time.Duration {
	return max(10*interval, 5*time.Minute)
}

// overdue lists, of what was let in before a moment, what some required target does not have yet. It follows from the ledger alone,
// so that a reconciler that only looks on tells it of one that leads and does nothing.
func overdue(v schema.View, before time.Time) []schema.CellView {
	var out []schema.CellView
	for _, app := range v.Apps {
		for _, c := range app.Cells {
			if c.Seq > 0 && c.LiveAt.IsZero() && c.Since.Before(before) && c.State != schema.Prepared && c.State != schema.Observed && delivers(c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// delivers leaves out cells that nothing was ever to be delivered of: stage-local files alone wait prepared (RULES R2).
func delivers(c schema.CellView) bool {
	return c.Revision != schema.None || slices.ContainsFunc(c.Targets, func(t schema.TargetView) bool { return !t.At.IsZero() })
}

// maxOverdue is how many cells are named one by one.
const maxOverdue = 5

// tellOverdue puts what is overdue among the problems of a view, and logs each admission once.
func (r *Reconciler) tellOverdue(v *schema.View) {
	late := overdue(*v, v.At.Add(-overdueAfter(r.cfg.Interval)))
	if len(late) == 0 {
		return
	}
	var lines []string
	for i, c := range late {
		r.tellOnce(fmt.Sprintf("overdue #%d", c.Seq), "admitted and not delivered for long", "code", string(CodeOverdue), "stage", string(c.Cell.Stage),
			"app", string(c.Cell.App), "seq", c.Seq, "since", c.Since, "targets", strings.Join(missingAt(c), ","))
		if i < maxOverdue {
			lines = append(lines, overdueText(c))
		}
	}
	if more := len(late) - maxOverdue; more > 0 {
		lines = append(lines, fmt.Sprintf("%d more cells wait for their delivery as long [%s]", more, CodeOverdue))
	}
	v.Problems = slices.Concat(v.Problems, lines)
	v.ProblemCodes = slices.Compact(slices.Sorted(slices.Values(slices.Concat(v.ProblemCodes, []schema.Code{CodeOverdue}))))
}

func overdueText(c schema.CellView) string {
	return fmt.Sprintf("%s: admitted by entry #%d at %s and not at %s yet [%s]", c.Cell, c.Seq, c.Since.UTC().Format(time.RFC3339), strings.Join(missingAt(c), ", "), CodeOverdue)
}

// missingAt are the targets that do not hold what was admitted.
func missingAt(c schema.CellView) []string {
	var out []string
	for _, t := range c.Targets {
		if !t.Live {
			out = append(out, t.Name)
		}
	}
	return out
}
