package stories_test

import (
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// tree tells what the gate said last of a cell: all of it, or of each policy that is named: "tree prod/a soak tags".
func (w *world) tree(words []string) []string {
	clone, repo := w.openLedger()
	defer repo.Close()
	stage, app, _ := strings.Cut(words[0], "/")
	state, _, err := clone.Ledger.Cell(w.ctx, schema.Cell{Stage: stageNamed(stage), App: schema.App(app)})
	w.must(err)
	if state.Held != nil {
		return branches(state.Held.Verdict, words[1:])
	}
	e, _, err := clone.Ledger.Entry(w.ctx, state.Admitted.Seq)
	w.must(err)
	return branches(e.Decision.Verdict, words[1:])
}

// branches are the lines of a verdict, or of its parts with these names.
func branches(v schema.Verdict, names []string) []string {
	if len(names) == 0 {
		return branch(v, "")
	}
	var out []string
	for _, name := range names {
		at := slices.IndexFunc(v.Parts, func(part schema.Verdict) bool { return part.Policy == name })
		if at < 0 {
			out = append(out, name+" was not asked")
			continue
		}
		out = append(out, branch(v.Parts[at], "")...)
	}
	return out
}

func branch(v schema.Verdict, margin string) []string {
	line := margin + v.Policy + " " + v.Outcome.String()
	if v.Code != "" {
		line += " [" + string(v.Code) + "]"
	}
	out := []string{line}
	for _, part := range v.Parts {
		out = append(out, branch(part, margin+"  ")...)
	}
	return out
}
