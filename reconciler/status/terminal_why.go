package status

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// The exit codes of [WriteWhy] (DESIGN §10).
const (
	exitNothing = 0 // nothing stands in the way
	exitWaits   = 1 // something does
	exitUsage   = 2 // there is no such app or stage
)

// WriteWhy says what stands between a cell and what Git wants for it, who can clear it and what else can be done. A cell
// without a stage asks about every stage of the app; [schema.Control] asks about the control files.
func WriteWhy(w io.Writer, v schema.View, cell schema.Cell, opts TextOptions) (exit int) {
	p := paper{to: w, opts: opts}
	if bar := staleBar(v, opts.Now); bar != "" {
		p.line("%s", p.paint(wait, bar))
	}
	if cell == schema.Control {
		return p.whyControl(v)
	}
	for _, app := range v.Apps {
		if app.App != cell.App {
			continue
		}
		if cell.Stage == "" {
			return p.whyApp(app)
		}
		for _, c := range app.Cells {
			if c.Cell.Stage == cell.Stage {
				return p.why(c)
			}
		}
		p.line("%s", noStage(v, string(cell.Stage)))
		return exitUsage
	}
	p.line("%s", cmp.Or(nothing(v), noApp(v, string(cell.App))))
	return exitUsage
}

func (p paper) whyControl(v schema.View) int {
	if v.Control == nil {
		p.line("control files: nothing waits")
		return exitNothing
	}
	p.line("%s: %s since %s", p.strong("control files"), heldWord(*v.Control), when(v.Control.Since, p.opts.Now))
	p.held(schema.Control, *v.Control, true)
	return exitWaits
}

// whyApp writes the stages in which something stands in the way, or a line per stage if nothing does.
func (p paper) whyApp(app schema.AppView) int {
	exit, written := exitNothing, 0
	for _, c := range app.Cells {
		if clear(c) {
			continue
		}
		if written++; written > 1 {
			p.line("")
		}
		exit = max(exit, p.why(c))
	}
	if written > 0 {
		return exit
	}
	for _, c := range app.Cells {
		p.why(c)
	}
	return exitNothing
}

// clear reports whether nothing stands in a cell's way.
func clear(c schema.CellView) bool {
	if c.Held != nil || c.Incident != nil {
		return false
	}
	for _, t := range c.Targets {
		if t.Code != "" {
			return false
		}
	}
	return c.State == schema.Admitted || c.State == schema.Absent || lookOf(c.State).Intended
}

func (p paper) why(c schema.CellView) int {
	p.line("%s: %s", p.strong(safe(c.Cell.String())), p.state(c))
	if c.Incident != nil {
		p.incident(*c.Incident)
	}
	if c.Held != nil {
		p.held(c.Cell, *c.Held, c.Seq == 0)
	}
	p.targets(c)
	if !clear(c) {
		return exitWaits
	}
	p.line("nothing stands in the way")
	return exitNothing
}

// state is the rest of the first line: the word, how long, and what runs meanwhile.
func (p paper) state(c schema.CellView) string {
	text := p.paint(lookOf(c.State).Tone, string(c.State))
	if at := since(c); !at.IsZero() {
		text += " since " + when(at, p.opts.Now)
	}
	switch {
	case c.Seq == 0:
		return text + "; nothing was admitted before"
	case c.State == schema.Live, c.State == schema.Admitted:
		text += ", " + c.Revision.String()
	default:
		text += "; admitted is " + c.Revision.String()
	}
	if p.opts.Verbose {
		text += fmt.Sprintf(" (%s, entry #%d)", c.Content, c.Seq)
	}
	return text
}

func (p paper) incident(i schema.Incident) {
	p.line("")
	p.line("%s %s", p.paint(bad, incidentText(i)), p.code(i.Code))
	p.line("  seen   %s", tip(i.Seen))
	p.line("  found  %s", tip(i.Found))
	p.line("  The ref is not followed: what was admitted stays live, and nothing new enters from it.")
	p.ways(restoreRef(i))
}

func tip(h schema.Hash) string {
	if h.IsZero() {
		return "nothing: the ref is gone"
	}
	return h.String()
}

func heldWord(h schema.HeldView) string {
	if h.Verdict.Outcome == schema.Deny {
		return string(schema.Denied)
	}
	return string(schema.Held)
}

// held writes the change, the checklist and the ways out. first says that nothing was admitted before.
func (p paper) held(cell schema.Cell, h schema.HeldView, first bool) {
	p.line("%s", changeText(h))
	p.line("")
	lines := Text(h.Verdict)
	width := 0
	for _, l := range lines {
		width = max(width, len(l.Policy)+2*l.Depth)
	}
	for _, l := range lines {
		p.check(l, width)
	}
	p.ways(waysOut(cell, h, first, p.opts))
}

// check writes one line of the checklist and, below it, who or what clears it.
func (p paper) check(l Line, width int) {
	tones := map[Mark]tone{OK: good, Wait: wait, No: bad}
	name := strings.Repeat("  ", l.Depth) + l.Policy
	p.line("  %s  %-*s  %s %s", p.paint(tones[l.Mark], fmt.Sprintf("%-4s", l.Mark)), width, name, l.Text, p.code(l.Code))
	indent := strings.Repeat(" ", 2+4+2+width+2)
	if clear := advice(l.Clear, p.opts.Commands); l.Clear != "" && clear != "" {
		p.line("%s%s", indent, clear)
	}
	if !l.Earliest.IsZero() {
		p.line("%searliest %s", indent, when(l.Earliest, p.opts.Now))
	}
}

func (p paper) code(c schema.Code) string {
	if c == "" {
		return ""
	}
	return p.paint(quiet, "["+safe(string(c))+"]")
}

// changeText names what waits: kind, from and to, where it comes from and what brought it.
func changeText(h schema.HeldView) string {
	parts := []string{fmt.Sprintf("%s %s -> %s", cmp.Or(h.Change.Kind, "change"), h.Change.From.Revision, h.Change.To.Revision)}
	if h.Change.Source != nil {
		parts[0] += " from " + safe(string(h.Change.Source.Stage))
	}
	if h.Change.Tune && h.Change.Kind != schema.Tune {
		parts[0] += " and a tune"
	}
	if h.MergeRequest != 0 {
		parts = append(parts, "merge request "+mergeRequest(h.MergeRequest))
	}
	return strings.Join(append(parts, "commit "+short(h.Commit)), ", ")
}

func (p paper) targets(c schema.CellView) {
	for _, t := range c.Targets {
		switch text := targetText(c, t); {
		case text != "":
			p.line("  %s  target %s: %s %s", p.paint(bad, "no  "), safe(t.Name), text, p.code(t.Code))
			if info, ok := schema.Explain(t.Code); ok {
				p.line("        %s", advice(info.Fix, p.opts.Commands))
			}
		case t.Live:
			p.line("  %s  target %s: read back %s", p.paint(good, "ok  "), safe(t.Name), when(t.At, p.opts.Now))
		default:
			p.line("  %s  target %s: not read back yet", p.paint(busy, "wait"), safe(t.Name))
		}
	}
}
