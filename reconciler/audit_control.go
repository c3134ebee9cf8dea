package reconciler

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// genesis asks that the admins of the sealed trust signed what entry 1 says, and that the repository held it.
func (r *replay) genesis(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	const path = "genesis"
	in, err := r.rulesInForceAt(ctx, a.After, e.Seq)
	if err != nil {
		return lacking(path, err)
	}
	list, err := a.After.Evidence(ctx, e.Seal.Cells)
	if err != nil {
		return lacking(path, err)
	}
	cells, err := ledger.ParseSealed(list)
	if err != nil {
		return lacking(path, err)
	}
	told := Sealing{Project: e.Project, Anchor: e.Seal.Anchor, Control: e.Seal.Commit, Tips: e.Seal.Refs, Cells: cells}
	statement, err := told.Statement()
	if err != nil {
		return mismatch(path, "what it seals cannot be signed: %v", err)
	}
	found := r.signedGenesis(ctx, a, e, in, statement)
	return append(found, r.sealedAgain(ctx, e, list)...)
}

// signedGenesis counts the admins whose signatures over the statement the entry keeps.
func (r *replay) signedGenesis(ctx context.Context, a *appended, e ledger.Entry, in *rules, statement []byte) []ledger.Finding {
	var copies []signing.RequestCopy
	for _, d := range e.Seal.Request {
		raw, err := a.After.Evidence(ctx, d)
		if err != nil {
			return lacking("genesis", err)
		}
		tag, err := requestIn(raw)
		if err != nil || !bytes.Equal(tag.request.Statement, statement) {
			return mismatch("genesis", "a request that it keeps asks for something else")
		}
		copies = append(copies, signing.RequestCopy{Principal: tag.principal, Request: tag.request})
	}
	if c := signing.CheckRequest(in.keyring, in.trust, copies, signing.Acceptance{At: e.At}, ""); !c.OK {
		return mismatch("genesis", "the admins did not sign what it seals: %s [%s]", c.Detail, c.Code)
	}
	return nil
}

// sealedAgain seals the repository again at the tips that the entry names.
func (r *replay) sealedAgain(ctx context.Context, e ledger.Entry, list []byte) []ledger.Finding {
	again, err := Seal(ctx, r.repo, e.Seal.Commit, e.Seal.Refs)
	if err == nil && r.repo.lacking != nil {
		err = r.repo.lacking
	}
	if err != nil {
		return lacking("genesis", fmt.Errorf("what was sealed cannot be read: %w", err))
	}
	have, err := ledger.EncodeSealed(again.Cells)
	if err != nil {
		return lacking("genesis", err)
	}
	switch {
	case again.manifest != e.Seal.Control:
		return mismatch("genesis", "the control files at %s are not those that were sealed", e.Seal.Commit.Short())
	case again.trust != e.Seal.Trust, again.Project != e.Project, again.Anchor != e.Seal.Anchor:
		return mismatch("genesis", "the trust at %s is not the one that was sealed", e.Seal.Commit.Short())
	case !bytes.Equal(have, list):
		return mismatch("genesis", "the repository held other cells at the tips that were sealed")
	}
	return nil
}

// control decides a change of the control files again, as admission does for a cell: by the rules in force before it.
func (r *replay) control(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	const path = "control"
	if e.Decision == nil {
		return r.stageSealed(ctx, a, e)
	}
	in, found := r.inForce(ctx, a, e)
	if len(found) > 0 {
		return found
	}
	mr, found := r.recorded(ctx, a, e)
	if len(found) > 0 {
		return found
	}
	approvals, err := r.recordedApprovals(ctx, a, e)
	if err != nil {
		return lacking(path, err)
	}
	p := r.pass(a, e, in)
	p.approvals = &approvals
	c := p.controlJudge()
	if found := r.controlGoesOn(ctx, a, c, e); len(found) > 0 {
		return found // what is judged again below takes this for granted
	}
	again, err := r.controlAgain(ctx, c, e, mr)
	if err != nil {
		return lacking(path, err)
	}
	return append(r.compareControl(e, again), r.moved(ctx, a, e)...)
}

// controlAgain lays the recorded landing before the judge, as the step from the files in force.
func (r *replay) controlAgain(ctx context.Context, c *controlJudge, e ledger.Entry, mr *schema.MergeRequest) (*judged, error) {
	s, err := c.recorded(ctx, e.Decision.Landing)
	if err != nil {
		return nil, err
	}
	if mr != nil {
		placed, ok, err := c.place(ctx, mr, c.chain, s.landing.end)
		if err != nil {
			return nil, err
		}
		if ok && placed.start == s.landing.start && placed.end == s.landing.end {
			s.landing.request = mr
		}
	}
	if s.mixed, err = c.mixedBelow(ctx, s); err != nil {
		return nil, err
	}
	return c.judge(ctx, &s)
}

// recorded finds a recorded landing on its ref again. It began before its base where the files in force came back in the middle
// of it.
func (c *controlJudge) recorded(ctx context.Context, at schema.Landing) (controlStep, error) {
	for _, from := range []schema.Hash{at.Base, at.Start} {
		chain, err := positions(ctx, c.cfg.Repository, from, at.Tip)
		if err != nil {
			return controlStep{}, err
		}
		base, start := slices.Index(chain, at.Base), slices.Index(chain, at.Start)
		if base >= 0 && start >= 0 && max(base, start) < len(chain)-1 {
			c.chain = chain
			return controlStep{base: base, landing: landing{start: start, end: len(chain) - 1}}, nil
		}
	}
	return controlStep{}, fmt.Errorf("%s is no position between %s and %s", short(at.Start), short(at.Base), short(at.Tip))
}

// mixedBelow reports whether one of the positions below the landing, from which its step begins, changed control files and apps
// together. Which merge request brought it is not asked: a position is the least that one can have brought.
func (c *controlJudge) mixedBelow(ctx context.Context, s controlStep) (bool, error) {
	for i := s.base + 1; i <= s.landing.start; i++ {
		moved, err := c.moved(ctx, i)
		if err != nil {
			return false, err
		}
		if !moved {
			continue
		}
		if mixed, err := c.appsChanged(ctx, c.rules.project, c.chain[i-1], c.chain[i]); err != nil || mixed {
			return mixed, err
		}
	}
	return false, nil
}

// compareControl holds what was put in force against what comes out again.
func (r *replay) compareControl(e ledger.Entry, again *judged) []ledger.Finding {
	const path = "control"
	var found []ledger.Finding
	var differ []string
	compareJSON("seal", asJSON(e.Seal), asJSON(sealAs(e, again)), &differ)
	what := difference(*e.Decision, *again.entry.Decision)
	switch {
	case again.entry.Kind != e.Kind:
		found = mismatch(path, "recorded as %s, judged again it is %s", e.Kind, told(again.entry))
	case what != "":
		found = mismatch(path, "judged again it says otherwise: %s", what)
	case len(differ) > 0:
		found = mismatch(path, "it puts something else in force: %s", differ[0])
	}
	if len(found) > 0 && r.repo.lacking != nil {
		return lacking(path, r.repo.lacking)
	}
	if len(found) > 0 {
		return found
	}
	return r.complete(path, e, again)
}

// sealAs is what is put in force again. An entry from before targets were taken up says nothing of it, and nothing rests on it.
func sealAs(e ledger.Entry, again *judged) *ledger.Seal {
	is := again.entry.Seal
	if is == nil || e.Seal == nil || len(e.Seal.Takes) > 0 {
		return is
	}
	out := *is
	out.Takes = nil
	return &out
}

// controlGoesOn checks what the judge takes for granted: that the step goes on from where the ledger saw the branch, and from
// the files in force.
func (r *replay) controlGoesOn(ctx context.Context, a *appended, c *controlJudge, e ledger.Entry) []ledger.Finding {
	const path = "control"
	base := e.Decision.Landing.Base
	from, err := c.base(ctx, a.Before.Refs().Seen[c.controlRef()])
	if err != nil {
		return lacking(path, err)
	}
	if found := r.forward(ctx, path, from, base); len(found) > 0 {
		return found
	}
	at, err := c.at(ctx, base)
	if err != nil {
		return lacking(path, err)
	}
	if at.content != c.inForce() {
		return mismatch(path, "at %s, from where commits were counted, the files were not those in force", base.Short())
	}
	return nil
}
