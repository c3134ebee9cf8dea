package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// emergencies are the cells that hold what broke the glass, as long as nobody has reviewed it.
func emergencies(ctx context.Context, l *ledger.Ledger, states []ledger.State) ([]schema.EmergencyView, error) {
	var out []schema.EmergencyView
	for _, s := range states {
		a := s.Admitted
		if !a.Flagged(ledger.Unreviewed) {
			continue
		}
		e, _, err := l.Entry(ctx, a.Seq)
		if err != nil {
			return nil, fmt.Errorf("break-glass of %s in %s: %w", s.App, s.Stage, err)
		}
		v := schema.EmergencyView{Cell: schema.Cell{Stage: s.Stage, App: s.App}, Revision: a.Revision, Seq: a.Seq, Since: a.At}
		if a.Review != nil {
			v.Review = *a.Review
		}
		if e.Order != nil {
			v.By, v.Reason = e.Order.By, e.Order.Reason
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b schema.EmergencyView) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, nil
}

// taints are the cells whose admitted revision is marked. Who marked it, and why, is in the history.
func taints(states []ledger.State) []schema.TaintView {
	var out []schema.TaintView
	for _, s := range states {
		if a := s.Admitted; a.Flagged(ledger.Tainted) {
			out = append(out, schema.TaintView{Cell: schema.Cell{Stage: s.Stage, App: s.App}, Revision: a.Revision, Seq: a.Seq, Since: a.At})
		}
	}
	slices.SortFunc(out, func(a, b schema.TaintView) int { return cmp.Compare(a.Seq, b.Seq) })
	return out
}

// suspensions are the stages and cells that were pinned last, ended or not: when they end the ledger does not change.
func suspensions(ctx context.Context, l *ledger.Ledger, states []ledger.State) ([]schema.SuspensionView, error) {
	pinned := map[schema.Cell]ledger.Suspension{}
	for stage, s := range l.Head().Suspended {
		pinned[schema.Cell{Stage: stage}] = s
	}
	for _, s := range states {
		if s.Suspended != nil {
			pinned[schema.Cell{Stage: s.Stage, App: s.App}] = *s.Suspended
		}
	}
	cells := slices.SortedFunc(maps.Keys(pinned), func(a, b schema.Cell) int { return cmp.Compare(pinned[a].Seq, pinned[b].Seq) })
	var out []schema.SuspensionView
	for _, cell := range cells {
		s := pinned[cell]
		e, _, err := l.Entry(ctx, s.Seq)
		if err != nil {
			return nil, fmt.Errorf("suspension of %s: %w", cell, err)
		}
		v := schema.SuspensionView{Cell: cell, Seq: s.Seq, Since: s.Since, By: e.Order.By, Reason: e.Order.Reason}
		if s.Until != nil {
			v.Until = *s.Until
		}
		out = append(out, v)
	}
	return out, nil
}
