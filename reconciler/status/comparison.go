package status

import (
	"net/url"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// diffQuery is what the comparison may be asked for.
type diffQuery struct {
	app      schema.App
	from, to string
	all      bool
	after    string // the place of the last line of the page before
}

func readDiffQuery(q url.Values) diffQuery {
	out := diffQuery{app: schema.App(clip(q.Get("app"), longestName)), from: clip(q.Get("from"), 200), to: clip(q.Get("to"), 200), all: q.Has("all")}
	if after := q.Get("after"); aPlace(after, schema.View{}) == "" {
		out.after = after
	}
	return out
}

func (q diffQuery) link() string {
	values := url.Values{"app": {string(q.app)}, "from": {q.from}, "to": {q.to}}
	if q.all {
		values.Set("all", "")
	}
	if q.after != "" {
		values.Set("after", q.after)
	}
	return address("/diff", values)
}

// comparison is what somebody asks to compare, found in the view: the page and the API say the same of it.
type comparison struct {
	diffQuery
	of     schema.AppView
	nobody bool // there is no such app, and nothing else is found
	a, b   side
	why    string // why one of the sides is none
}

// comparison reads what is asked for. Where no sides are named it begins with those that say most.
func (req asked) comparison() comparison {
	out := comparison{diffQuery: readDiffQuery(req.q)}
	app, ok := findApp(req.view, string(out.app))
	if !ok {
		out.nobody = true
		return out
	}
	switch out.of = app; {
	case out.from == "" && out.to == "":
		out.from, out.to = firstSides(app)
	case out.from == "" || out.to == "":
		out.why = "Name both sides, from and to, or neither."
		return out
	}
	var wrong string
	out.a, out.why = sideOf(req.view, out.app, out.from)
	out.b, wrong = sideOf(req.view, out.app, out.to)
	out.why = strings.TrimSpace(out.why + " " + wrong)
	return out
}

// cellKeys is the cell that the address names, with what is admitted there as a side.
func (req asked) cellKeys() (schema.CellView, side, bool) {
	c, ok := req.view.Cell(schema.Cell{Stage: schema.StageName(req.path("stage")), App: schema.App(req.path("app"))})
	if !ok {
		return c, side{}, false
	}
	s, why := sideOf(req.view, c.Cell.App, string(c.Cell.Stage))
	return c, s, why == ""
}
