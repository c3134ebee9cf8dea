package schema

import (
	"slices"
	"time"
)

// AdviceOnGates says what is allowed in a gate but probably not meant: one that lost its default approvals, one that never opens
// again, one that nobody passes. It needs nothing but the file and the time, and holds nothing.
func (p Project) AdviceOnGates(now time.Time) Diagnostics {
	var out Diagnostics
	for i, s := range p.Stages {
		kinds := p.kindsOf(s)
		out = append(out, adviceOnDropped(s, kinds, now)...)
		out = append(out, adviceOnWhen(s, kinds)...)
		for _, spec := range slices.Concat(s.Gates.Promote, s.Gates.Rollback, s.Gates.Retire) {
			for _, c := range closed(spec, now, s.Name) {
				if c.Position.Line > 0 {
					out = append(out, gateAdvice(c.Position, len(c.Name), c.code, args{"stage": string(s.Name), "policy": c.Name, "why": c.why}))
				}
			}
		}
		for _, gate := range []Gate{s.Gates.Promote, s.Gates.Rollback, s.Gates.Retire} {
			out = append(out, adviceOnHours(s.Name, gate)...)
			out = append(out, adviceOnOverrides(s.Name, gate)...)
			out = append(out, adviceOnSecrets(s.Name, gate)...)
			out = append(out, adviceOnAlways(s.Name, gate)...)
		}
		if at := s.Gates.RetireAt; at.Line > 0 && i < len(p.Stages)-1 {
			out = append(out, gateAdvice(at, len("retire"), "gate-never-asked", args{"stage": string(s.Name), "last": string(p.Stages[len(p.Stages)-1].Name)}))
		}
	}
	return slices.CompactFunc(out, func(a, b Diagnostic) bool { return a.Position == b.Position && a.Code == b.Code })
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
func closed(p PolicySpec, now time.Time, stage StageName) []shut {
	if spec, err := p.Composed(); err == nil {
		var out []shut
		open := 0
		for _, part := range placed(spec.Of, p.Position) {
			found := closed(part, now, stage)
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
		for _, part := range placed(spec.Then, p.Position) {
			for _, s := range closed(part, now, stage) {
				s.why, s.some = s.why+", of the changes that its when is for", true
				out = append(out, s)
			}
		}
		return out
	}
	return neverOpens(p, now, stage)
}

// placed gives parts the position of what they are parts of, as [PolicySpec.Parts] does.
func placed(parts []PolicySpec, at Position) []PolicySpec {
	for i := range parts {
		parts[i].Position = at
	}
	return parts
}

// neverOpens finds why one policy lets nothing through.
func neverOpens(p PolicySpec, now time.Time, stage StageName) []shut {
	always := func(why string) []shut {
		if why == "" {
			return nil
		}
		return []shut{{PolicySpec: p, code: "gate-never-opens", why: why}}
	}
	switch p.Name {
	case "window":
		if spec, err := p.Calendar(); err == nil && len(spec.Weekly) == 0 && spec.Override == nil {
			return always(spec.over(now))
		}
	case "freeze":
		if spec, err := p.Calendar(); err == nil && spec.wholeWeek() && spec.Override == nil {
			return always("it freezes every hour of the week")
		}
	case "expression":
		if spec, err := p.Expression(); err == nil {
			return always(neverTrue(spec.That, stage))
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
