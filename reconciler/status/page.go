package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// page is what the templates print. It holds words and no decisions.
type page struct {
	Title   string
	Heading string
	Version string
	Refresh int // seconds after which the page loads itself again; 0 for never
	Pause   link
	Fresh   string
	Alarms  []alarm
	Text    string // the one sentence on top
	Filters []link
	Stages  []string
	Rows    []row
	Pages   []link
	Drafts  []draft
	Cells   []cell // of one app
	Guards  *guardView
	Lanes   string
}

type link struct {
	Text, Href string
	Here       bool
}

// alarm is a bar above everything else.
type alarm struct {
	Tone  tone
	Text  string
	At    stampView
	Lines []checkLine
	Ways  []way
}

type row struct {
	App   []string // its segments, between which a line may break
	Href  string
	Cells []cell
}

type cell struct {
	ID, Stage, State, Symbol string
	Tone                     tone
	Absent                   bool
	Missing                  []checkLine // of Lines, those that are not met
	Revision, Was            string
	Since                    stampView
	MergeRequest, Note       string
	Change                   string
	InTheWay                 int
	Lines                    []checkLine
	Ways                     []way
	Targets                  []target
	Facts                    [][2]string
	Why, Next                string
}

type target struct {
	Name, Word, Text string
	Tone             tone
	At               stampView
}

type draft struct {
	Name, Title, Author, Href string
	Opened                    stampView
}

// checkLine is a line of a checklist with what the page adds to it.
type checkLine struct {
	Line
	Tone   tone
	Advice string
	At     stampView
}

// stampView is a time as the page prints it: for people and for programs. It is empty where the time is not known.
type stampView struct{ Text, Machine, Age string }

func stamped(t, now time.Time) stampView {
	if t.IsZero() {
		return stampView{}
	}
	return stampView{Text: stamp(t), Machine: t.UTC().Format(time.RFC3339), Age: relative(t, now)}
}

// basePage is what every page of a view has. Ages are as of the view, so that the page changes with the view alone.
func basePage(cfg Config, v schema.View, now time.Time) page {
	p := page{Title: safe(title(v)), Version: safe(cfg.Version), Refresh: 10, Fresh: freshness(v, time.Time{})}
	p.Heading = p.Title
	if bar := staleBar(v, now); bar != "" {
		p.Alarms = append(p.Alarms, alarm{Tone: wait, Text: bar})
	}
	for _, i := range v.Incidents {
		p.Alarms = append(p.Alarms, alarm{Tone: bad, Text: incidentText(i) + ". " + incidentMeans,
			At: stamped(i.Since, asOf(v)), Ways: refWays(i, TextOptions{Commands: cfg.Commands})})
	}
	for _, n := range notices(v, now) {
		p.Alarms = append(p.Alarms, alarm{Tone: n.Tone, Text: n.Text, At: stamped(n.Since, asOf(v))})
	}
	if v.Control != nil {
		p.Alarms = append(p.Alarms, alarm{Tone: wait, Text: "A change of the control files waits.", At: stamped(v.Control.Since, asOf(v)),
			Lines: checkLines(cfg, *v.Control, asOf(v))})
	}
	for _, problem := range v.Problems {
		p.Alarms = append(p.Alarms, alarm{Tone: wait, Text: "Not found out in the last pass: " + safe(problem)})
	}
	return p
}

// asOf is the time that ages are counted to: when the view was made.
func asOf(v schema.View) time.Time { return v.At }

func startingPage(cfg Config) page {
	return page{Title: "sluice", Heading: "sluice", Version: safe(cfg.Version), Refresh: 2,
		Text: "Starting: the repository is read for the first time. Nothing is known yet."}
}

func missingPage(cfg Config, v schema.View, text string, now time.Time) page {
	p := basePage(cfg, v, now)
	p.Heading, p.Text, p.Refresh, p.Alarms, p.Fresh = "Not found", text, 0, nil, ""
	return p
}

func matrixPage(cfg Config, v schema.View, q query, now time.Time) page {
	p := basePage(cfg, v, now)
	p.Pause = pause(q)
	if q.still {
		p.Refresh = 0
	}
	p.Drafts, p.Lanes = draftLane(v)
	p.Guards = guards(cfg, v)
	if p.Text = nothing(v); p.Text != "" {
		return p
	}
	p.Text, p.Filters = summary(v, now), filters(v, q, now)
	for _, s := range v.Stages {
		p.Stages = append(p.Stages, safe(string(s)))
	}
	apps := matching(v, q.state)
	p.Pages = pageLinks(q, len(apps))
	from := min((q.page-1)*rowsPerPage, len(apps))
	for _, app := range apps[from:min(from+rowsPerPage, len(apps))] {
		p.Rows = append(p.Rows, rowOf(cfg, v, app, v.Stale(now)))
	}
	return p
}

func rowOf(cfg Config, v schema.View, app schema.AppView, stale bool) row {
	r := row{App: strings.Split(safe(string(app.App)), "/"), Href: appLink(app.App)}
	for _, stage := range v.Stages {
		i := slices.IndexFunc(app.Cells, func(c schema.CellView) bool { return c.Cell.Stage == stage })
		c := schema.CellView{Cell: schema.Cell{Stage: stage, App: app.App}, State: schema.Absent}
		if i >= 0 {
			c = app.Cells[i]
		}
		r.Cells = append(r.Cells, cellOf(cfg, v, c, stale))
	}
	return r
}

func cellOf(cfg Config, v schema.View, c schema.CellView, stale bool) cell {
	state, now := shown(c, stale), asOf(v)
	l := lookOf(state)
	out := cell{
		ID: safe(string(c.Cell.Stage)), Stage: safe(string(c.Cell.Stage)), State: safe(string(state)), Symbol: l.Symbol, Tone: l.Tone,
		Absent: c.State == schema.Absent, Since: stamped(since(c), now), Note: note(c),
	}
	if c.Seq > 0 && c.Revision != schema.None {
		out.Revision = name(c.Revision)
	}
	if state == unknown {
		out.Was, out.Since = "was "+safe(string(c.State)), stamped(v.Looked, now)
	}
	if c.MergeRequest != 0 {
		out.MergeRequest = mergeRequest(c.MergeRequest)
	}
	if c.Held != nil {
		out.MergeRequest, out.Change, out.Lines = mergeRequest(c.Held.MergeRequest), changeText(*c.Held), checkLines(cfg, *c.Held, now)
		for _, l := range out.Lines {
			if l.Mark != OK {
				out.Missing = append(out.Missing, l)
			}
			if l.Mark != OK && l.Depth == 0 {
				out.InTheWay++
			}
		}
	}
	return out
}

func checkLines(cfg Config, h schema.HeldView, now time.Time) []checkLine {
	tones := map[Mark]tone{OK: good, Wait: wait, No: bad}
	var out []checkLine
	for _, l := range landed(h.Verdict, TextOptions{Commands: cfg.Commands}) {
		out = append(out, checkLine{Line: l, Tone: tones[l.Mark], Advice: advice(l.Clear, cfg.Commands), At: stamped(l.Earliest, now)})
	}
	return out
}

func draftLane(v schema.View) ([]draft, string) {
	var out []draft
	for _, d := range v.Drafts {
		out = append(out, draft{Name: mergeRequest(d.IID), Title: safe(d.Title), Author: safe(d.Author), Href: webLink(d.URL), Opened: stamped(d.Opened, asOf(v))})
	}
	if len(v.Stages) == 0 {
		return out, ""
	}
	return out, fmt.Sprintf("%d open into %s", len(out), safe(string(v.Stages[0])))
}

// webLink lets only addresses of the web become links.
func webLink(address string) string {
	if strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return address
	}
	return ""
}

func pause(q query) link {
	turned := q
	turned.still = !q.still
	if q.still {
		return link{Text: "load this page again by itself", Href: turned.link()}
	}
	return link{Text: "stop loading this page again", Href: turned.link()}
}

func filters(v schema.View, q query, now time.Time) []link {
	counts := map[schema.CellState]int{}
	for _, app := range v.Apps {
		for _, c := range app.Cells {
			counts[c.State]++
		}
	}
	out := []link{{Text: fmt.Sprintf("all apps %d", len(v.Apps)), Href: query{page: 1, still: q.still}.link(), Here: q.state == ""}}
	if v.Stale(now) {
		return out // no state is known to filter by
	}
	for _, s := range states() {
		if counts[s] > 0 && s != schema.Absent {
			out = append(out, link{Text: fmt.Sprintf("%s %d", s, counts[s]), Href: query{state: s, page: 1, still: q.still}.link(), Here: q.state == s})
		}
	}
	return out
}

func matching(v schema.View, state schema.CellState) []schema.AppView {
	if state == "" {
		return v.Apps
	}
	var out []schema.AppView
	for _, app := range v.Apps {
		for _, c := range app.Cells {
			if c.State == state {
				out = append(out, app)
				break
			}
		}
	}
	return out
}

func pageLinks(q query, apps int) []link {
	if apps <= rowsPerPage {
		return nil
	}
	var out []link
	for n := 1; (n-1)*rowsPerPage < apps; n++ {
		turned := q
		turned.page = n
		out = append(out, link{Text: fmt.Sprint(n), Href: turned.link(), Here: n == q.page})
	}
	return out
}
