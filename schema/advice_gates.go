package schema

import (
	"cmp"
	"slices"
	"time"
)

// AdviceOnGates says what is allowed in a gate but probably not meant: one that lost its default approvals, one that never opens
// again, one that nobody passes. It needs nothing but the file and the time, and holds nothing. holds
// answers for expressions.
func (p Project) AdviceOnGates(now time.Time, holds Holds) Diagnostics {
	var out Diagnostics
	for i, s := range p.Stages {
		kinds := p.kindsOf(s)
		out = append(out, adviceOnDropped(s, kinds, asking{stage: s.Name, now: now, holds: holds})...)
		out = append(out, adviceOnWhen(s, kinds)...)
		out = append(out, p.adviceOnEdges(s)...)
		gates := []Gate{s.Gates.Promote, s.Gates.Rollback, s.Gates.Retire}
		abouts := []asking{{s.Name, kinds.maybe(), now, holds}, {s.Name, kinds.rollback, now, holds}, {s.Name, kinds.retire, now, holds}}
		for g, gate := range gates {
			out = append(out, adviceOnShut(gate, abouts[g])...)
		}
		for g, gate := range gates {
			out = append(out, adviceOnHours(s.Name, gate)...)
			out = append(out, adviceOnOverrides(s.Name, gate)...)
			out = append(out, adviceOnSecrets(s.Name, gate)...)
			out = append(out, adviceOnAlways(gate, abouts[g])...)
		}
		if at := s.Gates.RetireAt; at.Line > 0 && i < len(p.Stages)-1 {
			out = append(out, gateAdvice(at, len("retire"), "gate-never-asked", args{"stage": string(s.Name), "last": string(p.Stages[len(p.Stages)-1].Name)}))
		}
	}
	return slices.CompactFunc(out, func(a, b Diagnostic) bool { return a.Position == b.Position && a.Code == b.Code })
}

// adviceOnShut finds what lets nothing through.
func adviceOnShut(gate Gate, about asking) Diagnostics {
	var out Diagnostics
	for _, spec := range gate {
		for _, c := range closed(spec, about) {
			if c.Position.Line > 0 {
				out = append(out, gateAdvice(c.Position, len(c.Name), c.code, args{"stage": string(about.stage), "policy": c.Name, "why": c.why}))
			}
		}
	}
	return out
}

func gateAdvice(at Position, width int, code Code, a args) Diagnostic {
	return Diagnostic{Position: at, Width: width, Code: code, Message: code.Message(a)}
}

// shut is a policy that lets nothing through from now on, with why.
type shut struct {
	PolicySpec
	code Code
	why  string
	some bool // only of some changes: others pass
}

// closed finds what lets nothing through of a policy, whatever the change is. Of a choice it finds nothing while enough others are open.
func closed(p PolicySpec, about asking) []shut {
	if spec, err := p.Composed(); err == nil {
		var out []shut
		open := 0
		for _, part := range placed(spec.Of, p.Position) {
			found := closed(part, about)
			if !slices.ContainsFunc(found, func(s shut) bool { return !s.some }) {
				open++
			}
			out = append(out, found...)
		}
		if open >= spec.Need && spec.Need < len(spec.Of) {
			return nil
		}
		return out
	}
	if spec, err := p.When(); err == nil {
		var out []shut
		about = about.when(spec)
		for _, part := range placed(spec.Then, p.Position) {
			for _, s := range closed(part, about) {
				s.why, s.some = s.why+", of the changes that its when is for", true
				out = append(out, s)
			}
		}
		return out
	}
	return neverOpens(p, about)
}

// placed gives parts the position of what they are parts of, as [PolicySpec.Parts] does.
func placed(parts []PolicySpec, at Position) []PolicySpec {
	for i := range parts {
		parts[i].Position = at
	}
	return parts
}

// neverOpens finds why one policy lets nothing through.
func neverOpens(p PolicySpec, about asking) []shut {
	always := func(why string) []shut {
		if why == "" {
			return nil
		}
		return []shut{{PolicySpec: p, code: "gate-never-opens", why: why}}
	}
	switch p.Name {
	case "window":
		if spec, err := p.Calendar(); err == nil && len(spec.Weekly) == 0 && spec.Override == nil {
			return always(spec.over(about.now))
		}
	case "freeze":
		if spec, err := p.Calendar(); err == nil && spec.wholeWeek() && spec.Override == nil {
			return always("it freezes every hour of the week")
		}
	case "expression":
		if spec, err := p.Expression(); err == nil {
			return always(cmp.Or(neverTrue(spec.That, about.stage), about.always(spec.That, false)))
		}
	case "tags":
		spec, err := p.Tags()
		if err != nil {
			return nil
		}
		for _, rule := range spec.Rules {
			if why := rule.contradiction(); why != "" && rule.requires() {
				return always(why)
			} else if why != "" {
				return []shut{{PolicySpec: p, code: "tag-never-met", why: why, some: true}}
			}
		}
	}
	return nil
}
