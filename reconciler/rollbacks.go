package reconciler

import (
	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// rollbacksOf are the rollbacks of an app with what came of each, from the states of all its stages. A state has the newest
// [ledger.MaxRevisions] admissions; what is older than these is not counted, nor is what could restore nothing because nothing is
// written in its stage.
func rollbacksOf(project schema.Project, own ledger.State, others map[schema.StageName]ledger.State) *policies.Rollbacks {
	out := &policies.Rollbacks{}
	add := func(s ledger.State) {
		for _, a := range s.Revisions {
			if a.Kind == schema.Rollback && (!a.LiveAt.IsZero() || project.Mode(s.Stage) != schema.Observe) {
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
