package reconciler

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// observed keeps what a target would get if its stage enforced. Nothing of it is written or recorded: it is what is so now.
func (p *pass) observed(j job, found integrations.Result, d *deliveries) {
	delete(p.differs, j.key())
	switch {
	case found.Err != nil:
		p.failed(j, found.Err, d)
	case !found.Equal && !found.Same:
		p.differs[j.key()] = max(1, len(found.Keys))
	}
}

// forgetDiffers drops what is not so any more: of stages that do not only observe, and, where everything is compared, of cells and
// targets that are gone.
func (p *pass) forgetDiffers(jobs map[string][]job, full bool) {
	asked := map[deliveryKey]bool{}
	if full && len(p.differs) > 0 {
		for _, some := range jobs {
			for _, j := range some {
				asked[j.key()] = true
			}
		}
	}
	maps.DeleteFunc(p.differs, func(key deliveryKey, _ int) bool {
		return p.rules.project.Mode(key.cell.Stage) != schema.Observe || full && !asked[key]
	})
}

// differViews are the cells in which nothing is written and a target is not as admitted, as far as this process saw.
func (r *Reconciler) differViews(project schema.Project) []schema.DifferView {
	var out []schema.DifferView
	for key, n := range r.differs {
		if project.Mode(key.cell.Stage) == schema.Observe {
			out = append(out, schema.DifferView{Cell: key.cell, Target: key.target, Keys: n})
		}
	}
	slices.SortFunc(out, func(a, b schema.DifferView) int {
		return strings.Compare(a.Cell.String()+" "+a.Target, b.Cell.String()+" "+b.Target)
	})
	return out
}

// withLetIn adds to what the mode of a stage alone let in what its gate says of it.
func withLetIn(ctx context.Context, l *ledger.Ledger, apps []schema.AppView, states []ledger.State) error {
	found := map[schema.Cell]*schema.LetInView{}
	for _, s := range states {
		if s.Admitted.LetIn == "" {
			continue
		}
		cell := schema.Cell{Stage: s.Stage, App: s.App}
		found[cell] = &schema.LetInView{Mode: s.Admitted.LetIn}
		for _, a := range slices.Backward(s.Revisions) {
			if a.LetIn == "" {
				break
			}
			e, _, err := l.Entry(ctx, a.Seq)
			if err != nil {
				return fmt.Errorf("admission of %s: %w", cell, err)
			}
			// a tune or an edit may be allowed on top of what was not, and break-glass was asked for by no gate
			if v := e.Decision.Verdict; e.Kind != ledger.BreakGlass && v.Outcome != schema.Allow {
				found[cell].Verdict = v
				break
			}
		}
	}
	for i := range apps {
		for k := range apps[i].Cells {
			apps[i].Cells[k].LetIn = found[apps[i].Cells[k].Cell]
		}
	}
	return nil
}

// modes are those of the stages that do not enforce; nil where all do.
func modes(project schema.Project) map[schema.StageName]schema.StageMode {
	out := map[schema.StageName]schema.StageMode{}
	for _, s := range project.Stages {
		if s.Mode.Weak() {
			out[s.Name] = s.Mode
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
