package status

import (
	"cmp"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// What is said of a change that no pass could judge.

// unjudgedLines are why a change could not be judged, and what helps.
func unjudgedLines(cfg Config, u *schema.UnjudgedView) []checkLine {
	return []checkLine{{Line: Line{Mark: Wait, Policy: "not judged", Text: unjudgedText(u), Code: schema.Code(safe(string(u.Code)))}, Tone: wait, Advice: unjudgedAdvice(*u, cfg.Commands)}}
}

// unjudgedAdvice says what brings an answer.
func unjudgedAdvice(u schema.UnjudgedView, commands []string) string {
	if u.Since.IsZero() {
		return "it is judged once sluice run has passed; git fetch brings its answer"
	}
	info, _ := schema.Explain(u.Code)
	return cmp.Or(advice(info.Fix, commands), "Each pass tries again; what was admitted stays meanwhile. The reconciler's log says more.")
}

// unjudgedText says that Git holds more than was judged; empty where it does not.
func unjudgedText(u *schema.UnjudgedView) string {
	switch {
	case u == nil:
		return ""
	case u.Since.IsZero():
		text := fmt.Sprintf("not judged yet: commit %s holds a change that no pass of the reconciler has recorded", short(u.Commit))
		if !u.Seen.IsZero() {
			text += ", seen first " + stamp(u.Seen)
		}
		return text
	}
	return fmt.Sprintf("commit %s holds a change that could not be judged since %s: %s", short(u.Commit), stamp(u.Since), unjudgedWhy(*u))
}

// unjudgedWhy is what a pass met; who may not read its words gets those of its code.
func unjudgedWhy(u schema.UnjudgedView) string {
	why := safe(u.Why)
	if info, known := schema.Explain(u.Code); why == "" && known {
		why = info.Title
	}
	return cmp.Or(why, "why is not told to you")
}

// judgedPart is a cell without what could not be judged, where that stands by itself.
func judgedPart(c schema.CellView) schema.CellView {
	c.Unjudged = nil
	return c
}
