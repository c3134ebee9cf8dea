package policies

import (
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Widening is the question whether what some instances of a stage have may go to more of them.
type Widening struct {
	Now  time.Time
	Cell schema.Cell
	// Spec are the stage's steps by the rules in force; nil: it has none any more, and all get it.
	Spec     *schema.GraySpec
	Rule     schema.GrayRule // who has it
	Revision schema.Revision
	Content  schema.Content
	// Live is since when every required target has this step; zero while one does not.
	Live      time.Time
	Instances *schema.Consumers // nil: nobody looked
	Suspended *Suspension
}

// Next is who gets it after this step; nil is all.
func (w Widening) Next() *schema.GrayRule {
	if w.Spec == nil {
		return nil
	}
	step, ok := w.Spec.After(w.Rule.Permyriad)
	if !ok {
		return nil
	}
	rule := w.Spec.Rule(step)
	return &rule
}

// Evaluate allows the next step once this one has stood for its time and the instances that have it are well. No data is no step.
func (w Widening) Evaluate() schema.Verdict {
	const policy = "gray"
	in, share := string(w.Cell.Stage), schema.PercentText(w.Rule.Permyriad)
	switch {
	case w.Suspended != nil:
		return w.Suspended.verdict(w.Cell)
	case w.Spec == nil:
		return answer(policy, schema.Allow, "", "in", in, "share", share)
	case w.Live.IsZero():
		return answer(policy, schema.Hold, "gray-live", "in", in, "share", share)
	}
	stays := w.Spec.Stays(w.Rule.Permyriad)
	if earliest := w.Live.Add(stays).UTC(); w.Now.Before(earliest) {
		v := answer(policy, schema.Hold, "gray-time", "in", in, "share", share, "for", duration(stays))
		v.Earliest = &earliest
		return v
	}
	health := Health{w.Spec.Health}
	src := schema.Source{Stage: w.Cell.Stage, Content: w.Content}
	having := w.having()
	if why := health.unknown(Facts{Now: w.Now, Cell: w.Cell, Health: having}, src); why != "" {
		return answer(policy, schema.Hold, "health-unknown", "in", in, "why", why)
	}
	v := health.verdict(w.Cell.Stage)
	v.Policy, v.Args["share"] = policy, share
	if !health.enough(*having, w.Content) {
		v.Outcome, v.Code = schema.Hold, "health"
	}
	return v
}

// having are the instances that the rule chooses, as they report themselves.
func (w Widening) having() *schema.Consumers {
	if w.Instances == nil {
		return nil
	}
	out := *w.Instances
	out.Instances = slices.DeleteFunc(slices.Clone(out.Instances), func(c schema.Consumer) bool {
		return !w.Rule.Selects(w.Cell.App, w.Revision, c)
	})
	return &out
}
