package status

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// lane is one node of the lifecycle with what is in it.
type lane struct {
	Name, Href string
	Count      string
	Chips      []chip
	Oldest     stampView // since when the longest waiting change waits
	Here       bool
}

// chip is a state with how often it occurs.
type chip struct {
	Text, Symbol, Href string
	Tone               tone
	Live               string // the one cell that it is about, if it is one
}

// attention is something that is not as it should be: what, why, since when, and who or what helps.
type attention struct {
	State, Symbol, Where, Href string
	Tone                       tone
	Reason, Advice             string
	MergeRequest               link
	Risk                       string // with its arithmetic; empty where no breaker was asked
	Since                      stampView
	Code                       string // of the target that is not as it should be
}

// mostAttention keeps the list one that people read.
const mostAttention = 12

// overviewPage says in one sentence how the project is, and shows where to look.
func overviewPage(req asked) (page, int) {
	v := req.view
	p := basePage(req.cfg, v, req.now)
	p.Nav = navigation("/")
	p.Drafts, p.Lanes = draftLane(v)
	p.Guards = guards(req.cfg, v)
	if p.Text = nothing(v); p.Text != "" {
		return p, http.StatusOK
	}
	p.Text = req.sum.summary(v.Stale(req.now))
	p.Nodes = lanes(v, req.sum, v.Stale(req.now))
	p.Attention, p.More = attentions(req)
	p.Records = lastRecords(req, func(r schema.Record) bool { return r.Result == schema.Passed }, 10)
	p.Heat = heatOf(v, req.now, 30*24*time.Hour, "")
	return p, http.StatusOK
}

// wallPage is the overview for a screen on a wall: nothing to press, and no script.
func wallPage(req asked) (page, int) {
	p, code := overviewPage(req)
	p.Class, p.Nav, p.Still, p.Refresh, p.Drafts, p.Guards, p.Heat, p.Records = "wall", nil, true, 30, nil, nil, nil, nil
	p.Attention = p.Attention[:min(len(p.Attention), 5)]
	return p, code
}

// lanes are the nodes of the lifecycle in order: draft, the stages, archived.
func lanes(v schema.View, sum *tally, stale bool) []lane {
	out := []lane{{Name: string(schema.DraftNode), Href: "/promotions", Count: counted(len(v.Drafts), "merge request")}}
	if !v.Outside.DraftsKnown && len(v.Drafts) == 0 {
		out[0].Count = "unknown" // nobody asked the forge, or it did not answer: no zero stands for that
	}
	if stale {
		out[0].Count = "unknown"
	}
	if v.Narrowed {
		out[0].Count = "" // whose they are is not known, so none is shown
	}
	for _, stage := range v.Stages {
		out = append(out, laneOf(v, stage, sum.stage(v, stage), stale))
	}
	return append(out, lane{Name: string(schema.ArchiveNode), Href: query{state: schema.Retired}.link(), Count: counted(sum.ended, "app")})
}

func laneOf(v schema.View, stage schema.StageName, sum stageTally, stale bool) lane {
	count := func(s schema.CellState) int {
		switch {
		case stale && s == unknown:
			return sum.total
		case stale || s == unknown:
			return 0
		}
		return sum.counts.of(s)
	}
	out := lane{Name: safe(string(stage)), Href: query{stage: stage}.link(), Count: counted(sum.total, "app")}
	if !stale { // what waited then may have been let in since
		out.Oldest = stamped(sum.oldest, asOf(v))
	}
	for _, s := range append([]schema.CellState{unknown}, states()...) {
		if n := count(s); n > 0 && (!lookOf(s).Intended || n == sum.total) {
			l := lookOf(s)
			out.Chips = append(out.Chips, chip{Text: fmt.Sprintf("%d %s", n, s), Symbol: l.Symbol, Tone: l.Tone, Href: query{stage: stage, state: s}.link()})
		}
	}
	return out
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// attentions lists what somebody has to look at, worst first, of these what a breaker counts as the highest risk and then what is oldest
// first, and how many more there are.
func attentions(req asked) ([]attention, int) {
	v := req.view
	if v.Stale(req.now) {
		return nil, 0 // nothing is known of now; the bar above says so
	}
	cells := req.sum.trouble
	var out []attention
	for _, cell := range cells[:min(len(cells), mostAttention)] {
		c := *cell
		l := lookOf(c.State)
		a := attention{State: string(c.State), Symbol: l.Symbol, Tone: l.Tone, Where: safe(string(c.Cell.App)) + " in " + safe(string(c.Cell.Stage)),
			Href: cellLink(c.Cell), Reason: note(c), Since: stamped(since(c), asOf(v))}
		if c.Held != nil {
			a.Reason, a.Advice = missingReason(checkLines(req.cfg, *c.Held, asOf(v)))
			a.Risk, a.MergeRequest = Risk(c.Held.Verdict), requestOf(v, c.Held.MergeRequest)
		} else if c.Unjudged != nil {
			a.Advice = unjudgedAdvice(*c.Unjudged, req.cfg.Commands)
		} else if i := slices.IndexFunc(c.Targets, func(t schema.TargetView) bool { return t.Code != "" }); i >= 0 {
			if info, known := schema.Explain(c.Targets[i].Code); known {
				a.Code, a.Advice = string(info.Code), advice(info.Fix, req.cfg.Commands)
			}
		}
		out = append(out, a)
	}
	return out, len(cells) - len(out)
}

// riskHeld is the risk of what waits in a cell.
func riskHeld(c *schema.CellView) int {
	if c.Held == nil {
		return -1
	}
	tenths, _ := riskOf(c.Held.Verdict)
	return tenths
}

// missingReason is the first thing that stands in the way, and what helps against it.
func missingReason(lines []checkLine) (reason, help string) {
	for _, l := range lines {
		if l.Mark == OK {
			continue
		}
		if reason == "" {
			reason = cmp.Or(l.Text, l.Policy)
		}
		if l.At.Text != "" {
			return reason, "Earliest " + l.At.Text + "."
		}
		if l.Advice != "" {
			return reason, l.Advice
		}
	}
	return reason, ""
}
