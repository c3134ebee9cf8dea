package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// Guards tells how the forge guards what sluice relies on: branches, merge settings, the reconciler's own token. A gate may
// ask for guard rails; then what it is told is evidence, and unknown is never up.
type Guards interface {
	// Guards reads the guard rails that gates may rely on. It is an error where it was not answered in full; what may not be
	// seen is unknown.
	Guards(ctx context.Context, refs []schema.GuardedRef) (schema.Guards, error)
	// Health reads these and all else that the operator should know. No verdict depends on it.
	Health(ctx context.Context, refs []schema.GuardedRef) (schema.Guards, error)
}

// guardsAnswer is what a pass knows of the guard rails; nil found is that nobody looked.
type guardsAnswer struct {
	found *schema.Guards
	err   error
}

// guards reads the guard rails for a decision whose gate asks for them, once for a pass.
func (p *pass) guards(ctx context.Context) (*schema.Guards, error) {
	if p.guardRails != nil {
		return p.guardRails.found, p.guardRails.err
	}
	p.guardRails = &guardsAnswer{}
	if p.cfg.Guards == nil {
		return nil, nil
	}
	found, err := p.cfg.Guards.Guards(ctx, p.stageRefs())
	if err != nil {
		p.guardRails.err = fmt.Errorf("read the guard rails at the forge: %w", err)
		return nil, p.guardRails.err
	}
	p.guardRails.found = &found
	return p.guardRails.found, nil
}

// asksForGuards reports whether the gate of a change names guard rails.
func (c *cellJudge) asksForGuards(change schema.Change) bool {
	return c.rules.gate(c.stage.Name, change.Kind).guarded || change.Tune && c.rules.gate(c.stage.Name, schema.Tune).guarded
}

// stageRefs are the branches that changes come to by merge requests.
func (p *pass) stageRefs() []schema.GuardedRef {
	var out []schema.GuardedRef
	for _, ref := range p.followedRefs() {
		out = append(out, schema.GuardedRef{Ref: ref, Use: schema.UseStage})
	}
	return out
}
