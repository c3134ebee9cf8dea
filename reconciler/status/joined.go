package status

import (
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// joined lists what waits of a cell's merge request in an atomic project, where it comes in, and goes back, as a whole; nil where each
// app is by itself. That the project is atomic is known by what one of them waits for.
func joined(v schema.View, c schema.CellView) []schema.CellView {
	var out []schema.CellView
	atomic := false
	for _, app := range v.Apps {
		for _, other := range app.Cells {
			if other.Held == nil || other.Held.MergeRequest == 0 || other.Held.MergeRequest != c.Held.MergeRequest {
				continue
			}
			out = append(out, other)
			for _, missing := range other.Held.Verdict.Missing() {
				atomic = atomic || missing.Policy == "atomic"
			}
		}
	}
	if !atomic {
		return nil
	}
	return out
}

// maxRestored is how many apps are restored by a command each.
const maxRestored = 20

// takeAllBack restores what is admitted in all cells that a merge request changed and that wait.
func takeAllBack(cells []schema.CellView) way {
	h := *cells[0].Held
	request := mergeRequest(h.MergeRequest)
	w := way{Text: fmt.Sprintf("Take the whole merge request %s back: a merge request that restores the admitted files of all its apps needs nothing of the above. Then submit again what is to come in.", request)}
	into := "origin/" + strings.TrimPrefix(cells[0].Ref, "refs/heads/")
	w.Commands = []string{"git fetch origin", "git switch -c " + quote(fmt.Sprintf("revert/merge-request-%d", h.MergeRequest)) + " " + quote(into)}
	if len(cells) > maxRestored {
		w.Commands = append(w.Commands, "git revert "+parent(h))
	} else {
		for _, c := range cells {
			w.Commands = append(w.Commands, undone(c))
		}
		w.Commands = append(w.Commands, "git commit -S -m "+quote("merge request "+request+" taken back"))
	}
	w.Commands = append(w.Commands, "git push -u origin HEAD")
	return w
}
