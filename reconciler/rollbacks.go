package reconciler

import (
	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// rollbacksOf are the rollbacks of an app with what came of each, from the states of all its stages. A state has the newest
// [ledger.MaxRevisions] admissions; what is older than these is not counted, nor is what could restore nothing because nothing is
// written in its stage, or was then.
func rollbacksOf(project schema.Project, own ledger.State, others map[schema.StageName]ledger.State) *policies.Rollbacks {
	out := &policies.Rollbacks{}
	add := func(s ledger.State) {
		for i, a := range s.Revisions {
			if a.Kind == schema.Rollback && !a.Observed && (!a.LiveAt.IsZero() || project.Mode(s.Stage) != schema.Observe) {
				out.Of = append(out.Of, policies.Rollback{Stage: s.Stage, At: a.At, LiveAt: a.LiveAt, Left: rolledBackFrom(s.Revisions[i:])})
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

// rolledBackFrom reports whether what came after the first admission in its place was a rollback. The mark of its revision does not
// say so: other admissions of the same bytes have it too, and their next promotion takes it away.
func rolledBackFrom(admissions []ledger.Admission) bool {
	for _, a := range admissions[1:] {
		if a.Revision != admissions[0].Revision {
			return a.Kind == schema.Rollback
		}
	}
	return false
}
