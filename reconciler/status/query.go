package status

import (
	"net/url"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// rowsPerPage keeps a page of ten thousand apps readable, and quick to make and to lay out.
const rowsPerPage = 50

// query is what the address of the matrix may ask for.
type query struct {
	text  string           // part of an app's name
	stage schema.StageName // only apps that have something there
	state schema.CellState // only apps with a cell in this state; empty for all
	after string           // the last app of the page before
	still bool             // does not load itself again
}

// readQuery takes what it understands and ignores the rest.
func readQuery(values url.Values, v schema.View) query {
	q := query{text: clip(values.Get("q"), 100), after: clip(values.Get("after"), 1000), still: values.Has("still")}
	if s := schema.CellState(values.Get("state")); slices.Contains(states(), s) {
		q.state = s
	}
	if s := schema.StageName(values.Get("stage")); slices.Contains(v.Stages, s) {
		q.stage = s
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
	var stages, all []string
	for _, s := range v.Stages {
		stages = append(stages, safe(string(s)))
	}
	for _, s := range states() {
		all = append(all, string(s))
	}
	return search{Action: "/apps", Fields: []searchField{
		{Name: "q", Label: "App", Value: safe(q.text)}, {Name: "stage", Label: "Stage", Value: safe(string(q.stage)), Choices: stages},
		{Name: "state", Label: "State", Value: string(q.state), Choices: all},
	}}
}
