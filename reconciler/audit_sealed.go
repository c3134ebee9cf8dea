package reconciler

import (
	"context"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// stageSealed answers the admins' request again that sealed a stage which was added later.
func (r *replay) stageSealed(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	before, err := r.rulesInForceAt(ctx, a.After, a.Before.Head().Control.Seq)
	if err != nil {
		return lacking("control", err)
	}
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
	return sameSeal(e, again.entry)
}

func sameSeal(e, again ledger.Entry) []ledger.Finding {
	var differ []string
	compareJSON("", asJSON(e.Seal), asJSON(again.Seal), &differ)
	if len(differ) == 0 {
		return nil
	}
	return mismatch("control", "its request seals something else: %s", differ[0])
}
