package status

import (
	"fmt"
	"io"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// WriteStatus writes how things are: every app in every stage, or one app with a note per stage. An app that the view does
// not know gets the nearest names; known reports whether it was found.
func WriteStatus(w io.Writer, v schema.View, app string, opts TextOptions) (known bool) {
	p := paper{to: w, opts: opts}
	if app == "" {
		p.project(v)
		return true
	}
	for _, a := range v.Apps {
		if string(a.App) == app {
			p.app(v, a)
			return true
		}
	}
	p.line("%s", noApp(v, app))
	return false
}

func (p paper) project(v schema.View) {
	p.line("%s   %s", p.strong(safe(title(v))), freshness(v, p.opts.Now))
	p.alarms(v)
	if empty := nothing(v); empty != "" {
		p.line("%s", empty)
		return
	}
	p.line("%s", summary(v, p.opts.Now))
	p.line("")
	if !p.matrix(v, true) && !p.matrix(v, false) {
		p.list(v)
	}
	if lane := drafts(v); lane != "" {
		p.line("")
		p.line("%s", lane)
	}
	p.guards(v)
	p.instancesUnknown(v, v.Apps)
	p.next(v, v.Apps)
}

// instancesUnknown writes which stages' instances a clone cannot count.
func (p paper) instancesUnknown(v schema.View, apps []schema.AppView) {
	var stages []schema.StageName
	for _, app := range apps {
		for _, c := range app.Cells {
			if c.State != schema.Absent {
				stages = append(stages, c.Cell.Stage)
			}
		}
	}
	if text := notCounted(v, stages...); text != "" {
		p.line("%s", p.paint(quiet, text))
	}
}

// alarms are what makes the rest doubtful, so it comes first.
func (p paper) alarms(v schema.View) {
	if bar := staleBar(v, p.opts.Now); bar != "" {
		p.line("%s", p.paint(wait, bar))
	}
	for _, i := range v.Incidents {
		p.line("%s", p.paint(bad, incidentText(i)+", "+when(i.Since, p.opts.Now)))
	}
	for _, n := range notices(v, p.opts.Now) {
		p.line("%s", p.paint(n.Tone, n.Text))
	}
	if v.Control != nil {
		p.line("%s", p.paint(wait, controlText(*v.Control)+", "+when(v.Control.Since, p.opts.Now)))
	}
	if text := unjudgedText(v.Unjudged); text != "" {
		p.line("%s", p.paint(wait, "control files: "+text))
	}
	for _, problem := range v.Unread {
		p.line("%s", p.paint(wait, "not found out: "+safe(problem)))
	}
	for _, c := range causes(v.Problems) {
		p.line("%s", p.paint(wait, "not found out: "+c.String()))
	}
}

// matrix writes an app a line, and reports false without writing if the terminal is too narrow.
func (p paper) matrix(v schema.View, ages bool) bool {
	columns := []*column{{title: "APP"}}
	for _, stage := range v.Stages {
		columns = append(columns, &column{title: strings.ToUpper(safe(string(stage)))})
	}
	for _, app := range v.Apps {
		columns[0].add(safe(string(app.App)), "")
		for i, stage := range v.Stages {
			text, t := p.cell(v, app, stage, ages)
			columns[i+1].add(text, t)
		}
	}
	total := 0
	for _, c := range columns {
		total += max(widest(c.texts), len(c.title)) + 2
	}
	limit := p.opts.Width
	if limit == 0 {
		limit = 80
	}
	if total-2 > limit {
		return false
	}
	p.table(columns...)
	return true
}

func (p paper) cell(v schema.View, app schema.AppView, stage schema.StageName, ages bool) (string, tone) {
	for _, c := range app.Cells {
		if c.Cell.Stage != stage {
			continue
		}
		state := shown(c, v.Stale(p.opts.Now))
		t := lookOf(state).Tone
		if state == schema.Absent {
			return "-", t
		}
		text := safe(string(state))
		if c.Seq > 0 && c.Revision != schema.None {
			text = name(c.Revision) + " " + text
		}
		if at := since(c); ages && state != unknown && !at.IsZero() {
			text += " " + age(p.opts.Now.Sub(at))
		}
		return text, t
	}
	return "-", quiet
}

// list writes one cell a line, for narrow terminals and for grep.
func (p paper) list(v schema.View) {
	apps, rows := &column{title: "APP"}, newRows()
	for _, app := range v.Apps {
		for _, c := range app.Cells {
			if c.State != schema.Absent {
				apps.add(safe(string(app.App)), "")
				rows.add(v, c, p.opts)
			}
		}
	}
	p.table(append([]*column{apps}, rows.columns(p.opts)...)...)
}

func (p paper) app(v schema.View, app schema.AppView) {
	about := ""
	for _, l := range whose(app) {
		about += "   " + l.Text
	}
	p.line("%s%s   %s", p.strong(safe(string(app.App))), about, freshness(v, p.opts.Now))
	p.alarms(v)
	p.line("")
	rows := newRows()
	for _, c := range app.Cells {
		rows.add(v, c, p.opts)
	}
	p.table(rows.columns(p.opts)...)
	p.instancesUnknown(v, []schema.AppView{app})
	p.next(v, []schema.AppView{app})
}

// next names the command that says more about the first cell that is not as intended.
func (p paper) next(v schema.View, apps []schema.AppView) {
	if !p.opts.has("why") {
		return
	}
	for _, s := range states() {
		for _, app := range apps {
			for _, c := range app.Cells {
				if c.State == s && s != schema.Absent && !lookOf(s).Intended {
					p.line("next: sluice why %s %s", quote(string(c.Cell.App)), quote(string(c.Cell.Stage)))
					return
				}
			}
		}
	}
}

// rows are the columns that describe one cell a line.
type rows struct{ stage, revision, state, age, mr, seq, content, note *column }

func newRows() rows {
	return rows{
		stage: &column{title: "STAGE"}, revision: &column{title: "REVISION"}, state: &column{title: "STATE"}, age: &column{title: "AGE"},
		mr: &column{title: "MR"}, seq: &column{title: "ENTRY"}, content: &column{title: "CONTENT"}, note: &column{title: "NOTE"},
	}
}

func (r rows) columns(o TextOptions) []*column {
	out := []*column{r.stage, r.revision, r.state, r.age, r.mr}
	if o.Verbose {
		out = append(out, r.seq, r.content)
	}
	return append(out, r.note)
}

func (r rows) add(v schema.View, c schema.CellView, o TextOptions) {
	state := shown(c, v.Stale(o.Now))
	r.stage.add(safe(string(c.Cell.Stage)), "")
	r.state.add(safe(string(state)), lookOf(state).Tone)
	revision, old, mr, entry, content := "-", "", "", "", ""
	if c.Seq > 0 {
		revision, entry, content = name(c.Revision), fmt.Sprintf("#%d", c.Seq), name(c.Content)
	}
	if at := since(c); state != unknown && !at.IsZero() {
		old = age(o.Now.Sub(at))
	}
	if c.MergeRequest != 0 {
		mr = mergeRequest(c.MergeRequest)
	}
	if c.Held != nil {
		mr = mergeRequest(c.Held.MergeRequest) // what waits is what a person acts on
	}
	r.revision.add(revision, "")
	r.age.add(old, "")
	r.mr.add(mr, "")
	r.seq.add(entry, "")
	r.content.add(content, "")
	text := note(c)
	if text == "" && o.Verbose {
		text = nextText(c, nil)
	}
	r.note.add(text, "")
}
