package status

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// guardView is the section of the page about the guard rails at the forge: how many are how, and those that are not up.
type guardView struct {
	Text  string
	At    stampView
	Lines []checkLine
}

var guardTones = map[schema.GuardState]tone{schema.GuardFail: bad, schema.GuardUnknown: wait, schema.GuardWarn: wait, schema.GuardOK: good}

// stateOf is the state as it is shown; what nobody knows is unknown.
func stateOf(r schema.GuardRail) schema.GuardState {
	if !slices.Contains(schema.GuardStates, r.State) {
		return schema.GuardUnknown
	}
	return r.State
}

func guards(cfg Config, v schema.View) *guardView {
	if v.Guards == nil {
		return nil
	}
	out := &guardView{Text: guardCounts(*v.Guards), At: stamped(v.Guards.At, asOf(v))}
	for _, r := range down(*v.Guards) {
		state := stateOf(r)
		line := checkLine{Line: Line{Mark: Mark(state), Policy: safe(r.Name), Text: guardText(r), Code: schema.Code(safe(string(r.Code)))}, Tone: guardTones[state]}
		if info, ok := schema.Explain(r.Code); ok {
			line.Advice = advice(info.Fix, cfg.Commands)
		}
		out.Lines = append(out.Lines, line)
	}
	return out
}

// guardCounts says how many guard rails are in each state, worst first.
func guardCounts(g schema.Guards) string {
	counts := map[schema.GuardState]int{}
	for _, r := range g.Rails {
		counts[stateOf(r)]++
	}
	var parts []string
	for _, s := range schema.GuardStates {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	return strings.Join(parts, ", ")
}

// down are the guard rails that are not up, worst first.
func down(g schema.Guards) []schema.GuardRail {
	var out []schema.GuardRail
	for _, s := range schema.GuardStates {
		for _, r := range g.Rails {
			if s != schema.GuardOK && stateOf(r) == s {
				out = append(out, r)
			}
		}
	}
	return out
}

func guardText(r schema.GuardRail) string {
	if r.Subject == "" {
		return safe(r.Seen)
	}
	return safe(strings.TrimPrefix(r.Subject, "refs/heads/") + ": " + r.Seen)
}

// guards writes the same at the terminal.
func (p paper) guards(v schema.View) {
	if v.Guards == nil {
		return
	}
	p.line("")
	p.line("guard rails at the forge: %s, %s", guardCounts(*v.Guards), when(v.Guards.At, p.opts.Now))
	for _, r := range down(*v.Guards) {
		p.line("  %s %s %s", p.paint(guardTones[stateOf(r)], fmt.Sprintf("%-7s", stateOf(r))), safe(r.Name), guardText(r))
	}
}
