package reconciler

import (
	"context"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// asksForHealth reports whether the gate of a change asks what instances run.
func (c *cellJudge) asksForHealth(change schema.Change) bool {
	return c.rules.gate(c.stage.Name, change.Kind).health
}

// addHealth gives a decision what the instances in the stage before run, and what was recorded of them before. A target that does
// not answer is no error: it is a fact, and the policy holds.
func (c *cellJudge) addHealth(ctx context.Context, f *policies.Facts) error {
	if f.Change.Source == nil || !c.asksForHealth(f.Change) {
		return nil
	}
	f.Held = c.heldBefore(f.Change)
	stage, ok := c.rules.project.Stage(f.Change.Source.Stage)
	if !ok {
		return nil
	}
	var err error
	f.Health, err = c.consumers(ctx, stage, c.cell.App)
	return err
}

// heldBefore is what was recorded last about the same content from the same admission.
func (c *cellJudge) heldBefore(change schema.Change) *schema.Verdict {
	held := c.state.Held
	if held == nil || held.Change.To != change.To || held.Change.Source == nil ||
		held.Change.Source.Stage != change.Source.Stage || held.Change.Source.Seq != change.Source.Seq {
		return nil
	}
	return &held.Verdict
}

// consumers reads who runs what of an app in a stage, once for a pass. Where a decision is made again it is what was recorded.
func (p *pass) consumers(ctx context.Context, stage schema.Stage, app schema.App) (*schema.Consumers, error) {
	cell := schema.Cell{Stage: stage.Name, App: app}
	if known, ok := p.instances[cell]; ok {
		return known, nil
	}
	if p.cfg.Targets == nil {
		return nil, nil
	}
	found := schema.Consumers{Cell: cell, At: p.now, Instances: []schema.Consumer{}, Asked: []string{}}
	for _, target := range stage.Targets {
		collector, ok := p.cfg.Targets[target.Name].(integrations.Collector)
		if !ok {
			continue
		}
		answers, err := p.collect(ctx, target.Name, collector, []integrations.CellPlace{{Cell: cell, Settings: target.Settings}})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil || len(answers) != 1 {
			p.cfg.Log.Warn("could not read what instances run", "stage", string(stage.Name), "app", string(app), "target", target.Name, "error", err)
			found.Silent = append(found.Silent, target.Name)
			continue
		}
		found.Add(target.Name, answers[0].Reports, answers[0].Unread, answers[0].More)
	}
	slices.Sort(found.Silent)
	if p.instances == nil {
		p.instances = map[schema.Cell]*schema.Consumers{}
	}
	p.instances[cell] = &found
	return &found, nil
}

// collect asks a target that does not hang.
func (p *pass) collect(ctx context.Context, name string, c integrations.Collector, wants []integrations.CellPlace) ([]integrations.Collected, error) {
	if err := p.stillAsked(name); err != nil {
		return nil, err
	}
	return c.Collect(ctx, wants)
}

// countEvery is how often the instances of all cells are counted for people.
const countEvery = time.Minute

// countedAtOnce are few, so that a sweep ends in time.
const countedAtOnce = 256

// countInstances reads who runs what, for people and for no verdict. It comes after a pass's admissions and repairs, and a sweep that
// takes longer than a pass has for it goes on in the next one.
func (p *pass) countInstances(ctx context.Context) {
	r := p.Reconciler
	since := p.now.Sub(r.counted)
	if !r.collects() || r.counting == 0 && since >= 0 && since < countEvery {
		return
	}
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return // the loops have said so
	}
	if r.counting == 0 {
		r.counted = p.now
	}
	for ; r.counting < len(states); r.counting += countedAtOnce {
		if p.countSome(ctx, states[r.counting:min(r.counting+countedAtOnce, len(states))]); ctx.Err() != nil {
			return
		}
	}
	r.counting = 0
}

// collects reports whether any target keeps reports.
func (r *Reconciler) collects() bool {
	for _, t := range r.cfg.Targets {
		if _, ok := t.(integrations.Collector); ok {
			return true
		}
	}
	return false
}

// countSome asks each target once for its part of some cells.
func (p *pass) countSome(ctx context.Context, states []ledger.State) {
	found := map[schema.Cell]*schema.Consumers{}
	places := map[string][]integrations.CellPlace{}
	for _, s := range states {
		cell := schema.Cell{Stage: s.Stage, App: s.App}
		stage, ok := p.rules.project.Stage(s.Stage)
		if !ok || !p.rules.has(s) || s.Admitted.Revision == schema.None {
			continue
		}
		for _, t := range stage.Targets {
			if _, ok := p.cfg.Targets[t.Name].(integrations.Collector); ok {
				places[t.Name] = append(places[t.Name], integrations.CellPlace{Cell: cell, Settings: t.Settings})
				found[cell] = &schema.Consumers{Cell: cell, At: p.now}
			}
		}
	}
	for name, wants := range places {
		answers, err := p.collect(ctx, name, p.cfg.Targets[name].(integrations.Collector), wants)
		for i, want := range wants {
			if err != nil || len(answers) != len(wants) {
				found[want.Cell].Silent = append(found[want.Cell].Silent, name)
				continue
			}
			found[want.Cell].Add(name, answers[i].Reports, answers[i].Unread, answers[i].More)
		}
	}
	for _, s := range states {
		cell := schema.Cell{Stage: s.Stage, App: s.App}
		p.show(cell, found[cell], s.Admitted.Content)
	}
}

// show keeps what people are shown of a cell: nothing where nobody ever reported.
func (r *Reconciler) show(cell schema.Cell, c *schema.Consumers, content schema.Content) {
	if c == nil || len(c.Instances)+c.Unread == 0 && (len(c.Silent) == 0 || r.fleet[cell] == nil) {
		delete(r.fleet, cell)
		return
	}
	v := c.View(content)
	r.fleet[cell] = &v
}

// withInstances adds to a view that is not published yet who runs what, as it was seen last. It copies the apps, because those of a
// view that was published stay as they are.
func (r *Reconciler) withInstances(v *schema.View) {
	if !r.collects() {
		return
	}
	v.Apps = slices.Clone(v.Apps)
	for i := range v.Apps {
		v.Apps[i].Cells = slices.Clone(v.Apps[i].Cells)
		for j := range v.Apps[i].Cells {
			v.Apps[i].Cells[j].Instances = r.fleet[v.Apps[i].Cells[j].Cell]
		}
	}
}
