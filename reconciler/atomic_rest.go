package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// cellsBetween lists the cells that differ between two positions of the ref of a stage: of that stage and of those beside it.
func (p *pass) cellsBetween(ctx context.Context, of schema.StageName, from, to schema.Hash) ([]schema.Cell, error) {
	at, _ := p.rules.project.Stage(of)
	var out []schema.Cell
	for _, stage := range p.rules.project.Stages {
		if p.rules.project.Ref(stage) != p.rules.project.Ref(at) {
			continue
		}
		apps, err := p.appsBetween(ctx, stage, from, to)
		if err != nil {
			return nil, fmt.Errorf("find what changed in %s: %w", stage.Name, err)
		}
		for _, app := range apps {
			out = append(out, schema.Cell{Stage: stage.Name, App: app})
		}
	}
	return out, nil
}

// appsBetween lists the apps of a stage that differ between two positions of its ref.
func (p *pass) appsBetween(ctx context.Context, stage schema.Stage, from, to schema.Hash) ([]schema.App, error) {
	dir := p.rules.project.Dir(stage)
	before, err := subtree(ctx, p.cfg.Repository, from, dir)
	if err != nil {
		return nil, err
	}
	after, err := subtree(ctx, p.cfg.Repository, to, dir)
	if err != nil {
		return nil, err
	}
	return changedApps(ctx, p.cfg.Repository, p.rules.project.Apps, before, after)
}

// hadAt reports whether a position of the ref has in a cell what was admitted there, before the entries or by them: what is admitted
// now, or what was as of that position, whenever it was looked at (RULES R15). So it is true of what came in from there and was
// replaced since.
func (p *pass) hadAt(ctx context.Context, cell schema.Cell, entries []ledger.Entry, at schema.Hash) (bool, error) {
	state, _, err := p.ledger.Cell(ctx, cell)
	if err != nil {
		return false, fmt.Errorf("read the ledger's state of %s: %w", cell, err)
	}
	for _, e := range entries {
		if e.Cell() == cell && e.Kind.Admits() {
			state = ledger.Fold(state, e)
		}
	}
	stage, _ := p.rules.project.Stage(cell.Stage)
	c := newCellJudge(p, stage, cell.App)
	c.state, c.chain = state, []schema.Hash{at}
	ok, err := c.holdsAdmitted(ctx, 0)
	if err != nil || ok {
		return ok, err
	}
	for i := len(state.Revisions) - 1; i >= 0; i-- {
		a := state.Revisions[i]
		before, err := p.cfg.Repository.IsAncestor(ctx, a.Commit, at)
		if err != nil {
			return false, fmt.Errorf("place entry #%d: %w", a.Seq, err)
		}
		if before {
			c.state.Admitted = a
			return c.holdsAdmitted(ctx, 0)
		}
	}
	if len(state.Revisions) == ledger.MaxRevisions {
		return false, nil // what was admitted then is forgotten
	}
	c.state.Admitted = ledger.Admission{}
	return c.holdsAdmitted(ctx, 0)
}
