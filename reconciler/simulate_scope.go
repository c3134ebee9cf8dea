package reconciler

import (
	"reflect"

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
	note("stage_local", append(schema.Patterns{}, inForce.StageLocal...), append(schema.Patterns{}, other.StageLocal...))
	note("stages", placesOf(inForce), placesOf(other))
	note("stages[].after", edgesOf(inForce), edgesOf(other))
	note("targets", targetsOf(inForce), targetsOf(other))
	note("stages[].gray", grayOf(inForce), grayOf(other))
	note("atomic", inForce.Atomic, other.Atomic)
	note("provenance", inForce.Provenance, other.Provenance)
	note("rollback_window", inForce.RollbackWindow, other.RollbackWindow)
	note("retention", inForce.Retention, other.Retention)
	return out
}

// placesOf are the stages in their order, with where they lie.
func placesOf(p schema.Project) []string {
	var out []string
	for _, s := range p.Stages {
		out = append(out, string(s.Name)+" "+s.Place+" "+s.Branch)
	}
	return out
}

func edgesOf(p schema.Project) map[schema.Edge]bool {
	out := map[schema.Edge]bool{}
	for _, e := range p.Edges {
		out[e] = true
	}
	return out
}

func targetsOf(p schema.Project) map[schema.StageName][]schema.StageTarget {
	out := map[schema.StageName][]schema.StageTarget{}
	for _, s := range p.Stages {
		if len(s.Targets) > 0 {
			out[s.Name] = s.Targets
		}
	}
	return out
}

func grayOf(p schema.Project) map[schema.StageName]schema.GraySpec {
	out := map[schema.StageName]schema.GraySpec{}
	for _, s := range p.Stages {
		if s.Gray != nil {
			out[s.Name] = *s.Gray
		}
	}
	return out
}
