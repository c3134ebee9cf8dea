package lifecycle

import (
	"iter"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// Steps are the steps of a project's lifecycle, by where they lead. Whoever asks whether a step exists asks here, the engine
// as much as the drawing: there is no second list.
func Steps(p schema.Project) iter.Seq[Step[schema.StageName, On]] {
	return func(yield func(Step[schema.StageName, On]) bool) {
		for _, s := range p.Stages[:min(1, len(p.Stages))] {
			if !yield(step(Draft, Edit, s.Name, PromoteGate(s.Name))) {
				return
			}
		}
		for _, e := range p.Edges {
			if !yield(step(e.From, Promote, e.To, PromoteGate(e.To))) {
				return
			}
		}
		for _, s := range p.Stages {
			if !yield(step(s.Name, Rollback, back(p, s.Name), RollbackGate(s.Name))) {
				return
			}
		}
		for i, s := range p.Stages {
			if leads(p, s.Name) {
				continue
			}
			last := i == len(p.Stages)-1
			if !yield(step(s.Name, Archive, Archived, ArchiveRule)) || last && !yield(step(s.Name, Retire, Archived, RetireGate(s.Name))) {
				return
			}
		}
	}
}

// back is where a revision goes that was rolled back from.
func back(p schema.Project, stage schema.StageName) schema.StageName {
	for _, e := range p.Edges {
		if e.To == stage {
			return e.From
		}
	}
	return Draft
}

func leads(p schema.Project, stage schema.StageName) bool {
	return slices.ContainsFunc(p.Edges, func(e schema.Edge) bool { return e.From == stage })
}

// Sources are the stages from which an event leads to a node, in the order in which the project names them.
func Sources(p schema.Project, on Event, to schema.StageName) []schema.StageName {
	var out []schema.StageName
	for s := range Steps(p) {
		if s.On.Event == on && s.To == to {
			out = append(out, s.From)
		}
	}
	return out
}

// Leaves reports whether an event leads out of a node.
func Leaves(p schema.Project, from schema.StageName, on Event) bool {
	for s := range Steps(p) {
		if s.On.Event == on && s.From == from {
			return true
		}
	}
	return false
}

// Enters reports whether edits enter the stage.
func Enters(p schema.Project, stage schema.StageName) bool { return len(Sources(p, Edit, stage)) > 0 }

// Ends are the stages that lead nowhere: what was superseded there is archived.
func Ends(p schema.Project) []schema.StageName { return Sources(p, Archive, Archived) }
