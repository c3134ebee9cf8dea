package stories_test

import (
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler"
)

// lenient tells which stages do not enforce, what they let in that their gate would not have, and what they would change.
func (w *world) lenient([]string) []string {
	clone, repo := w.openLedger()
	defer repo.Close()
	view, err := reconciler.NewView(w.ctx, clone.Ledger, clone.Project)
	w.must(err)
	var out []string
	for stage, mode := range view.Modes {
		out = append(out, shortStage(stage)+": "+string(mode))
	}
	slices.Sort(out)
	for _, app := range view.Apps {
		for _, c := range app.Cells {
			if c.LetIn == nil {
				continue
			}
			line := fmt.Sprintf("%s/%s %s let in by %s", shortStage(c.Cell.Stage), c.Cell.App, w.revision(c.Revision), c.LetIn.Mode)
			for _, m := range c.LetIn.Verdict.Missing() {
				line += " [" + string(m.Code) + "]"
			}
			out = append(out, line)
		}
	}
	if running := w.r.View(); running != nil {
		for _, d := range running.Differs {
			out = append(out, fmt.Sprintf("%s/%s would change %d at %s", shortStage(d.Cell.Stage), d.Cell.App, d.Keys, d.Target))
		}
	}
	if len(out) == 0 {
		return []string{"all enforce"}
	}
	return out
}
