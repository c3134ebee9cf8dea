package reconciler

import (
	"bytes"
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// controlRef is the default branch, where alone control files live (RULES R9).
func (p *pass) controlRef() string { return "refs/heads/" + p.rules.project.Branch }

// judgeControl looks at the control cell. Judging a control change needs the admins' signatures, which come with signed
// requests; until then every change of it is held and what was sealed stays in force.
func (p *pass) judgeControl(ctx context.Context, tip schema.Hash) ([]judged, []error) {
	info, err := p.cfg.Repository.Commit(ctx, tip)
	if err != nil {
		return nil, []error{fmt.Errorf("read commit %s: %w", tip.Short(), err)}
	}
	held := p.ledger.Head().Control.Held
	manifest, _, err := ControlFiles(ctx, p.cfg.Repository, info.Tree)
	code := schema.Code("control-held")
	if err != nil {
		p.cfg.Log.Warn("control files cannot be read", "commit", tip.String(), "error", err)
		code, manifest = "config", schema.Manifest{}
	}
	if err == nil && p.inForce(ctx, manifest) {
		if held == nil {
			return nil, nil
		}
		return []judged{{entry: ledger.Entry{Kind: ledger.Observe, Code: ledger.Settled, App: schema.Control.App}}}, nil
	}
	decision, outcome, err := p.controlDecision(ctx, tip, manifest, code)
	if err != nil {
		return nil, []error{fmt.Errorf("judge the control files: %w", err)}
	}
	if held != nil && sameVerdict(*held, decision) {
		return nil, nil
	}
	return []judged{{entry: ledger.Entry{Kind: outcome, App: schema.Control.App, Decision: &decision}}}, nil
}

func (p *pass) inForce(ctx context.Context, manifest schema.Manifest) bool {
	sealed, err := p.ledger.Evidence(ctx, p.ledger.Head().Control.Manifest)
	return err == nil && bytes.Equal(sealed, manifest.Encode())
}

func (p *pass) controlDecision(ctx context.Context, tip schema.Hash, manifest schema.Manifest, code schema.Code) (ledger.Decision, ledger.Kind, error) {
	control := p.ledger.Head().Control
	v := schema.Verdict{Policy: "control", Outcome: schema.Hold, Code: code}
	mixed, err := p.landedMixed(ctx, control.Commit, tip)
	switch {
	case err != nil:
		return ledger.Decision{}, "", err
	case code == "config":
		v.Outcome = schema.Deny
	case mixed:
		v.Outcome, v.Code = schema.Deny, "policy-mixed"
	}
	d := ledger.Decision{
		Change: schema.Change{
			Kind: schema.Edit,
			From: schema.Side{Revision: schema.Revision(control.Manifest), Content: schema.Content(control.Manifest)},
			To:   schema.Side{Revision: manifest.Revision(nil), Content: manifest.Content()},
		},
		Landing: schema.Landing{Ref: p.controlRef(), Base: control.Commit, Start: control.Commit, Tip: p.controlTip(ctx, control.Commit, tip), Method: schema.Direct},
		Verdict: v, Trust: control.Trust, Control: control.Seq, Gate: p.controlGate(),
	}
	if v.Outcome == schema.Deny {
		return d, ledger.Deny, nil
	}
	return d, ledger.Hold, nil
}

// controlGate names what a control change would have to pass: the trust root in force.
func (p *pass) controlGate() schema.Digest { return p.rules.trust.RootDigest }

// controlTip is the last position at which the control files changed, so that the verdict about them stays equal while
// other commits arrive on the branch.
func (p *pass) controlTip(ctx context.Context, base, tip schema.Hash) schema.Hash {
	chain, err := positions(ctx, p.cfg.Repository, base, tip)
	if err != nil {
		return tip
	}
	for i := len(chain) - 1; i > 0; i-- {
		if changed, err := p.controlChanged(ctx, chain[i-1], chain[i]); err == nil && changed {
			return chain[i]
		}
	}
	return tip
}

// landedMixed reports whether the landing that last changed the control files changed an app as well.
func (p *pass) landedMixed(ctx context.Context, base, tip schema.Hash) (bool, error) {
	at := p.controlTip(ctx, base, tip)
	chain, err := positions(ctx, p.cfg.Repository, base, tip)
	if err != nil {
		return false, err
	}
	for i := 1; i < len(chain); i++ {
		if chain[i] != at {
			continue
		}
		l, err := p.landingAt(ctx, p.controlRef(), chain, i)
		if err != nil {
			return false, err
		}
		return p.appsChanged(ctx, chain[l.start], chain[l.end])
	}
	return false, nil
}

func (p *pass) appsChanged(ctx context.Context, from, to schema.Hash) (bool, error) {
	for _, stage := range p.rules.project.Stages {
		if p.rules.project.Ref(stage) != p.controlRef() {
			continue
		}
		before, err := subtree(ctx, p.cfg.Repository, from, p.rules.project.Dir(stage))
		if err != nil {
			return false, err
		}
		after, err := subtree(ctx, p.cfg.Repository, to, p.rules.project.Dir(stage))
		if err != nil || before != after {
			return err == nil, err
		}
	}
	return false, nil
}

// controlChanged compares the control files of two commits by their ids.
func (p *pass) controlChanged(ctx context.Context, from, to schema.Hash) (bool, error) {
	a, err := p.cfg.Repository.Commit(ctx, from)
	if err != nil {
		return false, err
	}
	b, err := p.cfg.Repository.Commit(ctx, to)
	if err != nil {
		return false, err
	}
	for _, path := range ControlPaths {
		x, _, err := p.cfg.Repository.Lookup(ctx, a.Tree, path)
		if err != nil {
			return false, err
		}
		y, _, err := p.cfg.Repository.Lookup(ctx, b.Tree, path)
		if err != nil {
			return false, err
		}
		if x.ID != y.ID || x.Mode != y.Mode {
			return true, nil
		}
	}
	return false, nil
}
