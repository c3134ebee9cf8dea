package policies

import (
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// asking is how many of the verdicts are of policies that ask anything of the change.
func asking(parts []schema.Verdict) int {
	n := 0
	for _, p := range parts {
		if !idle(p) {
			n++
		}
	}
	return n
}

// idle reports whether a policy asks nothing of the change: it allows as it is not about such a change, which nobody may take for an answer.
// It reads that from the verdict, so that there is one rule and not two. What looks at the change and finds nothing wrong did ask.
func idle(v schema.Verdict) bool {
	if v.Outcome != schema.Allow {
		return false
	}
	switch v.Policy {
	case "soak", "health":
		return len(v.Args) == 0 // where they ask they say what for
	case "approvals":
		_, untouched := v.Args["untouched"]
		return untouched
	case "when", "all", "any", "at_least":
		return !slices.ContainsFunc(v.Parts, func(part schema.Verdict) bool { return !idle(part) }) // a when has none where it is not for the change
	}
	return false
}

// idleOf names the policies that ask nothing.
func idleOf(parts []schema.Verdict) string {
	var names []string
	for _, p := range parts {
		if idle(p) {
			names = append(names, p.Policy)
		}
	}
	return list(names)
}
