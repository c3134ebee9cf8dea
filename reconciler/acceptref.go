package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// acceptRef follows a ref that was rewound or rewritten from where it is now (RULES R5). What lies there is judged as content
// that nobody brought: where it is not what was admitted, it stays out.
func (p *pass) acceptRef(ctx context.Context, a asked) ([]judged, error) {
	seen, incident := p.ledger.Refs().Seen[a.Ref], p.ledger.Refs().Incident[a.Ref]
	tip := p.refs[a.Ref]
	switch {
	case seen != a.Old:
		return nil, refused(signing.CodeEvidenceContext, "%s was last seen at %s, not at %s", a.Ref, short(seen), short(a.Old))
	case incident.Code == "" || tip.IsZero():
		return nil, refused(signing.CodeRequestRefused, "%s was not rewound", a.Ref)
	}
	there, err := p.cfg.Repository.IsAncestor(ctx, a.New, tip)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, refused(signing.CodeRequestRefused, "%s is not at %s any more", a.Ref, short(a.New))
	}
	order := a.order
	out := a.judged(ledger.Entry{Kind: ledger.Observe, Code: ledger.Accepted, Ref: a.Ref, Old: seen, New: a.New, Order: &order})
	for _, stage := range p.rules.project.Stages {
		if p.rules.project.Ref(stage) != a.Ref {
			continue
		}
		decided, err := p.judgeAccepted(ctx, stage, seen, a.New)
		if err != nil {
			return nil, err
		}
		out = append(out, decided...)
	}
	return out, nil
}

// judgeAccepted judges the cells of a stage whose ref goes on from elsewhere: those that differ, and those that are held.
func (p *pass) judgeAccepted(ctx context.Context, stage schema.Stage, seen, at schema.Hash) ([]judged, error) {
	apps, err := p.appsToJudge(ctx, stage, seen, at)
	if err != nil {
		return nil, fmt.Errorf("find what changed in %s: %w", stage.Name, err)
	}
	var out []judged
	for _, app := range apps {
		c, err := p.cellJudge(ctx, stage, app)
		if err != nil {
			return nil, err
		}
		c.chain = []schema.Hash{at}
		if err := c.walk(ctx); err != nil {
			return nil, fmt.Errorf("judge %s: %w", c.cell, err)
		}
		out = append(out, c.result...)
	}
	return out, nil
}
