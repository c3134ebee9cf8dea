package reconciler

import (
	"context"
	"errors"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// defaultGuardsEvery is how often the guard rails are looked at while running, unless the operator says otherwise.
const defaultGuardsEvery = 10 * time.Minute

// lookAtGuards reads the guard rails for people: for the page and the metrics, and for no verdict. It comes after a pass's
// admissions and repairs and never stops any.
func (p *pass) lookAtGuards(ctx context.Context) {
	r := p.Reconciler
	if r.cfg.Guards == nil || r.cfg.GuardsEvery < 0 || r.guarded != nil && p.now.Sub(r.guarded.At) < r.cfg.GuardsEvery {
		return
	}
	refs := p.stageRefs()
	if r.cfg.Ledger == r.cfg.Repository {
		refs = append(refs, schema.GuardedRef{Ref: r.cfg.LedgerRef, Use: schema.UseLedger})
	}
	if r.cfg.BotKey != nil && r.cfg.Proposer != nil {
		refs = append(refs, schema.GuardedRef{Ref: promotionPrefix + "stage/app", Use: schema.UsePromotion})
	}
	found, err := r.cfg.Guards.Health(ctx, refs)
	if errors.Is(ctx.Err(), context.Canceled) {
		return // the reconciler stops; a forge that did not answer in time is another thing, and is told
	}
	if err != nil {
		found = unanswered(err)
	}
	found.At, found.Raw = p.now, nil
	r.tellGuards(found)
	r.guarded = &found
}

// unanswered is the one thing that is known when the forge does not answer: why. Nothing that was found before stays good.
func unanswered(err error) schema.Guards {
	rail := schema.GuardRail{Name: schema.RailArchived, State: schema.GuardUnknown, Seen: err.Error(), Code: "forge-unavailable"}
	var coded interface{ Code() schema.Code }
	if errors.As(err, &coded) {
		rail.Code = coded.Code()
	}
	switch rail.Code {
	case "forge-unauthorized", "forge-forbidden", "forge-lost-access": // it answered, and no is what it said
		rail.State = schema.GuardFail
	}
	return schema.Guards{Rails: []schema.GuardRail{rail}}
}

// tellGuards logs what is not as it was at the last look.
func (r *Reconciler) tellGuards(found schema.Guards) {
	for _, rail := range found.Rails {
		was := schema.GuardOK
		if r.guarded != nil {
			if old, ok := r.guarded.Rail(rail.Name, rail.Subject); ok {
				was = old.State
			}
		}
		switch {
		case rail.State == was:
		case rail.State == schema.GuardOK:
			r.cfg.Log.Info("found a guard rail up again", "name", rail.Name, "subject", rail.Subject)
		default:
			r.cfg.Log.Warn("found a guard rail down", "name", rail.Name, "subject", rail.Subject, "state", rail.State, "seen", rail.Seen, "code", rail.Code)
		}
	}
}
