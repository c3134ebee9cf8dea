package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// Statuses tells which jobs ran on a merge request's head. Only a gate that names jobs asks for it.
type Statuses interface {
	// Statuses returns the merge request with them, and with the raw answers that say so.
	Statuses(ctx context.Context, m schema.MergeRequest) (schema.MergeRequest, error)
}

// reported returns the merge request with its jobs where the gate asks for them, read once in a pass. Without anybody to ask, as
// when a decision is made again, it is what it was.
func (c *cellJudge) reported(ctx context.Context, change schema.Change, m *schema.MergeRequest) (*schema.MergeRequest, error) {
	asked := c.rules.gate(c.stage.Name, change.Kind).jobs || change.Tune && c.rules.gate(c.stage.Name, schema.Tune).jobs
	if m == nil || !asked || c.cfg.Statuses == nil {
		return m, nil
	}
	if known, ok := c.statuses[m.IID]; ok {
		return known, nil
	}
	out, err := c.cfg.Statuses.Statuses(ctx, *m)
	if err != nil {
		return nil, fmt.Errorf("read the jobs of !%d: %w", m.IID, err)
	}
	if c.statuses == nil {
		c.statuses = map[int64]*schema.MergeRequest{}
	}
	c.statuses[m.IID] = &out
	return &out, nil
}
