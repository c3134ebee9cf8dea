package schema

import (
	"cmp"
	"strings"
)

// adviceOnAlways finds policies that let everything through, by their words alone: they look like a guard and are none. That a gate asks for
// no approval is said elsewhere.
func adviceOnAlways(g Gate, about asking) Diagnostics {
	var out Diagnostics
	for _, p := range g {
		why := alwaysMet(p, about)
		if why == "" || p.Name == "approvals" || p.Position.Line == 0 {
			continue
		}
		out = append(out, gateAdvice(p.Position, len(p.Name), "always-met", args{"stage": string(about.stage), "policy": p.Name, "why": why}))
	}
	return out
}

// alwaysMet says why everything passes a policy; empty if something may not.
func alwaysMet(p PolicySpec, about asking) string {
	if spec, err := p.Composed(); err == nil {
		met, why := 0, ""
		for _, part := range spec.Of {
			if reason := alwaysMet(part, about); reason != "" && (spec.Need == len(spec.Of) || !sometimesIdle(part)) {
				met, why = met+1, "in its "+part.Name+", "+reason
			}
		}
		if spec.Need > 0 && met >= spec.Need {
			return why
		}
		return ""
	}
	if spec, err := p.When(); err == nil {
		why := ""
		about = about.when(spec)
		for _, part := range spec.Then {
			if why = alwaysMet(part, about); why == "" {
				return ""
			}
		}
		return why
	}
	switch p.Name {
	case "approvals":
		if spec, err := p.Approvals(); err == nil && spec.Observed+spec.Signed == 0 {
			return "it asks for nobody"
		}
	case "expression":
		if spec, err := p.Expression(); err == nil {
			return cmp.Or(alwaysTrue(spec.That, about.stage), about.always(spec.That, true))
		}
	case "soak":
		if spec, err := p.Soak(); err == nil && spec.For == 0 && spec.In == "" {
			return "it asks for no time"
		}
	case "freeze":
		if spec, err := p.Calendar(); err == nil && len(spec.Weekly) == 0 {
			return spec.past(about.now)
		}
	case "window":
		if spec, err := p.Calendar(); err == nil && spec.wholeWeek() {
			return "it is open every hour of the week"
		}
	}
	return ""
}

// alwaysTrue says why an expression is true of every change into a stage, as far as its words alone tell.
func alwaysTrue(text string, stage StageName) string {
	text = strings.TrimSpace(text)
	if text == "true" {
		return "it is true, whatever the change is"
	}
	if m := ofStage.FindStringSubmatch(text); m != nil && m[1] == string(stage) && !strings.Contains(text, "&&") {
		return "it asks for the stage " + m[1] + ", which is the one of this gate"
	}
	return ""
}
