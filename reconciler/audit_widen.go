package reconciler

import (
	"context"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// widening decides a step again: against the state before it, by the steps of the control files in force then, and by what instances
// said as it recorded it.
func (r *replay) widening(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	place := entryPlace(e)
	if want := a.Before.Head().Control.Seq; e.Step.Control != want {
		return mismatch(place, "judged by the control files of entry #%d, in force were those of #%d", e.Step.Control, want)
	}
	in, err := r.rulesInForceAt(ctx, a.After, e.Step.Control)
	if err != nil {
		return lacking(place, err)
	}
	stage, ok := in.project.Stage(e.Stage)
	state, _, err := a.Before.Cell(ctx, e.Cell())
	switch {
	case err != nil:
		return lacking(place, err)
	case !ok || state.Whole():
		return mismatch(place, "nothing widens here")
	}
	if i := slices.IndexFunc(a.Entries, func(other ledger.Entry) bool { return other.Seq < e.Seq && other.Cell() == e.Cell() }); i >= 0 {
		return mismatch(place, "it comes in one append with entry #%d of the same cell", a.Entries[i].Seq)
	}
	p := r.pass(a, e, in)
	if p.instances, err = r.recordedHealth(ctx, a, e.Step.Health); err != nil {
		return lacking(place, err)
	}
	step, _, err := p.step(ctx, stage, state)
	switch {
	case err != nil:
		return lacking(place, err)
	case step.Verdict.Outcome != schema.Allow:
		return mismatch(place, "judged again it is %s", told(ledger.Entry{Kind: ledger.Hold, Decision: &ledger.Decision{Verdict: step.Verdict}}))
	}
	var found []string
	compareJSON("", asJSON(*e.Step), asJSON(step), &found)
	if len(found) > 0 {
		return mismatch(place, "judged again it says otherwise: %s", strings.Join(found[:min(len(found), maxDifferences)], "; "))
	}
	return nil
}
