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
func takeAllBack(cells []schema.CellView, o TextOptions) way {
	h := *cells[0].Held
	request := mergeRequest(h.MergeRequest)
	w := way{Text: fmt.Sprintf("Take the whole merge request %s back: a merge request that restores the admitted files of all its apps needs nothing of the above. Then submit again what is to come in.", request)}
	at := o.place(cells[0].Cell)
	into := "origin/" + strings.TrimPrefix(at.Ref, "refs/heads/")
	branch := quote(fmt.Sprintf("revert/merge-request-%d", h.MergeRequest))
	var restored []string
	for _, c := range cells {
		if at := o.place(c.Cell); at.Path != "" && !at.Base.IsZero() {
			restored = append(restored, fmt.Sprintf("git restore --source=%s --staged --worktree -- %s", at.Base.Short(), quote(at.Path)))
		}
	}
	switch {
	case at.Ref == "":
		w.Commands = []string{"git revert " + parent(h)}
		return w
	case len(restored) < len(cells) || len(restored) > maxRestored:
		restored = []string{"git revert " + parent(h)}
	default:
		restored = append(restored, "git commit -S -m "+quote("merge request "+request+" taken back"))
	}
	w.Commands = append([]string{"git fetch origin", "git switch -c " + branch + " " + quote(into)}, restored...)
	w.Commands = append(w.Commands, "git push -u origin HEAD")
	return w
}
