package status

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

type cell struct {
	ID, Stage, State, Symbol string
	Tone                     tone
	Absent                   bool
	Missing                  []checkLine // of Lines, those that are not met
	Revision, Was            string
	Since                    stampView
	MergeRequest             link
	Note, Change             string
	InTheWay                 int
	Above                    string      // what lies above the change that waits
	Risk                     string      // of the change that waits, with its arithmetic
	Unjudged                 []checkLine // why a change could not be judged
	Lines                    []checkLine
	Ways                     []way
	Targets                  []target
	Facts                    [][2]string
	Why, Next                string
	NextRequest              string // address of the merge request that Next waits for
	Live, Href               string
	Links                    []link // to its keys
	Runs                     string // how many instances run it
	Instances                *instancesPart
	Gray                     string
}

type target struct {
	Name, Word, Text string
	Silent           bool // it does not answer, since At
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
		out.MergeRequest = requestOf(v, c.MergeRequest)
	}
	if i := c.Instances; i != nil && state != unknown {
		out.Runs = runText(*i, c, "")
	}
	if c.Unjudged != nil {
		out.Unjudged = unjudgedLines(cfg, c.Unjudged)
	}
	if c.Held != nil {
		out.MergeRequest, out.Change, out.Lines = requestOf(v, c.Held.MergeRequest), changeText(*c.Held), checkLines(cfg, *c.Held, now)
		out.Risk, out.Above = Risk(c.Held.Verdict), aboveText(c)
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
		out = append(out, draft{Name: mergeRequest(d.IID), Title: safe(d.Title), Author: safe(d.Author), Href: cmp.Or(requestLink(v, d.IID), webLink(d.URL)), Opened: stamped(d.Opened, asOf(v))})
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
