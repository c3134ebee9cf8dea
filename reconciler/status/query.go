package status

import (
	"net/url"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// rowsPerPage keeps a page of ten thousand apps readable, and quick to make and to lay out.
const rowsPerPage = 50

// query is what the address of the matrix may ask for.
type query struct {
	text  string              // part of an app's name
	stage schema.StageName    // only apps that have something there
	state schema.CellState    // only apps with a cell in this state; empty for all
	after string              // where the page before ended, as [query.placeOf] writes it
	stale bool                // nothing of the view is known to be so now: no cell is in a state that it had
	apart [2]schema.StageName // only apps that have something else in the one than in the other
	owner string              // only apps of this owner
	label string              // only apps with all of these labels: name=text, joined by commas
	order string              // one of orders; empty is by name
	still bool                // does not load itself again
}

// The orders of apps other than by name: those that wait or are wrong longest, and those that are worst.
const (
	oldestFirst = "oldest first"
	worstOnTop  = "worst first"
)

var orders = []string{oldestFirst, worstOnTop}

// apartMark stands between the stages that are to differ.
const apartMark = ".."

// readQuery takes what it understands and ignores the rest.
func (req asked) readQuery() query {
	values, v := req.q, req.view
	q := query{stale: v.Stale(req.now), text: clip(values.Get("q"), 100), after: clip(values.Get("after"), 1000), still: values.Has("still")}
	if s := schema.CellState(values.Get("state")); slices.Contains(filterStates(), s) {
		q.state = s
	}
	if from, to, ok := strings.Cut(values.Get("differs"), apartMark); ok {
		if pair := [2]schema.StageName{schema.StageName(from), schema.StageName(to)}; slices.Contains(v.Stages, pair[0]) && slices.Contains(v.Stages, pair[1]) {
			q.apart = pair
		}
	}
	if o := values.Get("order"); slices.Contains(orders, o) {
		q.order = o
	}
	if s := schema.StageName(values.Get("stage")); slices.Contains(v.Stages, s) {
		q.stage = s
	}
	q.owner = clip(values.Get("owner"), 200)
	if given := clip(values.Get("label"), 500); badLabels(given) == "" {
		q.label = given
	}
	return q
}

// link is the address of the matrix with this query.
func (q query) link() string {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	set("q", q.text)
	set("stage", string(q.stage))
	set("state", string(q.state))
	if q.apart[0] != "" {
		set("differs", string(q.apart[0])+apartMark+string(q.apart[1]))
	}
	set("owner", q.owner)
	set("label", q.label)
	set("order", q.order)
	set("after", q.after)
	if q.still {
		values.Set("still", "")
	}
	return address("/apps", values)
}

func address(path string, values url.Values) string {
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// form is the search with what it was asked.
func (q query) form(v schema.View) search {
	var stages, all, pairs []string
	for i, s := range v.Stages {
		if stages = append(stages, safe(string(s))); i > 0 {
			pairs = append(pairs, safe(string(v.Stages[i-1]))+apartMark+safe(string(s)))
		}
	}
	apart := ""
	if q.apart[0] != "" {
		apart = safe(string(q.apart[0])) + apartMark + safe(string(q.apart[1]))
		if !slices.Contains(pairs, apart) {
			pairs = append(pairs, apart)
		}
	}
	for _, s := range filterStates() {
		all = append(all, string(s))
	}
	out := search{Action: "/apps", Fields: []searchField{
		{Name: "q", Label: "App", Value: safe(q.text)}, {Name: "stage", Label: "Stage", Value: safe(string(q.stage)), Choices: stages},
		{Name: "state", Label: "State", Value: string(q.state), Choices: all},
		{Name: "differs", Label: "Differs between", Value: apart, Choices: pairs}, {Name: "order", Label: "Order", Value: q.order, Choices: orders, Any: "by name"},
	}}
	owners, labels := aboutApps(v)
	if len(owners) > 0 || q.owner != "" {
		out.Fields = append(out.Fields, searchField{Name: "owner", Label: "Owner", Value: safe(q.owner), Choices: withAny(owners, q.owner)})
	}
	if len(labels) > 0 || q.label != "" {
		out.Fields = append(out.Fields, searchField{Name: "label", Label: "Label", Value: safe(q.label), Choices: withAny(labels, q.label)})
	}
	return out
}
