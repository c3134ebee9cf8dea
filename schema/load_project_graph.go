package schema

import (
	"slices"
	"strings"
)

// link turns after: into edges; a stage without it comes after the one listed before it.
// It returns false where a name is wrong: then nothing can be said of the graph.
func (r *projectReader) link(drafts []stageDraft) bool {
	good := len(r.src.found)
	var names []string
	for _, d := range drafts {
		names = append(names, string(d.stage.Name))
	}
	for i := range drafts {
		d := &drafts[i]
		if !d.linked && i > 0 {
			d.after = []stageRef{{drafts[i-1].stage.Name, d.at}}
		}
		for n, ref := range d.after {
			switch {
			case !slices.Contains(names, string(ref.name)):
				r.src.report(ref.at, "unknown-stage", didYouMean(string(ref.name), names), args{"stage": string(ref.name)})
			case slices.ContainsFunc(d.after[:n], func(other stageRef) bool { return other.name == ref.name }):
				r.src.report(ref.at, "bad-value", "", args{"field": join(d.path, "after"), "why": string(ref.name) + " is named twice"})
			default:
				r.project.Edges = append(r.project.Edges, Edge{From: ref.name, To: d.stage.Name})
			}
		}
	}
	return len(r.src.found) == good
}

// checkGraph asks that edits enter the first stage, that every stage can be reached from there, and that the list is in the
// order of the lifecycle.
func (r *projectReader) checkGraph(drafts []stageDraft) {
	if r.checkCycle(drafts) {
		return
	}
	first := drafts[0]
	for _, ref := range first.after {
		r.src.report(ref.at, "stage-order", "", args{"stage": string(first.stage.Name), "before": string(ref.name)})
	}
	reached := map[StageName]bool{first.stage.Name: true}
	for i, d := range drafts[1:] {
		for _, ref := range d.after {
			if !slices.ContainsFunc(drafts[:i+1], func(above stageDraft) bool { return above.stage.Name == ref.name }) {
				r.src.report(ref.at, "stage-order", "", args{"stage": string(d.stage.Name), "before": string(ref.name)})
			}
			reached[d.stage.Name] = reached[d.stage.Name] || reached[ref.name]
		}
		if !reached[d.stage.Name] {
			r.src.report(d.at, "unreachable-stage", "", args{"stage": string(d.stage.Name), "first": string(first.stage.Name)})
		}
	}
}

// checkCycle reports the first circle of stages that it finds.
func (r *projectReader) checkCycle(drafts []stageDraft) bool {
	after := map[StageName][]stageRef{}
	for _, d := range drafts {
		after[d.stage.Name] = d.after
	}
	done := map[StageName]bool{}
	var walk func(name StageName, trail []string) bool
	walk = func(name StageName, trail []string) bool {
		for _, ref := range after[name] {
			if i := slices.Index(trail, string(ref.name)); i >= 0 {
				circle := append(slices.Clone(trail[i:]), string(ref.name))
				slices.Reverse(circle)
				r.src.report(ref.at, "stage-cycle", "", args{"path": strings.Join(circle, " → ")})
				return true
			}
			if !done[ref.name] && walk(ref.name, append(trail, string(ref.name))) {
				return true
			}
		}
		done[name] = true
		return false
	}
	return slices.ContainsFunc(drafts, func(d stageDraft) bool {
		return !done[d.stage.Name] && walk(d.stage.Name, []string{string(d.stage.Name)})
	})
}
