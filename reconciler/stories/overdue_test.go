package stories_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/schema"
)

// overdue tells what the page says of admissions that are not live for long, and whether an alert would fire.
func (w *world) overdue([]string) []string {
	v := w.r.View()
	if v == nil {
		return []string{"no page yet"}
	}
	out := slices.DeleteFunc(slices.Clone(v.Problems), func(line string) bool { return !strings.HasSuffix(line, "["+string(reconciler.CodeOverdue)+"]") })
	if fires := slices.Contains(v.ProblemCodes, reconciler.CodeOverdue); fires != (len(out) > 0) {
		w.t.Errorf("the page says %q, and the codes are %v", out, v.ProblemCodes)
	}
	return out
}

// shown tells the word that the page has for a cell, and which targets hold what was admitted: "shown prod/a".
func (w *world) shown(words []string) []string {
	clone, repo := w.openLedger()
	defer repo.Close()
	view, err := reconciler.NewView(w.ctx, clone.Ledger, clone.Project)
	w.must(err)
	return w.cellsOf(view, words)
}

// page tells the same as the page of the running reconciler has it, and when it says that the targets were compared.
func (w *world) page(words []string) []string {
	view := *w.r.View()
	return append(w.cellsOf(view, words), "targets compared "+view.Compared.Format("Mon 15:04"))
}

func (w *world) cellsOf(view schema.View, words []string) []string {
	var out []string
	for _, app := range view.Apps {
		for _, c := range app.Cells {
			cell := shortStage(c.Cell.Stage) + "/" + string(c.Cell.App)
			if !slices.Contains(words, cell) {
				continue
			}
			line := cell + " " + string(c.State) + " " + w.revision(c.Revision)
			for _, t := range c.Targets {
				line += map[bool]string{true: ", live at ", false: ", not at "}[t.Live] + t.Name
				if t.Code != "" {
					line += " [" + string(t.Code) + "]"
				}
				if t.Drift != nil {
					line += " since " + cmp.Or(t.Drift.Since, t.Drift.At).Format("Mon 15:04")
				}
				if t.Drift != nil && !t.Drift.Since.IsZero() {
					line += fmt.Sprintf(", found #%d", t.Drift.Seq)
				}
			}
			out = append(out, line)
		}
	}
	return out
}
