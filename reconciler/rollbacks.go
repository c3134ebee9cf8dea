package reconciler

import (
	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// rollbacksOf are the rollbacks of an app with what came of each, from the states of all its stages. A state has the newest
// [ledger.MaxRevisions] admissions; what is older than these is not counted.
func rollbacksOf(own ledger.State, others map[schema.StageName]ledger.State) *policies.Rollbacks {
	out := &policies.Rollbacks{}
	add := func(s ledger.State) {
		for _, a := range s.Revisions {
			if a.Kind == schema.Rollback {
				out.Of = append(out.Of, policies.Rollback{Stage: s.Stage, At: a.At, LiveAt: a.LiveAt, Left: a.Flagged(ledger.Withdrawn)})
			}
		}
	}
	add(own)
	for stage, s := range others {
		if stage != own.Stage {
			add(s)
		}
	}
	out.Sort()
	return out
}
