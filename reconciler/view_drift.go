package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// mostDriftKeys is how many keys of one drift a view names; the entry names them all.
const mostDriftKeys = 3

// withDrift adds to targets that were changed and not put back what was found there last: which keys, by whom, and when.
func withDrift(ctx context.Context, l *ledger.Ledger, apps []schema.AppView, states []ledger.State) error {
	first := map[deliveryKey]int64{} // the entry that told of it first
	for _, s := range states {
		for target, live := range s.Live {
			if live.Drifted != 0 {
				first[deliveryKey{schema.Cell{Stage: s.Stage, App: s.App}, target}] = live.Drifted
			}
		}
	}
	if len(first) == 0 {
		return nil
	}
	newest := newestDrift(ctx, l)
	found := map[deliveryKey]*schema.DriftView{}
	for key, seq := range first {
		e, _, err := l.Entry(ctx, seq)
		if err != nil {
			return fmt.Errorf("drift of %s in %s: %w", key.cell.App, key.cell.Stage, err)
		}
		v := driftView(e)
		if last, ok := newest[key]; ok && last.Seq > seq {
			since := v.At
			v = driftView(last)
			v.Since = since
		}
		found[key] = v
	}
	for i := range apps {
		for _, c := range apps[i].Cells {
			for k := range c.Targets {
				c.Targets[k].Drift = found[deliveryKey{c.Cell, c.Targets[k].Name}]
			}
		}
	}
	return nil
}

func driftView(e ledger.Entry) *schema.DriftView {
	v := &schema.DriftView{Seq: e.Seq, At: e.At}
	if e.ObservedAt != nil {
		v.At = *e.ObservedAt
	}
	if e.Delivery == nil {
		return v
	}
	v.By = driftAuthors(e.Delivery.Keys)
	v.Count = len(e.Delivery.Keys)
	for _, k := range e.Delivery.Keys[:min(v.Count, mostDriftKeys)] {
		v.Keys = append(v.Keys, k.Key+" "+k.Op)
	}
	return v
}
