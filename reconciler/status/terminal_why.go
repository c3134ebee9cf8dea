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
	exitUnknown = 5 // nothing did when Git was last read, which is too long ago to say more
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
			return p.whyApp(v, app)
		}
		for _, c := range app.Cells {
			if c.Cell.Stage == cell.Stage {
				return p.why(v, c)
			}
		}
		p.line("%s", noStage(v, string(cell.Stage)))
		return exitUsage
	}
	p.line("%s", cmp.Or(nothing(v), noApp(v, string(cell.App))))
	return exitUsage
}

func (p paper) whyControl(v schema.View) int {
	if v.Control == nil && v.Unjudged != nil {
		p.line("%s: %s", p.strong("control files"), p.paint(wait, unjudgedText(v.Unjudged)))
		return exitWaits
	}
	if v.Control == nil {
		p.line("control files: nothing waits")
		return exitNothing
	}
	word := schema.Held
	if v.Control.Verdict.Outcome == schema.Deny {
		word = schema.Denied
	}
	p.line("%s: %s since %s", p.strong("control files"), p.paint(lookOf(word).Tone, string(word)), when(v.Control.Since, p.opts.Now))
	p.line("commit %s", short(v.Control.Commit))
	p.checklist(landed(v.Control.Verdict, p.opts))
	p.ways(waysOut(v, schema.CellView{Cell: schema.Control, Held: v.Control}, p.opts))
	return exitWaits
}

// whyApp writes the stages in which something stands in the way, or a line per stage if nothing does.
func (p paper) whyApp(v schema.View, app schema.AppView) int {
	written, exit := 0, exitNothing
	for _, c := range app.Cells {
		if Clear(c) {
			continue
		}
		if written++; written > 1 {
			p.line("")
		}
		p.why(v, c)
	}
	if written > 0 {
		return exitWaits
	}
	for _, c := range app.Cells {
		exit = max(exit, p.why(v, c))
	}
	return exit
}

// Clear reports whether nothing stands in a cell's way.
func Clear(c schema.CellView) bool {
	if c.Held != nil || c.Incident != nil || c.Unjudged != nil {
		return false
	}
	for _, t := range c.Targets {
		if t.Code != "" {
			return false
		}
	}
	return c.State == schema.Admitted || c.State == schema.Observed || c.State == schema.Absent || lookOf(c.State).Intended
}

func (p paper) why(v schema.View, c schema.CellView) int {
	stale := v.Stale(p.opts.Now)
	p.line("%s: %s", p.strong(safe(c.Cell.String())), p.state(c, stale))
	for _, n := range notices(v, p.opts.Now) {
		if n.about(c.Cell) {
			p.line("%s", p.paint(n.Tone, n.Text))
		}
	}
	if text := letInText(c); text != "" {
		p.line("%s", p.paint(wait, text))
	}
	if c.Gray != nil {
		p.line("%s", p.paint(busy, grayText(*c.Gray, p.opts.Now)))
	}
	p.instances(c.Instances, c)
	if text := notCounted(v, c.Cell.Stage); text != "" && c.Instances == nil && c.State != schema.Absent {
		p.line("%s", p.paint(quiet, text))
	}
	if text := unjudgedText(c.Unjudged); text != "" {
		p.line("%s", strings.TrimSpace(p.paint(wait, text)+" "+p.code(c.Unjudged.Code)))
		p.line("%s", unjudgedAdvice(*c.Unjudged, p.opts.Commands))
	}
	if Clear(c) && len(v.Unread) > 0 {
		for _, problem := range v.Unread {
			p.line("%s", p.paint(wait, "not found out: "+safe(problem)))
		}
		p.line("nothing stands in the way of what was judged")
		return exitUnknown
	}
	if Clear(c) && stale {
		p.line("nothing stood in the way then")
		return exitUnknown
	}
	if Clear(c) {
		p.targets(c, true)
		p.line("%s", clearText(c))
		p.coming(c)
		return exitNothing
	}
	var ways []way
	if c.Incident != nil {
		p.incident(*c.Incident)
		ways = append(ways, refWays(*c.Incident, p.opts)...)
	}
	if c.Held != nil {
		p.line("%s", changeText(*c.Held))
		if text := aboveText(c); text != "" {
			p.line("%s", p.paint(wait, text))
		}
		p.checklist(landed(c.Held.Verdict, p.opts))
		if sum := Risk(c.Held.Verdict); sum != "" {
			p.line("    risk  %s", sum)
		}
		p.instances(c.Held.Instances, schema.CellView{}) // of the stage before
		ways = append(ways, waysOut(v, c, p.opts)...)
	}
	p.targets(c, p.opts.Verbose)
	p.ways(ways)
	p.coming(c)
	return exitWaits
}

// coming is the line about what the stages before have.
func (p paper) coming(c schema.CellView) {
	if text := nextText(c, p.opts.Commands); text != "" {
		p.line("next: %s", text)
	}
}

// clearText ends the answer about a cell that nothing stands in the way of.
func clearText(c schema.CellView) string {
	if c.LetIn != nil && c.State == schema.Live {
		return fmt.Sprintf("nothing waits, but what is live was let in by mode %s alone and is not adopted: it is as intended once the admins adopt it (sluice adopt %s --app %s), or the change is made again through its gate",
			c.LetIn.Mode, safe(string(c.Cell.Stage)), safe(string(c.Cell.App)))
	}
	switch c.State {
	case schema.Absent:
		return "nothing waits"
	case schema.Observed:
		return "nothing stands in the way, and nothing is written: it is delivered, and live, once the stage is in another mode than observe"
	case schema.Admitted:
		if c.Gray != nil {
			return "nothing stands in the way: it widens step by step, each after its time and while the instances that have it are well"
		}
		return "nothing stands in the way: the targets are being written"
	}
	return "nothing stands in the way: this is as intended"
}

// state is the rest of the first line: the word, how long, and what runs meanwhile.
func (p paper) state(c schema.CellView, stale bool) string {
	text := p.paint(lookOf(c.State).Tone, safe(string(c.State)))
	if stale {
		text = p.paint(wait, "unknown now, was "+safe(string(c.State)))
	}
	if at := since(c); !at.IsZero() {
		text += " since " + when(at, p.opts.Now)
	}
	switch {
	case c.Seq == 0:
		return text + "; nothing was admitted before"
	case c.Revision == schema.None:
		return text
	case c.State == schema.Live, c.State == schema.Admitted, c.State == schema.Observed:
		text += ", " + name(c.Revision)
	default:
		text += "; admitted is " + name(c.Revision)
	}
	if p.opts.Verbose {
		text += fmt.Sprintf(" (%s, entry #%d)", name(c.Content), c.Seq)
	}
	return text
}

func (p paper) incident(i schema.Incident) {
	p.line("%s %s", p.paint(bad, incidentText(i)), p.code(i.Code))
	p.line("  seen   %s", tip(i.Seen))
	p.line("  found  %s", tip(i.Found))
	p.line("  %s", incidentMeans)
}

func tip(h schema.Hash) string {
	if h.IsZero() {
		return "nothing: the ref is gone"
	}
	return h.String()
}

// checklist writes what a verdict consists of, and below each line who or what clears it.
func (p paper) checklist(lines []Line) {
	p.line("")
	p.line("what stands in the way")
	width := 0
	for _, l := range lines {
		if l.Depth == 0 {
			width = max(width, len(l.Policy))
		}
	}
	indent := strings.Repeat(" ", 2+4+2+width+2)
	for _, l := range lines {
		p.check(l, width, indent)
		if text := advice(l.Clear, p.opts.Commands); text != "" {
			p.line("%s%s%s", indent, strings.Repeat("  ", l.Depth), text)
		}
		if !l.Earliest.IsZero() {
			p.line("%s%sclears by itself, earliest %s", indent, strings.Repeat("  ", l.Depth), when(l.Earliest, p.opts.Now))
		}
	}
}

func (p paper) check(l Line, width int, indent string) {
	if l.Depth > 0 {
		p.line("%s%s- %s %s", indent, strings.Repeat("  ", l.Depth-1), l.Text, p.code(l.Code))
		return
	}
	tones := map[Mark]tone{OK: good, Wait: wait, No: bad}
	p.line("  %s  %-*s  %s %s", p.paint(tones[l.Mark], fmt.Sprintf("%-4s", l.Mark)), width, l.Policy, l.Text, p.code(l.Code))
}

func (p paper) code(c schema.Code) string {
	if c == "" {
		return ""
	}
	return p.paint(quiet, "["+safe(string(c))+"]")
}

// changeText names what waits: kind, from and to, where it comes from and what brought it.
func changeText(h schema.HeldView) string {
	parts := []string{fmt.Sprintf("%s %s -> %s", safe(string(cmp.Or(h.Change.Kind, "change"))), name(h.Change.From.Revision), name(h.Change.To.Revision))}
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

// targets writes those that are not as admitted, and with all the others as well.
func (p paper) targets(c schema.CellView, all bool) {
	for _, t := range c.Targets {
		switch text := targetText(c, t); {
		case text != "":
			p.line("  %s  target  %s %s", p.paint(bad, "no  "), text, p.code(t.Code))
			if info, _ := schema.Explain(t.Code); advice(info.Fix, p.opts.Commands) != "" {
				p.line("                %s", advice(info.Fix, p.opts.Commands))
			}
		case !all:
		case t.Live:
			p.line("  %s  target  %s: read back %s", p.paint(good, "ok  "), safe(t.Name), when(t.At, p.opts.Now))
		default:
			p.line("  %s  target  %s: not read back yet", p.paint(busy, "wait"), safe(t.Name))
		}
		if text := foreignText(t); text != "" && all {
			p.line("                %s", text)
		}
	}
}
