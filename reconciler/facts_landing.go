package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// mixed reports whether the landing changes control files as well (RULES R27); the unit is the merge request.
func (c *cellJudge) mixed(ctx context.Context, l landing) (bool, error) {
	if c.ref != c.controlRef() || l.start == l.end {
		return false, nil
	}
	return c.controlChanged(ctx, c.chain[l.start], c.chain[l.end])
}

// asksForApps reports whether the gate of a change limits how many apps change together.
func (c *cellJudge) asksForApps(change schema.Change) bool {
	return c.rules.gate(c.stage.Name, change.Kind).apps || change.Tune && c.rules.gate(c.stage.Name, schema.Tune).apps
}

// appsOf counts the apps of the cell's stage that a landing changes: the unit is the merge request, in however many commits, so that
// each of its apps gets the same answer. Those of other stages are for the gates of these.
func (c *cellJudge) appsOf(ctx context.Context, l landing) (int, error) {
	from, err := c.began(ctx, l)
	if err != nil {
		return 0, err
	}
	return c.appsCounted(ctx, c.stage, from, c.chain[l.end])
}

// began is where a landing began. A cell that is held is judged again from where it last held what was admitted, which may be in the
// middle of a fast-forward: how much the merge request brought does not follow from that (RULES R15).
func (c *cellJudge) began(ctx context.Context, l landing) (schema.Hash, error) {
	start, mr := c.chain[l.start], l.request
	if mr == nil || l.start > 0 || !l.onto.IsZero() || !mr.MergeSHA.IsZero() || !mr.SquashSHA.IsZero() || len(mr.Versions) == 0 {
		return start, nil
	}
	base := mr.Versions[0].Base
	if base.IsZero() {
		return start, nil
	}
	older, err := c.cfg.Repository.IsAncestor(ctx, base, start)
	if err != nil {
		return start, fmt.Errorf("place merge request !%d: %w", mr.IID, err)
	}
	if older {
		return base, nil
	}
	return start, nil
}

// stretch is what two positions of a ref have between them in a stage.
type stretch struct {
	stage    schema.StageName
	from, to schema.Hash
}

// appsCounted counts once a pass for each stretch.
func (p *pass) appsCounted(ctx context.Context, stage schema.Stage, from, to schema.Hash) (int, error) {
	key := stretch{stage.Name, from, to}
	if n, ok := p.stretches[key]; ok {
		return n, nil
	}
	apps, err := p.appsBetween(ctx, stage, from, to)
	if err != nil {
		return 0, fmt.Errorf("count the apps of %s that change: %w", stage.Name, err)
	}
	if p.stretches == nil {
		p.stretches = map[stretch]int{}
	}
	p.stretches[key] = len(apps)
	return len(apps), nil
}

// misplaced finds control files that a landing puts on a stage's own branch, where nobody reads them: they would only look
// as if they ruled (RULES R9).
func (c *cellJudge) misplaced(ctx context.Context, l landing) ([]schema.Problem, error) {
	if c.ref == c.controlRef() {
		return nil, nil
	}
	var out []schema.Problem
	for _, path := range stageControlPaths {
		before, err := entryAt(ctx, c.cfg.Repository, c.chain[l.start], path)
		if err != nil {
			return nil, err
		}
		after, err := entryAt(ctx, c.cfg.Repository, c.chain[l.end], path)
		if err != nil {
			return nil, err
		}
		if !after.IsZero() && (before.ID != after.ID || l.start == l.end) {
			out = append(out, schema.Problem{Path: path, Code: "control-misplaced"})
		}
	}
	return out, nil
}

// noEdge says of an override that it would have been a promotion before the admins took the way between the stages out, and
// by which entry they did.
func (c *cellJudge) noEdge(ctx context.Context, h history, change *schema.Change) (int64, error) {
	if change.Code != "override" {
		return 0, nil
	}
	former, err := c.formerProjects(ctx)
	if err != nil {
		return 0, err
	}
	s, since := h.ledOnce(change.To.Revision, former)
	if since > 0 {
		change.Code, change.Source = "no-edge", s
	}
	return since, nil
}
