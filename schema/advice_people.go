package schema

import "slices"

// adviceOnNone says that a gate asks for no approval, in so many words.
func adviceOnNone(stage StageName, spec PolicySpec) Diagnostics {
	if ask, err := spec.Approvals(); err != nil || ask.Observed+ask.Signed > 0 {
		return nil
	}
	return Diagnostics{gateAdvice(spec.Position, len(spec.Name), "approvals-not-enforced", args{"stage": string(stage)})}
}

// adviceOnPeople says of all approvals that a policy asks for, and of those of its parts, whether there are people who can give them. Of a choice
// it says nothing of the sort while enough others can be met.
func adviceOnPeople(stage StageName, p PolicySpec, t Trust) Diagnostics {
	var out Diagnostics
	met := 0
	for _, part := range p.Parts() {
		found := adviceOnPeople(stage, part, t)
		if !slices.ContainsFunc(found, impossible) {
			met++
		}
		out = append(out, found...)
	}
	if spec, err := p.Composed(); err == nil && met >= spec.Need {
		out = slices.DeleteFunc(out, impossible)
	}
	for _, ask := range p.asksPeople() {
		out = append(out, adviceOnAsked(stage, p, ask, t)...)
	}
	return slices.CompactFunc(out, func(a, b Diagnostic) bool { return a.Position == b.Position && a.Message == b.Message })
}

func impossible(d Diagnostic) bool { return d.Code == "approvals-impossible" }

// asksPeople are the approvals that a policy by itself may ask for: always, for what it confirms, or to let in sooner.
func (s PolicySpec) asksPeople() []ApprovalsSpec {
	if ask, err := s.Approvals(); err == nil {
		return []ApprovalsSpec{ask}
	}
	if spec, err := s.Calendar(); err == nil && spec.Override != nil {
		return []ApprovalsSpec{*spec.Override}
	}
	if spec, err := s.Critical(); err == nil {
		return []ApprovalsSpec{spec.Confirm}
	}
	if spec, err := s.Breaker(); err == nil {
		return []ApprovalsSpec{spec.Confirm}
	}
	if spec, err := s.Limits(); err == nil && spec.Large > 0 {
		return []ApprovalsSpec{{Observed: spec.Large, Roles: []RoleName{RoleApprover}}}
	}
	return nil
}

// adviceOnAsked says of approvals that a policy asks for whether there are people who can give them.
func adviceOnAsked(stage StageName, p PolicySpec, ask ApprovalsSpec, t Trust) Diagnostics {
	if len(t.Principals) == 0 {
		return nil
	}
	note := func(code Code, a args) Diagnostic {
		a["stage"] = string(stage)
		return gateAdvice(p.Position, len(p.Name), code, a)
	}
	var out Diagnostics
	need := max(ask.Observed, ask.Signed) // one person can count as both
	if have := mostApprovers(stage, t, ask); have < need {
		out = append(out, note("approvals-impossible", args{"need": count(need), "have": count(have)}))
	}
	for _, id := range ask.Owners {
		if _, known := t.Principal(id); known {
			continue
		}
		var ids []string
		for _, who := range t.Principals {
			ids = append(ids, who.ID)
		}
		d := note("owner-unknown", args{"person": id})
		d.Hint = didYouMean(id, ids)
		out = append(out, d)
	}
	return out
}
