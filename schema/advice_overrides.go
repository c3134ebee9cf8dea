package schema

import "slices"

// adviceOnOverrides finds exceptions that everything has which the approvals of its own gate let in: who asks no more for the exception than
// for the rule has none. They are the override of a window or freeze, the confirmation of fields or a breaker, and what lets a large change through.
func adviceOnOverrides(stage StageName, g Gate) Diagnostics {
	var out Diagnostics
	for _, p := range g.Leaves() {
		field, rest, asked := exception(p)
		if field == "" || p.Position.Line == 0 {
			continue
		}
		if slices.ContainsFunc(g, func(other PolicySpec) bool {
			every, err := other.Approvals()
			return err == nil && every.covers(asked)
		}) {
			out = append(out, gateAdvice(p.Position, len(p.Name), "override-always-met", args{"stage": string(stage), "policy": p.Name, "field": field, "rest": rest}))
		}
	}
	return out
}

// exception is which field of a policy asks for approvals beside those of the gate, what it holds whoever approves, and for which approvals;
// empty if it asks for none.
func exception(p PolicySpec) (field, rest string, asked ApprovalsSpec) {
	switch p.Name {
	case "freeze", "window":
		if c, err := p.Calendar(); err == nil && c.Override != nil {
			return "override", "", *c.Override
		}
	case "critical":
		if c, err := p.Critical(); err == nil {
			return "confirm", "", c.Confirm
		}
	case "breaker":
		if c, err := p.Breaker(); err == nil && c.Trip == TripConfirm {
			return "confirm", "", c.Confirm
		} else if err == nil && (len(c.Fields) > 0 || c.Risk > 0) {
			return "confirm", "while it has tripped", c.Confirm
		}
	case "limits":
		if c, err := p.Limits(); err == nil && c.Large > 0 {
			return "large", "deletions", ApprovalsSpec{Observed: c.Large, Roles: []RoleName{RoleApprover}, After: AfterLive, Bind: BindContent}
		}
	}
	return "", "", ApprovalsSpec{}
}

// covers reports whether what satisfies one of every change satisfies the other as well.
func (a ApprovalsSpec) covers(b ApprovalsSpec) bool {
	among := func(some, all []string) bool {
		return !slices.ContainsFunc(some, func(id string) bool { return !slices.Contains(all, id) })
	}
	return a.asksEvery() && a.Observed >= b.Observed && a.Signed >= b.Signed &&
		!slices.ContainsFunc(a.Roles, func(r RoleName) bool { return !slices.Contains(b.Roles, r) }) &&
		(b.Owners == nil || a.Owners != nil && among(a.Owners, b.Owners)) &&
		(a.After == b.After || b.After == AfterAny) && (a.Bind == b.Bind || b.Bind == BindContent)
}
