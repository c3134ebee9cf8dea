package lifecycle

import (
	"iter"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// way is a step without the gate that guards it.
type way struct {
	from schema.StageName
	on   Event
	to   schema.StageName
}

// ways are the steps of a project's lifecycle, by where they lead. Whoever asks whether a step exists asks here, the engine
// as much as the drawing: there is no second list.
func ways(p schema.Project) iter.Seq[way] {
	return func(yield func(way) bool) {
		for _, s := range p.Stages[:min(1, len(p.Stages))] {
			if !yield(way{Draft, Edit, s.Name}) {
				return
			}
		}
		for _, e := range p.Edges {
			if !yield(way{e.From, Promote, e.To}) {
				return
			}
		}
		for _, s := range p.Stages {
			if !yield(way{s.Name, Rollback, back(p, s.Name)}) {
				return
			}
		}
		for i, s := range p.Stages {
			if leads(p, s.Name) {
				continue
			}
			last := i == len(p.Stages)-1
			if !yield(way{s.Name, Archive, Archived}) || last && !yield(way{s.Name, Retire, Archived}) {
				return
			}
		}
	}
}

// Steps are the steps of a project's lifecycle, each with the gate that guards it.
func Steps(p schema.Project) iter.Seq[Step[schema.StageName, On]] {
	return func(yield func(Step[schema.StageName, On]) bool) {
		for w := range ways(p) {
			if !yield(step(w.from, w.on, w.to, w.guard())) {
				return
			}
		}
	}
}

func (w way) guard() string {
	switch w.on {
	case Rollback:
		return RollbackGate(w.from)
	case Archive:
		return ArchiveRule
	case Retire:
		return RetireGate(w.from)
	}
	return PromoteGate(w.to)
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
	for w := range ways(p) {
		if w.on == on && w.to == to {
			out = append(out, w.from)
		}
	}
	return out
}

// Leaves reports whether an event leads out of a node.
func Leaves(p schema.Project, from schema.StageName, on Event) bool {
	for w := range ways(p) {
		if w.on == on && w.from == from {
			return true
		}
	}
	return false
}

// Enters reports whether edits enter the stage.
func Enters(p schema.Project, stage schema.StageName) bool { return len(Sources(p, Edit, stage)) > 0 }

// Ends are the stages that lead nowhere: what was superseded there is archived.
func Ends(p schema.Project) []schema.StageName { return Sources(p, Archive, Archived) }
