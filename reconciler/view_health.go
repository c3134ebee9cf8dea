package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// withHealth adds to held changes the instances that they were judged by.
func withHealth(ctx context.Context, l *ledger.Ledger, apps []schema.AppView, states []ledger.State) error {
	found := map[schema.Cell]*schema.InstancesView{}
	for _, s := range states {
		if s.Held == nil || !judgedHealth(s.Held.Verdict) {
			continue
		}
		v, err := heldInstances(ctx, l, *s.Held)
		if err != nil {
			return fmt.Errorf("instances that %s in %s was judged by: %w", s.App, s.Stage, err)
		}
		found[schema.Cell{Stage: s.Stage, App: s.App}] = v
	}
	for i := range apps {
		for j, c := range apps[i].Cells {
			if c.Held != nil {
				apps[i].Cells[j].Held.Instances = found[c.Cell]
			}
		}
	}
	return nil
}

func judgedHealth(v schema.Verdict) bool {
	if v.Policy == "health" {
		return true
	}
	for _, part := range v.Parts {
		if judgedHealth(part) {
			return true
		}
	}
	return false
}

// grayView says who has what is admitted; nil where all have.
func grayView(s ledger.State) *schema.GrayView {
	if s.Whole() {
		return nil
	}
	base, _ := baseOf(s)
	return &schema.GrayView{Rule: *s.Spread.Rule, Base: base.Revision, Since: s.Spread.At, Seq: s.Spread.Seq}
}
