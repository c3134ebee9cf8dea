package reconciler

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// begins says for which instances an admission begins; nil: for all at once. There has to be something that the others go on
// running, and only a promotion, an edit or a tune widens: back is back for all.
func (c *cellJudge) begins(kind ledger.Kind, change schema.Change) *schema.GrayRule {
	g := c.stage.Gray
	if g == nil || len(g.Steps) == 0 || c.stage.Mode == schema.Observe || kind != ledger.Admit || change.To.Revision == schema.None {
		return nil
	}
	base, ok := c.state.Admitted, c.state.Admitted.Seq > 0
	if !c.state.Whole() {
		base, ok = baseOf(c.state)
	}
	if !ok || base.Revision == schema.None || base.Content == change.To.Content {
		return nil
	}
	rule := g.Rule(g.Steps[0])
	return &rule
}

// baseOf is what the instances have that a widening has not reached.
func baseOf(s ledger.State) (ledger.Admission, bool) {
	i := slices.IndexFunc(s.Revisions, func(a ledger.Admission) bool { return a.Seq == s.Spread.Base })
	if i < 0 {
		return ledger.Admission{}, false
	}
	return s.Revisions[i], true
}

// widen takes the steps that are due, each as an entry of its own with what it rests on. It is a decision like an admission, and
// comes right after them.
func (p *pass) widen(ctx context.Context, report *Report) error {
	widening, err := p.sieves.widening.pick(ctx, p.ledger, p.rules.seq, func(s *ledger.State) bool { return !s.Whole() })
	if err != nil {
		return err
	}
	var entries []ledger.Entry
	var evidence [][]byte
	for _, state := range widening {
		s := *state
		stage, ok := p.rules.project.Stage(s.Stage)
		if !ok || !p.rules.has(s) || stage.Mode == schema.Observe {
			continue
		}
		step, said, err := p.step(ctx, stage, s)
		if err != nil {
			return fmt.Errorf("widen %s in %s: %w", s.App, s.Stage, err)
		}
		if step.Verdict.Outcome != schema.Allow {
			continue
		}
		e := ledger.Entry{Kind: ledger.Widen, Stage: s.Stage, App: s.App, Step: &step}
		if said != nil {
			e.Evidence, evidence = []schema.Digest{step.Health}, append(evidence, said)
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil
	}
	return p.record(ctx, report, entries, evidence)
}

// step decides about the next step of a cell, and returns the evidence that it rests on.
func (p *pass) step(ctx context.Context, stage schema.Stage, s ledger.State) (step ledger.Step, said []byte, err error) {
	c := newCellJudge(p, stage, s.App)
	c.state = s
	w := policies.Widening{
		Now: p.now, Cell: c.cell, Spec: stage.Gray, Rule: *s.Spread.Rule, Revision: s.Admitted.Revision, Content: s.Admitted.Content, Live: stepLive(s),
	}
	if w.Suspended, err = c.suspended(ctx); err != nil {
		return step, nil, err
	}
	if w.Spec != nil && !w.Live.IsZero() && !p.now.Before(w.Live.Add(w.Spec.Stays(w.Rule.Permyriad))) {
		if w.Instances, err = p.consumers(ctx, stage, s.App); err != nil {
			return step, nil, err
		}
	}
	step = ledger.Step{Admission: s.Admitted.Seq, Rule: w.Next(), Verdict: w.Evaluate(), Control: p.rules.seq}
	if w.Instances == nil {
		return step, nil, nil
	}
	if said, err = encodeHealth(*w.Instances); err != nil {
		return step, nil, err
	}
	step.Health = schema.DigestOf(said)
	return step, said, nil
}

// stepLive is since when every required target has the step that targets were given last; zero while one has not.
func stepLive(s ledger.State) time.Time {
	at := s.Spread.At
	for _, target := range s.Admitted.Required {
		live := s.Live[target]
		if _, down := s.Down[target]; down || live.Seq != s.Delivered() || live.Drifted != 0 {
			return time.Time{}
		}
		if live.At.After(at) {
			at = live.At
		}
	}
	return at
}

// makeGray makes the release of a cell that widens: what the others go on running, with what some instances get beside it.
func (p *pass) makeGray(ctx context.Context, s ledger.State, target schema.StageTarget) (integrations.Release, error) {
	base, ok := baseOf(s)
	if !ok {
		return integrations.Release{}, fmt.Errorf("%s in %s: entry #%d, which the others run, is not in the state: %w", s.App, s.Stage, s.Spread.Base, ErrDoubt)
	}
	next, err := p.makeOne(ctx, s, s.Admitted, target)
	if err != nil {
		return integrations.Release{}, err
	}
	release, err := p.makeOne(ctx, s, base, target)
	if err != nil {
		return integrations.Release{}, err
	}
	release.Gray = &integrations.Gray{
		Revision: next.Revision, Content: next.Content, Commit: next.Commit, Document: next.Document, Rule: *s.Spread.Rule,
	}
	return release, nil
}

// tooLargeForGray refuses what could not lie in a head beside what the others run; ok is false then.
func (c *cellJudge) tooLargeForGray(size int) (v schema.Verdict, ok bool) {
	if c.stage.Gray == nil || size <= integrations.MaxCanary {
		return v, true
	}
	return schema.Verdict{Policy: "content", Outcome: schema.Deny, Code: "too-large", Args: map[string]string{
		"size": fmt.Sprint(size), "limit": fmt.Sprint(integrations.MaxCanary),
		"why": "the stage widens by steps, and what some instances get first lies beside what the others run",
	}}, false
}
