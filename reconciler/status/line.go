package status

import (
	"cmp"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// Mark is the answer of one line of a checklist.
type Mark string

// The marks of a checklist.
const (
	No   Mark = "no"   // refused: only another change turns it into a yes
	Wait Mark = "wait" // evidence or time is missing
	OK   Mark = "ok"
)

// Line is one node of a verdict as people read it.
type Line struct {
	Mark   Mark
	Depth  int // 0 for a policy of the gate, more for what it consists of
	Policy string
	Code   schema.Code // empty on lines that are ok
	Text   string
	// Clear says who or what turns the line into a yes: what the registry advises. It may name any command of sluice.
	Clear    string
	Earliest time.Time // when time alone turns it into a yes; zero if it does not
}

// deepest bounds the nesting that is shown; what lies deeper is summed up by the line above it.
const deepest = 8

// Text makes a checklist of a verdict: each policy of the gate, and below those that do not allow what they miss. A
// verdict that does not allow always has a line that says so.
func Text(v schema.Verdict) []Line { return text(v, false) }

// Tree is like [Text] and has every node, also below lines that are ok.
func Tree(v schema.Verdict) []Line { return text(v, true) }

func text(v schema.Verdict, whole bool) []Line {
	out := flatten(nil, v, 0, whole)
	if v.Outcome != schema.Allow && !missing(out) {
		out = append([]Line{lineOf(schema.Verdict{Policy: v.Policy, Outcome: v.Outcome}, 0)}, out...)
	}
	return out
}

func missing(lines []Line) bool {
	for _, l := range lines {
		if l.Mark != OK {
			return true
		}
	}
	return false
}

// flatten leaves out nodes that only hold others together, and what already counts below a node that sums it up.
func flatten(out []Line, v schema.Verdict, depth int, whole bool) []Line {
	binds := v.Code == "" && len(v.Parts) > 0 && (v.Outcome != schema.Allow || v.Policy == "gate")
	if !binds {
		out = append(out, lineOf(v, depth))
		depth++
	}
	if depth > deepest || v.Outcome == schema.Allow && !whole && !binds {
		return out
	}
	for _, part := range v.Parts {
		if binds || whole || part.Outcome != schema.Allow {
			out = flatten(out, part, depth, whole)
		}
	}
	return out
}

func lineOf(v schema.Verdict, depth int) Line {
	l := Line{Mark: markOf(v.Outcome), Depth: depth, Policy: safe(cmp.Or(v.Policy, "gate"))}
	if v.Outcome == schema.Allow {
		l.Text = met(v)
		return l
	}
	code := cmp.Or(v.Code, "nothing-judged")
	l.Code, l.Text = schema.Code(safe(string(code))), safe(code.Message(policies.Said(v)))
	if v.Earliest != nil {
		l.Earliest = v.Earliest.UTC()
	} else if info, ok := schema.Explain(code); ok {
		l.Clear = info.Fix
	}
	return l
}

func markOf(o schema.Outcome) Mark {
	switch o {
	case schema.Allow:
		return OK
	case schema.Hold:
		return Wait
	}
	return No
}

// met is the short note beside a line that is ok. There is no code for it: nobody has to look anything up.
func met(v schema.Verdict) string {
	var parts []string
	add := func(before, arg string) {
		if value := v.Args[arg]; value != "" {
			parts = append(parts, before+value)
		}
	}
	switch v.Policy {
	case "approvals":
		add("", "have")
		add("of ", "need")
		add("by ", "by")
		add("asked only where these change: ", "untouched")
	case "freeze", "window":
		if v.Args["overridden"] != "" {
			add("passed while closed, by ", "by")
		}
	case "signed":
		add("by ", "signers")
	case "soak":
		add("", "need")
		add("in ", "in")
	case "provenance":
		add("", "kind")
		add("from ", "from")
	case "merge-request":
		add("", "merge_request")
	case "admins", "roots":
		add("", "have")
		add("of ", "need")
		add("by ", "by")
	case "duties":
		if as := v.Args["as"]; as != "" {
			add("", "by")
			add("counts as ", "as")
			break
		}
		add("merged by ", "by")
	case "pipeline":
		add("green: ", "jobs")
	case "health":
		add("", "need")
		add("in ", "in")
		add("since ", "since")
	case "guardrails":
		add("up: ", "have")
	case "cells":
		add("changes ", "alters")
	case "when":
		if len(v.Parts) == 0 {
			return "not for this change"
		}
	case "trust":
		add("under a root that ran out on ", "expired")
	}
	return safe(strings.Join(parts, " "))
}
