package reconciler

import (
	"context"

	"github.com/sluice-gitops/sluice/schema"
)

// mixed reports whether the landing changes control files as well (RULES R27); the unit is the merge request.
func (c *cellJudge) mixed(ctx context.Context, l landing) (bool, error) {
	if c.ref != c.controlRef() || l.start == l.end {
		return false, nil
	}
	return c.controlChanged(ctx, c.chain[l.start], c.chain[l.end])
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
