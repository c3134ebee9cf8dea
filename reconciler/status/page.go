package status

import (
	"fmt"
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
	Alone   bool   // read from the ledger alone: nothing is good for sure
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
	More  link // where the rest of it is
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

// stampView is a time as the page prints it: for people and for programs. It is empty where the time is not known.
type stampView struct{ Text, Machine, Age, For string }

func stamped(t, now time.Time) stampView {
	if t.IsZero() {
		return stampView{}
	}
	return stampView{Text: stamp(t), Machine: t.UTC().Format(time.RFC3339), Age: relative(t, now), For: age(now.Sub(t))}
}

// basePage is what every page of a view has. Ages are as of the view, so that the page changes with the view alone.
func basePage(cfg Config, v schema.View, now time.Time) page {
	p := page{Title: safe(title(v)), Project: safe(cfg.project), Version: safe(cfg.Version), Refresh: 10, Fresh: freshness(v, time.Time{}), Alone: v.Alone != nil, Nav: navigation("")}
	p.Heading = p.Title
	p.Alarms = warnings(cfg, v, now)
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
		p.Alarms = append(p.Alarms, alarm{Tone: wait, Text: "The control files are not as they were judged, and nothing is let in meanwhile.", At: stamped(u.From(), asOf(v)), Lines: unjudgedLines(cfg, u)})
	}
	p.Alarms = append(p.Alarms, problemBars(v.Problems)...)
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
	p.Heading, p.Text, p.Refresh, p.Still, p.Alarms, p.Fresh = "Not found", text, 0, true, warnings(cfg, v, now), ""
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
