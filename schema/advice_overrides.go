package schema

import "slices"

// adviceOnOverrides finds a window or freeze that everything passes which the approvals of its own gate let in: who asks no more for the
// exception than for the rule has none.
func adviceOnOverrides(stage StageName, g Gate) Diagnostics {
	var out Diagnostics
	for _, p := range g {
		c, err := p.Calendar()
		if err != nil || c.Override == nil || p.Position.Line == 0 {
			continue
		}
		if slices.ContainsFunc(g, func(other PolicySpec) bool {
			asked, err := other.Approvals()
			return err == nil && asked.covers(*c.Override)
		}) {
			out = append(out, gateAdvice(p.Position, len(p.Name), "override-always-met", args{"stage": string(stage), "policy": p.Name}))
		}
	}
	return out
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
