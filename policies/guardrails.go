package policies

import (
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Guardrails asks that guard rails at the forge are up while a change enters: those that keep people from getting around
// merge requests. Every edition of the forge can lose them by one click.
type Guardrails struct{ schema.GuardrailsSpec }

// How old a look at the guard rails may be at the decision, and how much later than its beginning it may have been made.
const (
	guardsFresh = 15 * time.Minute
	guardsAhead = 5 * time.Minute
)

// Evaluate holds while a guard rail is not known to be up. A rail that warns is down: it is there in part, and the gate asks
// for all of it.
func (g Guardrails) Evaluate(f Facts) schema.Verdict {
	const policy = "guardrails"
	why := g.unusable(f)
	if len(g.Want) == 0 || why != "" {
		return answer(policy, schema.Hold, "guardrail-unknown", "guardrail", joined(g.Want), "ref", f.Ref, "why", why)
	}
	var parts []schema.Verdict
	for _, name := range g.Want {
		if v := judgeRail(f, name); v.Outcome != schema.Allow {
			parts = append(parts, v)
		}
	}
	if len(parts) > 0 {
		return schema.All(policy, parts...)
	}
	v := allow(policy)
	v.Args = map[string]string{"have": joined(g.Want)}
	return v
}

// unusable says why what was found is no answer about this change now; empty if it is one.
func (g Guardrails) unusable(f Facts) string {
	switch {
	case f.Guards == nil:
		return "nobody looked"
	case f.MergeRequest != nil && (f.Guards.Host != f.MergeRequest.Host || f.Guards.ProjectID != f.MergeRequest.ProjectID):
		return "they are another project's"
	case f.Now.Sub(f.Guards.At) > guardsFresh, f.Guards.At.Sub(f.Now) > guardsAhead:
		return "they were read at another time"
	}
	return ""
}

func judgeRail(f Facts, name string) schema.Verdict {
	const policy = "guardrails"
	subject := ""
	if schema.OfBranch(name) {
		subject = f.Ref
	}
	rail, found := f.Guards.Rail(name, subject)
	switch {
	case !found:
		return answer(policy, schema.Hold, "guardrail-unknown", "guardrail", name, "ref", subject, "why", "the forge does not tell of it")
	case rail.State == schema.GuardOK:
		return allow(policy)
	case rail.State == schema.GuardFail, rail.State == schema.GuardWarn:
		return answer(policy, schema.Hold, "guardrail-down", "guardrail", name, "ref", subject, "seen", rail.Seen, "fix", string(rail.Code))
	}
	return answer(policy, schema.Hold, "guardrail-unknown", "guardrail", name, "ref", subject, "why", rail.Seen)
}
