package policies

import (
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Freeze holds what would enter the stage during its spans.
type Freeze struct {
	Spans schema.CalendarSpec
	Zone  *time.Location // of Spans; without it nothing is let through
}

// Evaluate says when the freeze is over. It asks nothing about the kind of change: a gate of rollbacks that names it is
// bound by it, and no other (RULES R17).
func (p Freeze) Evaluate(f Facts) schema.Verdict {
	const policy = "freeze"
	if v, ok := timed(policy, p.Zone, f); !ok {
		return v
	}
	if _, frozen := wide.within(p.Spans, p.Zone, f.Now); !frozen {
		return allow(policy)
	}
	v := answer(policy, schema.Hold, "freeze", "stage", string(f.Cell.Stage))
	if end, ok := wide.end(p.Spans, p.Zone, f.Now); ok {
		v = clears(v, end, p.Zone)
	}
	return overridden(v, p.Spans.Override, f)
}

// Window holds what would enter the stage outside of its spans.
type Window struct {
	Spans schema.CalendarSpec
	Zone  *time.Location // of Spans; without it nothing is let through
}

// Evaluate says when the window opens.
func (p Window) Evaluate(f Facts) schema.Verdict {
	const policy = "window"
	if v, ok := timed(policy, p.Zone, f); !ok {
		return v
	}
	if _, open := narrow.within(p.Spans, p.Zone, f.Now); open {
		return allow(policy)
	}
	v := answer(policy, schema.Hold, "window-closed", "stage", string(f.Cell.Stage))
	if begin, ok := narrow.next(p.Spans, p.Zone, f.Now); ok {
		v = clears(v, begin, p.Zone)
	}
	return overridden(v, p.Spans.Override, f)
}

// overridden lets a change in that waits for time alone, where so many people as the gate says approved exactly this change: counted as
// approvals are. The verdict keeps what was passed over, and by whom. It is asked only once the time is known.
func overridden(v schema.Verdict, by *schema.ApprovalsSpec, f Facts) schema.Verdict {
	if by == nil || by.Observed+by.Signed == 0 {
		return v
	}
	asked := askedBy(*by).Evaluate(f)
	if asked.Outcome != schema.Allow {
		v.Args["override"] = people(*by)
		v.Parts = []schema.Verdict{asked}
		return v
	}
	out := answer(v.Policy, schema.Allow, "", "overridden", string(v.Code), "by", asked.Args["by"])
	if until := v.Args["until"]; until != "" {
		out.Args["until"] = until
	}
	out.Parts = []schema.Verdict{asked}
	return out
}

// people says how many of whom approvals are asked of: "2 approvals and 1 signed approval of admin or release".
func people(s schema.ApprovalsSpec) string {
	var numbers, roles []string
	add := func(n int, what string) {
		if n == 1 {
			numbers = append(numbers, "1 "+what)
		} else if n > 1 {
			numbers = append(numbers, number(n)+" "+what+"s")
		}
	}
	add(s.Observed, "approval")
	add(s.Signed, "signed approval")
	for _, r := range s.Roles {
		roles = append(roles, string(r))
	}
	return strings.Join(numbers, " and ") + " of " + strings.Join(roles, " or ")
}

// timed reports whether there is a clock to judge by.
func timed(policy string, zone *time.Location, f Facts) (schema.Verdict, bool) {
	switch {
	case f.Now.IsZero() || zone == nil:
		return answer(policy, schema.Hold, "clock", "why", "nobody says what time it is"), false
	case f.ClockSkew != 0:
		return answer(policy, schema.Hold, "clock", "skew", duration(coarse(f.ClockSkew))), false
	}
	return schema.Verdict{}, true
}

// clears adds the moment from which time alone holds nothing any more, as everybody's clocks show it.
func clears(v schema.Verdict, at time.Time, zone *time.Location) schema.Verdict {
	at = at.UTC()
	v.Earliest = &at
	v.Args["until"] = at.Format(time.RFC3339)
	v.Args["local"] = at.In(zone).Format("Mon 2006-01-02 15:04 ") + zone.String()
	return v
}
