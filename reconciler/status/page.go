package status

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// page is what the templates print. It holds words and no decisions.
type page struct {
	Title   string
	Project string // its name where there are others
	Heading string
	Version string
	Class   string // of the body
	Refresh int    // seconds after which the page loads itself again where no script keeps it fresh; 0 for never
	Still   bool   // no script either
	Pause   link
	Nav     []link
	Fresh   string
	Alarms  []alarm
	Text    string // the one sentence on top
	Part    bool   // that is about some of the apps
	Filters []link
	Shown   string // how many of all there are match
	Stages  []string
	Rows    []row
	Pages   []link
	Drafts  []draft
	Cells   []cell // of one app
	Guards  *guardView
	Lanes   string

	Nodes     []lane
	Attention []attention
	More      int // of them that are not shown
	Records   []recordView
	Queue     []queued
	Heat      *heat
	Record    *recordView
	Checks    []checkLine
	Gates     []gateView
	Search    search
	Code      *codeView
	Facts     [][2]string
	Commands  []string
	Keys      *keysView
	JSON      string // where a program finds the same
	Table     string // and as a table
	Terminal  string // the command that shows the same
	Projects  []projectLine
	Found     []link // apps of every project
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

// search is the form above a list; a list without one leaves it empty.
type search struct {
	Action string
	Fields []searchField
}

type searchField struct {
	Name, Label, Value string
	Choices            []string // a list to choose from; nil: text
	Set                bool     // one of them is always chosen
	Any                string   // what it is called that none is; empty: any
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
	Risk                     string      // of the change that waits, with its arithmetic
	Unjudged                 []checkLine // why a change could not be judged
	Lines                    []checkLine
	Ways                     []way
	Targets                  []target
	Facts                    [][2]string
	Why, Next                string
	Live, Href               string
	Links                    []link // to its keys
	Runs                     string // how many instances run it
	Instances                *instancesPart
	Gray                     string
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
	p := page{Title: safe(title(v)), Project: safe(cfg.project), Version: safe(cfg.Version), Refresh: 10, Fresh: freshness(v, time.Time{}), Nav: navigation("")}
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
	if u := v.Unjudged; u != nil {
		p.Alarms = append(p.Alarms, alarm{Tone: wait, Text: "The control files are not as they were judged, and nothing is let in meanwhile.", At: stamped(u.Since, asOf(v)), Lines: unjudgedLines(cfg, u)})
	}
	for _, problem := range v.Problems {
		p.Alarms = append(p.Alarms, alarm{Tone: wait, Text: "Not found out in the last pass: " + safe(problem)})
	}
	return p
}

// asOf is the time that ages are counted to: when the view was made.
func asOf(v schema.View) time.Time { return v.At }

// startingPage says what goes on before anything is known: no zero stands there as if it were one.
func startingPage(cfg Config) page {
	return page{Title: "sluice", Heading: "sluice", Project: safe(cfg.project), Version: safe(cfg.Version), Refresh: 2, Text: startingText(cfg)}
}

func startingText(cfg Config) string {
	if cfg.Starting != nil {
		if now := cfg.Starting(); now.Doing != "" {
			text := "Starting: " + safe(now.Doing) + ", since " + now.Since.UTC().Format("15:04:05 UTC")
			if now.Done > 0 {
				text += fmt.Sprintf("; %s judged so far", counted(now.Done, "change"))
			}
			return text + ". Nothing is known yet."
		}
	}
	return "Starting: the repository is read for the first time. Nothing is known yet."
}

func missingPage(cfg Config, v schema.View, text string, now time.Time) page {
	p := basePage(cfg, v, now)
	p.Heading, p.Text, p.Refresh, p.Still, p.Alarms, p.Fresh = "Not found", text, 0, true, nil, ""
	return p
}

// navigation is the line of links on every page; here is the address of the one that is shown.
func navigation(here string) []link {
	out := []link{{Text: "Overview", Href: "/"}, {Text: "Apps", Href: "/apps"}, {Text: "Promotions", Href: "/promotions"},
		{Text: "Transitions", Href: "/transitions"}, {Text: "Audit", Href: "/audit"}, {Text: "Policies", Href: "/policies"}, {Text: "Health", Href: "/health"}}
	for i := range out {
		out[i].Here = out[i].Href == here
	}
	return out
}

// matrixPage shows apps against stages.
func matrixPage(req asked) (page, int) {
	v, q := req.view, readQuery(req.q, req.view)
	p := basePage(req.cfg, v, req.now)
	p.Nav, p.Heading, p.Title = navigation("/apps"), "Apps", "Apps · "+p.Title
	p.Pause, p.Still = pause(q), q.still
	if q.still {
		p.Refresh = 0
	}
	p.Drafts, p.Lanes = draftLane(v)
	if p.Text = nothing(v); p.Text != "" {
		return p, http.StatusOK
	}
	p.Text, p.Filters, p.Search = req.sum.summary(v.Stale(req.now)), filters(v, q, req.now), q.form(v)
	for _, s := range v.Stages {
		p.Stages = append(p.Stages, safe(string(s)))
	}
	apps := matching(v, q)
	if p.Part = len(apps) < len(v.Apps); p.Part {
		part := v
		part.Apps, part.Problems = apps, nil
		p.Text = "Of the apps that match: " + tallyOf(&part).summary(v.Stale(req.now))
		p.Shown = fmt.Sprintf("%d of %s match.", len(apps), counted(len(v.Apps), "app"))
	}
	if len(apps) == 0 {
		p.Shown = ""
		p.Text = "No app matches." + orNearest(q.text, appNames(v))
	}
	from := q.begin(apps)
	if q.after != "" {
		first := q
		first.after = ""
		p.Pages = append(p.Pages, link{Text: "from the start", Href: first.link()})
	}
	shown := apps[from:min(from+rowsPerPage, len(apps))]
	for _, app := range shown {
		p.Rows = append(p.Rows, rowOf(req.cfg, v, app, v.Stale(req.now)))
	}
	if rest := len(apps) - from - len(shown); rest > 0 {
		next := q
		next.after = string(shown[len(shown)-1].App)
		p.Pages = append(p.Pages, link{Text: fmt.Sprintf("%d more", rest), Href: next.link()})
	}
	return p, http.StatusOK
}

func appNames(v schema.View) []string {
	names := make([]string, len(v.Apps))
	for i, a := range v.Apps {
		names[i] = string(a.App)
	}
	return names
}

func rowOf(cfg Config, v schema.View, app schema.AppView, stale bool) row {
	r := row{App: strings.Split(safe(string(app.App)), "/"), Href: appLink(app.App)}
	for _, stage := range v.Stages {
		i := slices.IndexFunc(app.Cells, func(c schema.CellView) bool { return c.Cell.Stage == stage })
		if i < 0 { // which it is for who may not see it
			r.Cells = append(r.Cells, cell{Stage: safe(string(stage)), Absent: true, Note: "not shown"})
			continue
		}
		r.Cells = append(r.Cells, cellOf(cfg, v, app.Cells[i], stale))
	}
	return r
}

func cellOf(cfg Config, v schema.View, c schema.CellView, stale bool) cell {
	state, now := shown(c, stale), asOf(v)
	l := lookOf(state)
	out := cell{
		ID: safe(string(c.Cell.Stage)), Stage: safe(string(c.Cell.Stage)), State: safe(string(state)), Symbol: l.Symbol, Tone: l.Tone,
		Absent: c.State == schema.Absent, Since: stamped(since(c), now), Note: note(judgedPart(c)),
		Live: safe(string(c.Cell.Stage) + "/" + string(c.Cell.App)), Href: cellLink(c.Cell),
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
	if i := c.Instances; i != nil && state != unknown {
		out.Runs = fmt.Sprintf("%d of %d run it", i.Running, i.Total+i.Unread)
	}
	if c.Unjudged != nil {
		out.Unjudged = unjudgedLines(cfg, c.Unjudged)
	}
	if c.Held != nil {
		out.MergeRequest, out.Change, out.Lines = mergeRequest(c.Held.MergeRequest), changeText(*c.Held), checkLines(cfg, *c.Held, now)
		out.Risk = Risk(c.Held.Verdict)
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

// filters are the states that the apps which are asked for have cells in, each with how many apps it would leave: they count what
// choosing them shows.
func filters(v schema.View, q query, now time.Time) []link {
	all := q
	all.state, all.after = "", ""
	apps := matching(v, all)
	out := []link{{Text: fmt.Sprintf("all apps %d", len(apps)), Href: all.link(), Here: q.state == ""}}
	if v.Stale(now) {
		return out // no state is known to filter by
	}
	for _, s := range states() {
		one := all
		one.state = s
		n := 0
		for i := range apps {
			if one.wants(&apps[i], "") {
				n++
			}
		}
		if n > 0 && s != schema.Absent || q.state == s {
			out = append(out, link{Text: fmt.Sprintf("%s %d", s, n), Href: one.link(), Here: q.state == s})
		}
	}
	return out
}
