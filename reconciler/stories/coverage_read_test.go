package stories_test

import (
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// reading is how far a story was read.
type reading struct {
	shown
	story   string
	has     map[string]string // stage/app → revision
	asks    bool              // somebody broke the glass since the last pass
	own     bool              // the story changed the lifecycle
	above   [][2]string       // policies and outcomes in the tree that is being read, from its top
	without bool              // that tree lacks the merge request, and all that comes with it
}

func (r *reading) line(line string) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return
	}
	if !strings.HasPrefix(line, "    ") {
		r.command(words)
		return
	}
	if m := decided.FindStringSubmatch(line); m != nil {
		r.decision(m[1], stageNamed(m[2]), m[3], m[4], m[6], m[7])
	}
	if m := filed.FindStringSubmatch(line); m != nil {
		r.add(r.story, "step %s archive archived: taken", stageNamed(m[1]))
	}
	if m := asked.FindStringSubmatch(line); m != nil {
		r.policy(len(m[1])/2, m[2], m[3], m[4])
	}
	if line == "    exit 1" && r.asks {
		r.add(r.story, "break-glass: refused")
	}
}

func (r *reading) command(words []string) {
	r.without = false
	switch words[0] {
	case "seal":
		for _, m := range sealing.FindAllStringSubmatch(strings.Join(words, " "), -1) {
			r.has[string(stageNamed(m[1]))+"/"+m[2]] = m[3]
		}
	case "ask":
		r.asks = r.asks || len(words) > 2 && words[2] == "break-glass"
	case "rules":
		r.own = r.own || slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "after=") || strings.HasPrefix(w, "insert=") })
	}
}

// decision is an entry about a change: which step it takes or refuses, and which pair of stages has none.
func (r *reading) decision(entry string, stage schema.StageName, app, kind, to, rest string) {
	outcome := map[string]string{"hold": "hold", "deny": "deny"}[entry]
	how := "refused"
	if outcome == "" {
		outcome, how = "allow", "taken"
		r.has[string(stage)+"/"+app] = to
	}
	if entry == "break-glass" {
		r.add(r.story, "break-glass: allow")
		r.asks = false
		return
	}
	if strings.Contains(rest, " mode:") {
		return // where the gate is not enforced, what enters takes no step
	}
	r.add(r.story, "%s: %s", kind, outcome)
	if r.own {
		return
	}
	before := map[schema.StageName]schema.StageName{"testing": "development", "staging": "testing", "gray": "staging", "production": "gray"}[stage]
	switch schema.Kind(kind) {
	case schema.Edit:
		r.add(r.story, "step draft edit %s: %s", stage, how)
	case schema.Promote:
		r.add(r.story, "step %s promote %s: %s", before, stage, how)
	case schema.Rollback:
		if before == "" {
			before = lifecycle.Draft
		}
		r.add(r.story, "step %s rollback %s: %s", stage, before, how)
	case schema.Retire:
		r.add(r.story, "step %s retire archived: %s", stage, how)
	case schema.Override:
		r.override(stage, app, to, rest)
	}
}

// override names the stages that have what was refused, and does not lead here. What is archived is refused for ever.
func (r *reading) override(stage schema.StageName, app, to, rest string) {
	if strings.Contains(rest, "[archived]") {
		r.add(r.story, "step %s archive archived: refused", stage)
	}
	if !strings.Contains(rest, "[override]") {
		return
	}
	for cell, revision := range r.has {
		from, other, _ := strings.Cut(cell, "/")
		if other == app && revision == to && from != string(stage) {
			r.add(r.story, "no step %s to %s", from, stage)
		}
	}
}

// factMissing is what a policy says where it lacks a fact.
var factMissing = []string{
	"no-evidence", "evidence-missing", "health-unknown", "guardrail-unknown", "list-unusable", "schema-unusable", "job-missing", "clock", "retirement-record",
}

// policy is a node of a tree that was printed. What is missing below one is missing to it, unless it allows all the same.
func (r *reading) policy(depth int, policy, outcome, code string) {
	r.add(r.story, "policy %s: %s", policy, outcome)
	r.above = append(r.above[:min(depth, len(r.above))], [2]string{policy, outcome})
	r.without = r.without || code == "no-evidence"
	if !slices.Contains(factMissing, code) && (!r.without || outcome != "hold") {
		return
	}
	for _, node := range r.above {
		if node[1] != "allow" {
			r.add(r.story, "policy %s: missing", node[0])
		}
	}
}
