package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// controlRef is the default branch, where alone control files live (RULES R9).
func (p *pass) controlRef() string { return "refs/heads/" + p.rules.project.Branch }

// maxControlSteps bounds how many control changes one pass puts in force, one append each.
const maxControlSteps = 1000

// decideControl judges the control files before any cell (RULES R9). What it lets in is recorded at once, in an append of its
// own, and is in force for the rest of the pass; what waits or was refused is returned, to be recorded with the cells.
func (p *pass) decideControl(ctx context.Context, report *Report) ([]judged, error) {
	for range maxControlSteps {
		d, err := p.judgeControl(ctx)
		if err != nil {
			p.notJudged(schema.Control, err, p.refs[p.controlRef()])
			return nil, fmt.Errorf("judge the control files: %w", err)
		}
		delete(p.undecided, schema.Control)
		if d == nil {
			return nil, nil
		}
		if d.entry.Kind != ledger.Control {
			return []judged{*d}, nil
		}
		if err := p.takeOver(ctx, report, *d); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("judge the control files: too many changes at once")
}

// takeOver records a control entry and judges by it from here on.
func (p *pass) takeOver(ctx context.Context, report *Report, d judged) error {
	if err := p.moveWithControl(ctx, &d.entry); err != nil {
		return err
	}
	if err := p.record(ctx, report, []ledger.Entry{d.entry}, d.evidence); err != nil {
		return err
	}
	before := p.rules
	rules, err := p.rulesInForce(ctx, p.ledger)
	if err != nil {
		return err
	}
	p.rules = rules
	for _, stage := range rules.project.Stages {
		if _, known := before.project.Stage(stage.Name); !known {
			p.added[stage.Name] = d.entry.Seal.Commit
		}
	}
	return nil
}

// moveWithControl lets a control entry carry the position of its ref, so that no other entry is needed for it, where no cell
// changed up to there: one that did is found by the difference to the last position seen.
func (p *pass) moveWithControl(ctx context.Context, e *ledger.Entry) error {
	ref := p.controlRef()
	seen, at := p.ledger.Refs().Seen[ref], e.Seal.Commit
	changed, err := p.appsChanged(ctx, p.rules.project, seen, at)
	if err != nil || changed || seen.IsZero() || seen == at {
		return err
	}
	forward, err := p.cfg.Repository.IsAncestor(ctx, seen, at)
	if err == nil && forward {
		e.Ref, e.Old, e.New = ref, seen, at
	}
	return err
}

// judgeControl judges what stands on the default branch and is not in force. It returns the next control entry, or what is
// news of a change that waits or was refused, or nil.
func (p *pass) judgeControl(ctx context.Context) (*judged, error) {
	ref := p.controlRef()
	seen, tip := p.ledger.Refs().Seen[ref], p.refs[ref]
	if code, err := p.movement(ctx, seen, tip); err != nil || code != "" || tip.IsZero() {
		return nil, err // what did not move forward is refused with everything on it
	}
	c := p.controlJudge()
	base, err := c.base(ctx, seen)
	if err != nil {
		return nil, err
	}
	if c.chain, err = positions(ctx, p.cfg.Repository, base, tip); err != nil {
		return nil, err
	}
	pending, err := c.walk(ctx)
	if err != nil {
		return nil, err
	}
	return c.conclude(pending), nil
}

// controlJudge prepares the judgement of the control files; its chain is the caller's to find.
func (p *pass) controlJudge() *controlJudge {
	return &controlJudge{pass: p, control: p.ledger.Head().Control, byKey: map[string]controlCell{}, keys: map[schema.Hash]string{}}
}

// conclude leaves out what the ledger has told already.
func (c *controlJudge) conclude(pending *judged) *judged {
	held := c.control.Held
	switch {
	case pending == nil && held == nil:
		return nil
	case pending == nil:
		return &judged{entry: ledger.Entry{Kind: ledger.Observe, Code: ledger.Settled, App: schema.Control.App}}
	case pending.entry.Kind != ledger.Control && held != nil && sameVerdict(*held, *pending.entry.Decision):
		return nil
	}
	return pending
}
