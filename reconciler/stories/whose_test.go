package stories_test

import (
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/schema"
)

// whose tells whom the apps belong to, as the page and a clone show it: "whose".
func (w *world) whose([]string) []string {
	clone, repo := w.openLedger()
	defer repo.Close()
	view, err := reconciler.NewView(w.ctx, clone.Ledger, clone.Project)
	w.must(err)
	tell := func(who string, v schema.View) (out []string) {
		for _, app := range v.Apps {
			out = append(out, fmt.Sprintf("%s: %s %q", who, app.App, app.Owner))
		}
		return out
	}
	return append(tell("page", *w.r.View()), tell("clone", view)...)
}
