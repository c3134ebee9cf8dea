package reconciler

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// control judges again how control files came into force, by the rules in force before: a landing on the default branch by the
// roots' and the admins' signatures, or a stage that the admins sealed.
func (r *replay) control(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	const path = "control"
	before, found := r.controlBefore(ctx, a, e)
	if len(found) > 0 {
		return found
	}
	if e.Decision == nil {
		return r.stageSealed(ctx, a, e, before)
	}
	mr, found := r.recorded(ctx, a, e)
	if len(found) > 0 {
		return found
	}
	approvals, err := r.recordedApprovals(ctx, a, e)
	if err != nil {
		return lacking(path, err)
	}
	p := r.pass(a, e, before)
	p.approvals = &approvals
	c := p.controlJudge()
	again, err := r.controlAgain(ctx, c, e, mr)
	switch {
	case err != nil:
		return lacking(path, err)
	case again.entry.Kind != e.Kind:
		found = mismatch(path, "recorded as %s, judged again it is %s", e.Kind, told(again.entry))
	default:
		found = sameControl(e, again.entry)
	}
	if len(found) > 0 && r.repo.lacking != nil {
		return lacking(path, r.repo.lacking)
	}
	return append(found, r.controlGoesOn(ctx, a, c, e)...)
}

// controlBefore returns the rules that a control entry replaced: those in force before its append. Each comes into force in an
// append of its own, so that what follows is judged by it.
func (r *replay) controlBefore(ctx context.Context, a *appended, e ledger.Entry) (*rules, []ledger.Finding) {
	for _, other := range a.Entries {
		if other.Kind == ledger.Control && other.Seq != e.Seq {
			return nil, mismatch("control", "entry #%d puts other control files in force in the same append", other.Seq)
		}
	}
	before, err := r.rulesInForceAt(ctx, a.After, a.Before.Head().Control.Seq)
	if err != nil {
		return nil, lacking("control", err)
	}
	return before, nil
}

// controlAgain lays the recorded landing before the judge.
func (r *replay) controlAgain(ctx context.Context, c *controlJudge, e ledger.Entry, mr *schema.MergeRequest) (*judged, error) {
	at := e.Decision.Landing
	var err error
	if c.chain, err = positions(ctx, c.cfg.Repository, at.Base, at.Tip); err != nil {
		return nil, err
	}
	start := slices.Index(c.chain, at.Start)
	if start < 0 {
		return nil, fmt.Errorf("%s is no position between %s and %s", short(at.Start), short(at.Base), short(at.Tip))
	}
	l := landing{start: start, end: len(c.chain) - 1}
	if mr != nil && l.end > 0 {
		placed, ok, err := c.place(ctx, mr, c.chain, l.end)
		if err != nil {
			return nil, err
		}
		if ok && placed.start == l.start && placed.end == l.end {
			l.request = mr
		}
	}
	return c.judge(ctx, &controlStep{landing: l})
}

func sameControl(e, again ledger.Entry) []ledger.Finding {
	var differ []string
	compareJSON("", asJSON(e.Decision), asJSON(again.Decision), &differ)
	compareJSON("seal", asJSON(e.Seal), asJSON(again.Seal), &differ)
	if len(differ) == 0 {
		return nil
	}
	return mismatch("control", "judged again it says otherwise: %s", differ[0])
}

// controlGoesOn checks what the judge takes for granted: that the step begins where the files in force were, on the branch that
// the ledger follows.
func (r *replay) controlGoesOn(ctx context.Context, a *appended, c *controlJudge, e ledger.Entry) []ledger.Finding {
	if len(c.chain) == 0 {
		return nil // told already
	}
	at, err := c.at(ctx, c.chain[0])
	if err != nil {
		return lacking("control", err)
	}
	if at.content != c.inForce() && r.repo.lacking == nil {
		return mismatch("control", "at %s, where the step begins, other files than those in force lay", c.chain[0].Short())
	}
	if found := r.forward(ctx, "control", c.control.Commit, e.Decision.Landing.Base); len(found) > 0 {
		return found
	}
	return r.moved(ctx, a, e)
}

// stageSealed answers the admins' request again that sealed a stage which was added later.
func (r *replay) stageSealed(ctx context.Context, a *appended, e ledger.Entry, before *rules) []ledger.Finding {
	var tags []requestTag
	for _, d := range e.Seal.Request {
		raw, err := a.After.Evidence(ctx, d)
		if err != nil {
			return lacking("control", err)
		}
		tag, err := requestIn(raw)
		if err != nil {
			return mismatch("control", "%v", err)
		}
		tags = append(tags, tag)
	}
	groups := grouped(tags, func(kind string) bool { return kind == schema.KindGenesis })
	if len(groups) != 1 {
		return mismatch("control", "no signed request asks for it")
	}
	p := r.pass(a, e, before)
	var err error
	if _, p.refs, err = tipsOf(groups[0].copies[0].request); err != nil {
		return mismatch("control", "%v", err)
	}
	again, err := p.sealStageBy(ctx, groups[0])
	switch {
	case err != nil && r.repo.lacking != nil:
		return lacking("control", r.repo.lacking)
	case err != nil:
		return mismatch("control", "asked again, its request is refused: %v", err)
	}
	return sameControl(e, again.entry)
}
