package reconciler

import (
	"reflect"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// notJudged names the parts of a project that differ and by which a simulation decides nothing again: it asks other gates about
// the changes that there were, and these would make other changes of the same pushes.
func notJudged(inForce, other schema.Project) []string {
	out := []string{}
	note := func(name string, a, b any) {
		if !reflect.DeepEqual(a, b) {
			out = append(out, name)
		}
	}
	note("layout", inForce.Layout, other.Layout)
	note("branch", inForce.Branch, other.Branch)
	note("apps", inForce.Apps, other.Apps)
	note("stages[].place", placesOf(inForce, other), placesOf(other, inForce))
	note("targets", targetsOf(inForce, other), targetsOf(other, inForce))
	note("stages[].gray", grayOf(inForce, other), grayOf(other, inForce))
	note("atomic", inForce.Atomic, other.Atomic)
	note("provenance", inForce.Provenance, other.Provenance)
	note("rollback_window", inForce.RollbackWindow, other.RollbackWindow)
	note("retention", inForce.Retention, other.Retention)
	return out
}

// both are the stages of a project that another one has as well.
func both(p, other schema.Project) []schema.Stage {
	return slices.DeleteFunc(slices.Clone(p.Stages), func(s schema.Stage) bool {
		_, ok := other.Stage(s.Name)
		return !ok
	})
}

func placesOf(p, other schema.Project) map[schema.StageName][2]string {
	out := map[schema.StageName][2]string{}
	for _, s := range both(p, other) {
		out[s.Name] = [2]string{s.Place, s.Branch}
	}
	return out
}

func targetsOf(p, other schema.Project) map[schema.StageName][]schema.StageTarget {
	out := map[schema.StageName][]schema.StageTarget{}
	for _, s := range both(p, other) {
		if len(s.Targets) > 0 {
			out[s.Name] = s.Targets
		}
	}
	return out
}

func grayOf(p, other schema.Project) map[schema.StageName]schema.GraySpec {
	out := map[schema.StageName]schema.GraySpec{}
	for _, s := range both(p, other) {
		if s.Gray != nil {
			out[s.Name] = *s.Gray
		}
	}
	return out
}
