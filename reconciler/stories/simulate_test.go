package stories_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// simulate decides again from a plain clone by other policies: "simulate gate=approvals:_3 since=2h". Words are edits of
// sluice.yaml (editRules); without one the policies are those in force.
func (w *world) simulate(words []string) []string {
	repo, err := gitrepo.OpenLocal(w.plainClone())
	w.must(err)
	defer repo.Close()
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	ann := w.team.Person("ann")
	w.must(ann.Fetch(w.ctx))
	text, err := ann.Read(w.ctx, "origin/main", "sluice.yaml")
	w.must(err)
	var since time.Time
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		if name == "since" {
			ago, err := time.ParseDuration(value)
			w.must(err)
			since = w.clock.Now().Add(-ago)
			continue
		}
		text = w.editRules(text, name, value)
	}
	evidence := reconciler.NewEvidence()
	out, err := reconciler.Simulate(w.ctx, reconciler.SimulateOptions{
		Repository: repo.Beside(evidence.Object), Evidence: evidence, Tip: refs[ledgerRef], Since: since,
		Policies: map[string][]byte{"sluice.yaml": []byte(text)},
	})
	w.must(err)
	told := []string{fmt.Sprintf("%d let in, %d waited", out.Admitted, out.Waited)}
	for _, one := range out.Changed {
		told = append(told, w.simulated(one)+" then "+one.Verdict.Outcome.String()+missingCodes(one.Verdict))
	}
	for _, one := range out.Unknown {
		told = append(told, w.simulated(one)+" then nobody knows: "+one.Why)
	}
	return told
}

func (w *world) simulated(one reconciler.Simulated) string {
	return fmt.Sprintf("#%d %s %s/%s %s->%s", one.Seq, one.Was, shortStage(one.Cell.Stage), one.Cell.App,
		w.revision(one.Change.From.Revision), w.revision(one.Change.To.Revision))
}

func missingCodes(v schema.Verdict) string {
	var out string
	for _, m := range v.Missing() {
		out += " [" + string(m.Code) + "]"
	}
	return out
}
