package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
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
			for _, c := range closed(spec, now) {
				if c.Position.Line > 0 {
					out = append(out, gateAdvice(c.Position, len(c.Name), c.code, args{"stage": string(s.Name), "policy": c.Name, "why": c.why}))
				}
			}
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
func closed(p PolicySpec, now time.Time) []shut {
	if spec, err := p.Composed(); err == nil {
		var out []shut
		open := 0
		for _, part := range placed(spec.Of, p.Position) {
			found := closed(part, now)
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
			for _, s := range closed(part, now) {
				s.why, s.some = s.why+", of the changes that its when is for", true
				out = append(out, s)
			}
		}
		return out
	}
	return neverOpens(p, now)
}

// placed gives parts the position of what they are parts of, as [PolicySpec.Parts] does.
func placed(parts []PolicySpec, at Position) []PolicySpec {
	for i := range parts {
		parts[i].Position = at
	}
	return parts
}

// neverOpens finds why one policy lets nothing through.
func neverOpens(p PolicySpec, now time.Time) []shut {
	always := func(why string) []shut {
		if why == "" {
			return nil
		}
		return []shut{{PolicySpec: p, code: "gate-never-opens", why: why}}
	}
	switch p.Name {
	case "window":
		if spec, err := p.Calendar(); err == nil && len(spec.Weekly) == 0 {
			return always(spec.over(now))
		}
	case "freeze":
		if spec, err := p.Calendar(); err == nil && spec.wholeWeek() {
			return always("it freezes every hour of the week")
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

// over says that the last of the dates has passed.
func (c CalendarSpec) over(now time.Time) string {
	zone, err := c.Location()
	if err != nil || len(c.Dates) == 0 {
		return ""
	}
	last := slices.MaxFunc(c.Dates, func(a, b DateSpan) int { return cmp.Compare(a.Until, b.Until) }).Until
	wall := time.Unix(int64(last)*60, 0).UTC()
	end := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zone)
	if now.Before(end) {
		return ""
	}
	return fmt.Sprintf("its last span ended %s %s, so it is closed for ever", wall.Format("2006-01-02 15:04"), c.Zone)
}

// wholeWeek reports whether the weekly spans leave no minute of the week.
func (c CalendarSpec) wholeWeek() bool {
	reached := 0
	for _, w := range c.Weekly { // sorted by their beginning; one that runs over the end of the week covers its beginning
		if end := w.From + w.Long - minutesOfWeek; end > reached {
			reached = end
		}
	}
	for _, w := range c.Weekly {
		if w.From > reached {
			return false
		}
		reached = max(reached, w.From+w.Long)
	}
	return reached >= minutesOfWeek
}

// contradiction names bounds that exclude each other.
func (r TagRule) contradiction() string {
	least, most := "", ""
	for word := range strings.SplitSeq(r.Tag, ",") {
		switch name, _, _ := strings.Cut(word, "="); name {
		case "min", "gte":
			least = word
		case "max", "lte":
			most = word
		}
	}
	if least != "" && most != "" && numberOf(least) > numberOf(most) {
		return fmt.Sprintf("no value of %s is both %s and %s", r.Key, least, most)
	}
	return ""
}

// requires reports whether an app cannot do without the value: one of a star, or of a file that may not be there, it can.
func (r TagRule) requires() bool {
	return slices.Contains(strings.Split(r.Tag, ","), TagRequired) && r.NamesFile() && !slices.Contains(r.Names(), "*")
}

func numberOf(word string) float64 {
	_, text, _ := strings.Cut(word, "=")
	n, _ := strconv.ParseFloat(text, 64) // checked where it was read
	return n
}
