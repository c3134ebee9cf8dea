package reconciler

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// unproposed is why a promotion that is right was not proposed when that was last tried.
type unproposed struct {
	revision schema.Revision
	why      string
}

// WithNext adds to a view what a promotion would bring to each cell at a moment, or why it brings nothing: all that the ledger
// knows of it. Whether a merge request is open or was closed only the forge knows.
func WithNext(ctx context.Context, v schema.View, l *ledger.Ledger, project schema.Project, now time.Time) (schema.View, error) {
	as := reviser{ledger: l, local: project.StageLocal, since: l.Head().Control.Regrouped, known: map[schema.Digest]schema.Revision{}}
	apps, err := prospectsOf(ctx, l, project, as, now)
	if err != nil {
		return v, err
	}
	v.Apps = withNext(v.Apps, project, apps, nil, nil)
	return v, nil
}

// next adds to a view that is not published yet what this pass knows of promotions; of the forge what it has seen already.
func (p *pass) next(ctx context.Context, v *schema.View) {
	apps, err := p.prospects(ctx)
	if err != nil {
		v.Problems = append(v.Problems, fmt.Sprintf("what could be promoted is unknown: %v", err))
		return
	}
	open := map[string]int64{}
	if p.open != nil {
		for _, mr := range p.open.requests {
			open[mr.SourceRef] = mr.IID
		}
	}
	v.Apps = withNext(v.Apps, p.rules.project, apps, open, p.unproposed)
}

// withNext copies the apps, because those of a view that was published stay as they are.
func withNext(views []schema.AppView, project schema.Project, apps map[schema.App]prospects, open map[string]int64, unproposed map[schema.Cell]unproposed) []schema.AppView {
	out := slices.Clone(views)
	for i, view := range out {
		out[i].Cells = slices.Clone(view.Cells)
		for j := range out[i].Cells {
			c := &out[i].Cells[j]
			c.Next = nil
			stage, ok := project.Stage(c.Cell.Stage)
			if app, known := apps[view.App]; ok && known {
				c.Next = app.next(stage, open, unproposed[c.Cell])
			}
		}
	}
	return out
}

// next is what a person is told of the way into a stage; nil where there is nothing to tell.
func (s prospects) next(to schema.Stage, open map[string]int64, last unproposed) *schema.NextView {
	own := s.states[to.Name]
	if own.Held != nil || lifecycle.Enters(s.project, to.Name) {
		return nil
	}
	c, why := s.candidate(to)
	if why != "" {
		if s.level(to.Name) {
			return nil
		}
		return &schema.NextView{Why: why}
	}
	out := &schema.NextView{From: c.From, Revision: c.Revision, MergeRequest: open[PromotionRef(c.Cell, c.Revision)]}
	if out.MergeRequest == 0 && last.revision == c.Revision {
		out.Why = last.why
	}
	return out
}

// level reports whether every stage before has what this one has.
func (s prospects) level(stage schema.StageName) bool {
	for _, from := range lifecycle.Sources(s.project, lifecycle.Promote, stage) {
		if s.states[from].Admitted.Revision != s.states[stage].Admitted.Revision {
			return false
		}
	}
	return s.states[stage].Admitted.Seq > 0
}
