package lifecycle

import (
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// Event is what moves a revision of an app from node to node.
type Event string

// The events of a project's lifecycle. What a change is follows from content, never from a label (DESIGN §4).
const (
	Edit     Event = "edit"     // its merge request was admitted into the first stage
	Promote  Event = "promote"  // it was admitted into a stage after one where it is live
	Rollback Event = "rollback" // another revision took its place again
	Retire   Event = "retire"   // the app ended in the last stage
	Archive  Event = "archive"  // it was superseded in the last stage for longer than the rollback window
)

// The two nodes that every lifecycle has beside its stages: a revision in an open merge request, and one that is over.
const (
	Draft    schema.StageName = "draft"
	Archived schema.StageName = "archived"
)

// Nodes returns the names of all nodes in the order of the lifecycle: draft, the stages, archived.
func Nodes(p schema.Project) []schema.StageName {
	nodes := []schema.StageName{Draft}
	for _, s := range p.Stages {
		nodes = append(nodes, s.Name)
	}
	return append(nodes, Archived)
}

// Of is the lifecycle of a revision in the project. Where a stage has several that lead to it, a rollback goes back to the
// one listed first; which one a revision came from is in the ledger. From the first stage it goes back to draft: only a merge
// request brings it again. Guards are named after the gate that answers them, such as "promote gate of gray".
func Of(p schema.Project) Definition[schema.StageName, On] {
	d := Definition[schema.StageName, On]{Initial: Draft, States: Nodes(p), Final: []schema.StageName{Archived}}
	for s := range Steps(p) {
		d.Steps = append(d.Steps, s)
	}
	slices.SortStableFunc(d.Steps, func(a, b Step[schema.StageName, On]) int {
		return slices.Index(d.States, a.From) - slices.Index(d.States, b.From)
	})
	return d
}

// On is an event with the stage that it leads to, so that a stage may lead to several.
type On struct {
	Event Event
	To    schema.StageName
}

// String is the event; where it leads shows in the step.
func (o On) String() string { return string(o.Event) }

// ArchiveRule is the guard of archiving: it is not live anywhere, and the rollback window is over.
const ArchiveRule = "rollback window"

// PromoteGate names the guard that a stage's promote gate is.
func PromoteGate(stage schema.StageName) string { return "promote gate of " + string(stage) }

// RollbackGate names the guard that a stage's rollback gate is.
func RollbackGate(stage schema.StageName) string { return "rollback gate of " + string(stage) }

// RetireGate names the guard that a stage's retire gate is.
func RetireGate(stage schema.StageName) string { return "retire gate of " + string(stage) }

func step(from schema.StageName, event Event, to schema.StageName, guard string) Step[schema.StageName, On] {
	return Step[schema.StageName, On]{From: from, On: On{event, to}, To: to, Guards: []string{guard}}
}
