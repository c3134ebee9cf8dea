package status

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// appPage shows one app in every stage, with everything that is known of it.
func appPage(req asked) (page, int) {
	app, ok := findApp(req.view, req.path("app"))
	if !ok {
		return missingPage(req.cfg, req.view, noApp(req.view, req.path("app")), req.now), http.StatusNotFound
	}
	p := oneApp(req, app)
	for _, c := range app.Cells {
		p.Cells = append(p.Cells, wholeCell(req, c))
	}
	p.Records = lastRecords(req, func(r schema.Record) bool { return r.App == app.App }, 20)
	return p, http.StatusOK
}

// cellPage shows one app in one stage.
func cellPage(req asked) (page, int) {
	app, ok := findApp(req.view, req.path("app"))
	if !ok {
		return missingPage(req.cfg, req.view, noApp(req.view, req.path("app")), req.now), http.StatusNotFound
	}
	stage := schema.StageName(req.path("stage"))
	i := slices.IndexFunc(app.Cells, func(c schema.CellView) bool { return c.Cell.Stage == stage })
	if i < 0 {
		return missingPage(req.cfg, req.view, "There is no such stage.", req.now), http.StatusNotFound
	}
	p := oneApp(req, app)
	p.Heading, p.Title = p.Heading+" in "+safe(string(stage)), safe(string(stage))+" · "+p.Title
	p.Cells = []cell{wholeCell(req, app.Cells[i])}
	p.Text = ""
	p.Records = lastRecords(req, func(r schema.Record) bool { return r.App == app.App && r.Stage == stage }, 20)
	return p, http.StatusOK
}

func findApp(v schema.View, name string) (schema.AppView, bool) {
	i := slices.IndexFunc(v.Apps, func(a schema.AppView) bool { return string(a.App) == name })
	if i < 0 {
		return schema.AppView{}, false
	}
	return v.Apps[i], true
}

// oneApp is what the pages about one app have in common: its way through the lifecycle above all.
func oneApp(req asked, app schema.AppView) page {
	v := req.view
	v.Problems = problemsOf(v.Problems, schema.Cell{Stage: schema.StageName(req.path("stage")), App: app.App})
	p := basePage(req.cfg, v, req.now)
	p.Nav = navigation("/apps")
	p.Heading, p.Title = safe(string(app.App)), safe(string(app.App))+" · "+p.Title
	p.Refresh, p.Filters = 30, whose(app)
	p.Text = summary(schema.View{Apps: []schema.AppView{app}, Looked: v.Looked, StaleAfter: v.StaleAfter, Alone: v.Alone, Ledger: v.Ledger}, req.now)
	stale := v.Stale(req.now)
	for _, c := range app.Cells {
		state := shown(c, stale)
		l := lookOf(state)
		p.Nodes = append(p.Nodes, lane{Name: safe(string(c.Cell.Stage)), Href: cellLink(c.Cell), Chips: []chip{{
			Text: safe(string(state)), Symbol: l.Symbol, Tone: l.Tone, Live: safe(string(c.Cell.Stage) + "/" + string(app.App)),
		}}, Here: req.path("stage") == string(c.Cell.Stage)})
	}
	return p
}

// wholeCell is a cell with everything that is known of it.
func wholeCell(req asked, c schema.CellView) cell {
	stale := req.view.Stale(req.now)
	out := cellOf(req.cfg, req.view, c, stale)
	out.Targets, out.Facts = targetsOf(c, asOf(req.view), stale), facts(c)
	if !stale {
		out.Next = nextText(c, req.cfg.Commands)
		if c.Next != nil {
			out.NextRequest = requestLink(req.view, c.Next.MergeRequest)
		}
	}
	if c.State == schema.Retired {
		out.Note = strings.TrimPrefix(out.Note+"; "+retiredText(req.view, c.Cell), "; ")
	}
	if c.Instances != nil {
		out.Instances = instancesOf(*c.Instances, c, asOf(req.view), stale)
	}
	if c.Gray != nil {
		out.Gray = grayText(*c.Gray, asOf(req.view))
	}
	if req.cfg.Content != nil {
		out.Links = keyLinks(req.view, c)
	}
	if c.Held != nil {
		out.Ways = waysOut(req.view, c, TextOptions{Commands: req.cfg.Commands})
		out.Why = fmt.Sprintf("sluice why %s %s", quote(string(c.Cell.App)), quote(string(c.Cell.Stage)))
	}
	return out
}

// retiredText says why an app has left a stage, who answers for it, and how long what ran there is kept, as far as that is recorded.
func retiredText(v schema.View, cell schema.Cell) string {
	var parts []string
	if app, ok := findApp(v, string(cell.App)); ok && app.Retirement != nil {
		parts = append(parts, "retired: "+safe(app.Retirement.Reason), "owner "+safe(app.Retirement.Owner))
	}
	if v.Journal == nil {
		return strings.Join(parts, "; ")
	}
	for _, r := range slices.Backward(v.Journal.Records) {
		if r.Kind != "archive" || r.App != cell.App || r.Stage != cell.Stage {
			continue
		}
		for _, s := range r.Says {
			if s.Name == "kept" || s.Name == "kept until" {
				return strings.Join(append(parts, fmt.Sprintf("what ran here is %s %s (entry #%d)", s.Name, safe(s.Text), r.Seq)), "; ")
			}
		}
	}
	return strings.Join(parts, "; ")
}

// keyLinks lead to the keys of a cell: what it has, what waits, how it differs from the stage before.
func keyLinks(v schema.View, c schema.CellView) []link {
	var out []link
	stage, has := string(c.Cell.Stage), c.Seq > 0 && c.Content != schema.NoContent
	compare := func(text, from, to string) {
		out = append(out, link{Text: text, Href: diffQuery{app: c.Cell.App, from: from, to: to}.link()})
	}
	if has {
		out = append(out, link{Text: "keys", Href: valuesLink(c.Cell)})
	}
	if c.Held != nil {
		compare("what waits", stage, stage+"@"+sideHeld)
	}
	if i := slices.Index(v.Stages, c.Cell.Stage); i > 0 && has {
		compare("against "+safe(string(v.Stages[i-1])), stage, string(v.Stages[i-1]))
	}
	if len(c.Targets) == 1 && has && c.State != schema.Live {
		compare("against what is live", stage, stage+"@"+sideLive)
	}
	return out
}

func targetsOf(c schema.CellView, now time.Time, stale bool) []target {
	var out []target
	for _, t := range c.Targets {
		view := target{Name: safe(t.Name), Word: "read back", Tone: good, Text: targetText(c, t), At: stamped(t.At, now)}
		switch {
		case stale:
			view.Word, view.Tone = string(unknown), wait
		case !t.Unknown.IsZero():
			view.Word, view.Tone, view.Silent, view.At = string(unknown), wait, true, stamped(t.Unknown, now)
		case t.Code == "drift" || t.Code == "drift-contested":
			view.Word, view.Tone = "not as admitted", bad
		case t.Code != "":
			view.Word, view.Tone = "not written", bad
		case !t.Live:
			view.Word, view.Tone = "not read back yet", busy
		}
		if text := foreignText(t); text != "" {
			view.Text = strings.TrimPrefix(view.Text+"; "+text, "; ")
		}
		out = append(out, view)
	}
	return out
}

// facts are the names under which the ledger and Git know a cell, for those who follow it there.
func facts(c schema.CellView) [][2]string {
	var out [][2]string
	add := func(name, value string) {
		if value != "" {
			out = append(out, [2]string{name, safe(value)})
		}
	}
	if c.Seq > 0 {
		add("ledger entry", fmt.Sprintf("#%d", c.Seq))
		add("revision", string(c.Revision))
		add("content", string(c.Content))
	}
	if h := c.Held; h != nil {
		add("recorded in entry", fmt.Sprintf("#%d", h.Seq))
		add("kind of change", string(cmp.Or(h.Change.Kind, "not known")))
		add("from revision", string(h.Change.From.Revision))
		add("to revision", string(h.Change.To.Revision))
		add("to content", string(h.Change.To.Content))
		add("commit", hashOrEmpty(h.Commit))
	}
	return out
}
