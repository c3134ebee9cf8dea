package status

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// heat is the table of transitions: where changes came from, against where they went. It is a table with numbers; the colour
// only adds to it.
type heat struct {
	Caption string
	Nodes   []string
	Rows    []heatRow
	Edges   []edgeTimes
	Note    string
}

type heatRow struct {
	From  string
	Cells []heatCell
}

type heatCell struct {
	N          int // what was let in
	Refused    int // changes that were held or denied, however often, and also where they were let in later
	Level      int // 0 to 5
	Href       string
	Text       string // what a screen reader says
	NotAllowed bool
	Back       bool // a way back, which is counted where it begins, on the diagonal
}

// edgeTimes is how long changes took along one edge.
type edgeTimes struct {
	From, To, P50, P95 string
	N                  int
}

// windows are the times that the table may look back; the first is what it does without being asked.
var windows = map[string]time.Duration{"24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "30d": 30 * 24 * time.Hour, "90d": 90 * 24 * time.Hour}

var windowNames = []string{"24h", "7d", "30d", "90d"}

// transitionsPage shows the table for a time.
func transitionsPage(req asked) (page, int) {
	p := basePage(req.cfg, req.view, req.now)
	p.Nav, p.Heading, p.Title, p.Alarms = navigation("/transitions"), "Transitions", "Transitions · "+p.Title, warnings(req.cfg, req.view, req.now)
	window := req.q.Get("window")
	if windows[window] == 0 {
		window = "30d"
	}
	result := req.q.Get("result")
	if !slices.Contains(schema.TransitionResults, result) {
		result = ""
	}
	for _, name := range windowNames {
		p.Filters = append(p.Filters, link{Text: name, Here: name == window, Href: transitionsLink(name, result)})
	}
	for _, r := range append([]string{""}, schema.TransitionResults...) {
		text := r
		if r == "" {
			text = "all results"
		}
		p.Pages = append(p.Pages, link{Text: text, Here: r == result, Href: transitionsLink(window, r)})
	}
	p.Text = notRead(req.view)
	p.Heat = heatOf(req.view, req.now, windows[window], result)
	return p, http.StatusOK
}

func transitionsLink(window, result string) string {
	values := url.Values{"window": {window}}
	if result != "" {
		values.Set("result", result)
	}
	return address("/transitions", values)
}

// heatOf counts the transitions of the kept records within a time, up to when the view was made.
func heatOf(v schema.View, now time.Time, within time.Duration, result string) *heat {
	if v.Journal == nil || len(v.Stages) == 0 {
		return nil
	}
	nodes := slices.Concat([]schema.StageName{schema.DraftNode}, v.Stages, []schema.StageName{schema.ArchiveNode})
	counts, most := countTransitions(v, within, result)
	name := nameOfWindow(within)
	out := &heat{Caption: fmt.Sprintf("Transitions in the last %s, from row to column", name)}
	for _, n := range nodes {
		out.Nodes = append(out.Nodes, safe(string(n)))
	}
	for _, from := range nodes {
		row := heatRow{From: safe(string(from))}
		for _, to := range nodes {
			c := counts[[2]schema.StageName{from, to}]
			c.NotAllowed = !allowed(v, from, to)
			c.Back = c.NotAllowed && c.none() && goesBack(v, from, to)
			c.Level = level(c.shown(result), most)
			q := pastQuery{from: string(from), to: string(to), result: result, within: within}
			if !c.none() {
				c.Href = q.link("/audit")
			}
			c.Text = fmt.Sprintf("%d from %s to %s", c.N, safe(string(from)), safe(string(to)))
			if c.Refused > 0 {
				c.Text += fmt.Sprintf(", %d not let in", c.Refused)
			}
			if c.NotAllowed {
				c.Text += ", not an allowed step"
			}
			row.Cells = append(row.Cells, c)
		}
		out.Rows = append(out.Rows, row)
	}
	if firstKept(v) > 1 && v.At.Sub(v.Journal.Since) < within {
		out.Note = "Only entries since " + stamp(v.Journal.Since) + " are kept here."
	}
	if result == "" || result == schema.Passed { // what was not let in took no time to be
		out.Edges = leadTimes(v, within)
	}
	return out
}

func nameOfWindow(within time.Duration) string {
	for name, d := range windows {
		if d == within {
			return name
		}
	}
	return within.String()
}

// none reports whether nobody tried it.
func (c heatCell) none() bool { return c.N == 0 && c.Refused == 0 }

// shown is what the colour goes by: what was let in, or what was not where that is asked for.
func (c heatCell) shown(result string) int {
	if result == "" || result == schema.Passed {
		return c.N
	}
	return c.Refused
}

// countTransitions counts what passed, and the changes that did not: one that is judged again and again is one.
func countTransitions(v schema.View, within time.Duration, result string) (map[[2]schema.StageName]heatCell, int) {
	counts, most, refused := map[[2]schema.StageName]heatCell{}, 0, map[schema.Attempt]bool{}
	for _, r := range v.Journal.Records {
		if r.Kind == "archive" && r.Code == "" {
			r.From, r.To, r.Result = r.Stage, schema.ArchiveNode, schema.Passed
		}
		if r.To == "" || r.Result == "" || v.At.Sub(r.At) > within || result != "" && r.Result != result {
			continue
		}
		edge := [2]schema.StageName{r.From, r.To}
		c := counts[edge]
		switch it := r.Attempt(); {
		case r.Result == schema.Passed:
			c.N++
		case !refused[it]:
			refused[it] = true
			c.Refused++
		}
		counts[edge], most = c, max(most, c.shown(result))
	}
	return counts, most
}

// level is a colour from 0 to 5, by the logarithm: a busy edge does not wash out the others.
func level(n, most int) int {
	if n == 0 || most == 0 {
		return 0
	}
	return max(1, int(math.Ceil(5*math.Log1p(float64(n))/math.Log1p(float64(most)))))
}

// allowed reports whether the lifecycle has the step. Stage-local files may change in any stage, and a stage may go back.
func allowed(v schema.View, from, to schema.StageName) bool {
	if from == to {
		return from != schema.DraftNode && from != schema.ArchiveNode
	}
	return slices.ContainsFunc(v.Steps, func(s schema.StepView) bool {
		return s.From == from && s.To == to && s.Event != "rollback"
	})
}

// goesBack reports whether the lifecycle has the step as a rollback alone.
func goesBack(v schema.View, from, to schema.StageName) bool {
	return slices.ContainsFunc(v.Steps, func(s schema.StepView) bool { return s.From == from && s.To == to && s.Event == "rollback" })
}

// tookAlong is how long changes took from one node to the next, sorted: from being let in there, or proposed, to being let in
// here.
func tookAlong(v schema.View, within time.Duration) map[[2]schema.StageName][]time.Duration {
	type at struct {
		app      schema.App
		stage    schema.StageName
		revision schema.Revision
	}
	let, took := map[at]time.Time{}, map[[2]schema.StageName][]time.Duration{}
	for _, r := range v.Journal.Records {
		if r.Result != schema.Passed || r.App == "" || r.To == schema.ArchiveNode || r.Removes() {
			continue
		}
		begin := let[at{r.App, r.From, r.Becomes}]
		if r.From == schema.DraftNode {
			begin = r.Opened
		}
		if !begin.IsZero() && r.From != r.To && v.At.Sub(r.At) <= within {
			took[[2]schema.StageName{r.From, r.To}] = append(took[[2]schema.StageName{r.From, r.To}], max(0, r.At.Sub(begin)))
		}
		if _, known := let[at{r.App, r.Stage, r.Becomes}]; !known {
			let[at{r.App, r.Stage, r.Becomes}] = r.At
		}
	}
	for _, all := range took {
		slices.Sort(all)
	}
	return took
}

// leadTimes are the quantiles of that.
func leadTimes(v schema.View, within time.Duration) []edgeTimes {
	took := tookAlong(v, within)
	var out []edgeTimes
	nodes := append([]schema.StageName{schema.DraftNode}, v.Stages...)
	for _, from := range nodes {
		for _, to := range v.Stages {
			all := took[[2]schema.StageName{from, to}]
			if len(all) == 0 {
				continue
			}
			out = append(out, edgeTimes{From: safe(string(from)), To: safe(string(to)), N: len(all), P50: atMost(quantile(all, 0.5)), P95: atMost(quantile(all, 0.95))})
		}
	}
	return out
}

// quantile of what is sorted: the smallest value that so many are not above.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(len(sorted)-1, max(0, int(math.Ceil(q*float64(len(sorted))))-1))]
}
