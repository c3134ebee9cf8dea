package schema

import "slices"

// adviceOnExclusive finds two levels of approvals that only the same people could meet, where nobody may act on both.
func adviceOnExclusive(s Stage, t Trust) Diagnostics {
	var sets [][]RoleName
	var levels []PolicySpec
	for _, p := range s.Gates.Promote {
		if spec, err := p.Duties(); err == nil {
			sets = append(sets, spec.Exclusive...)
		}
		if p.Name == "approvals" {
			levels = append(levels, p)
		}
	}
	var out Diagnostics
	for i, p := range levels {
		for _, q := range levels[:i] {
			a, errA := q.Approvals()
			b, errB := p.Approvals()
			if errA != nil || errB != nil || len(t.Principals) == 0 || !excluding(a.Roles, b.Roles, sets) {
				continue
			}
			first, second := max(a.Observed, a.Signed), max(b.Observed, b.Signed)
			have := mostApprovers(s.Name, t, a, b)
			each := mostApprovers(s.Name, t, a) >= first && mostApprovers(s.Name, t, b) >= second // else it is said already
			if each && have < first+second {
				out = append(out, gateAdvice(p.Position, len(p.Name), "approvals-impossible", args{
					"stage": string(s.Name), "need": count(first + second), "have": count(have),
				}))
			}
		}
	}
	return out
}

// excluding reports whether nobody acts for one change in a role of both: they have none in common, and one set has them all.
func excluding(a, b []RoleName, sets [][]RoleName) bool {
	return slices.ContainsFunc(sets, func(set []RoleName) bool {
		in := func(r RoleName) bool { return !slices.Contains(set, r) }
		return !slices.ContainsFunc(a, in) && !slices.ContainsFunc(b, in)
	}) && !slices.ContainsFunc(a, func(r RoleName) bool { return slices.Contains(b, r) })
}
