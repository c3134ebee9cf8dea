package status

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

type apiApp struct {
	App    string            `json:"app"`
	Owner  string            `json:"owner,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	Cells  []apiCell         `json:"cells"`
}

// apiCell never claims a state that is old: then it is unknown, and was says what it was.
type apiCell struct {
	Stage        string       `json:"stage"`
	State        string       `json:"state"`
	Was          string       `json:"was,omitempty"`
	Revision     string       `json:"revision,omitempty"`
	Entry        int64        `json:"entry,omitempty"`
	MergeRequest int64        `json:"merge_request,omitempty"`
	URL          string       `json:"url,omitempty"` // of the merge request
	By           string       `json:"by,omitempty"`
	Cause        string       `json:"cause,omitempty"`
	Since        time.Time    `json:"since,omitzero"`
	Held         *apiHeld     `json:"held,omitempty"`
	Unjudged     *apiUnjudged `json:"unjudged,omitempty"`
	Targets      []apiTarget  `json:"targets"`
	Instances    *apiRunning  `json:"instances,omitempty"`
}

// apiRunning counts the instances that run what a cell has, as they say themselves.
type apiRunning struct {
	At      time.Time `json:"at"`
	Total   int       `json:"total"`
	Running int       `json:"running"`
	Refused int       `json:"refused"`
	Quiet   int       `json:"quiet"`
}

type apiHeld struct {
	Since        time.Time     `json:"since"`
	Outcome      string        `json:"outcome"`
	MergeRequest int64         `json:"merge_request,omitempty"`
	URL          string        `json:"url,omitempty"`
	Missing      []schema.Code `json:"missing"`
	Above        *apiAbove     `json:"above,omitempty"`
}

// apiAbove is what lies above what waits, and is not judged.
type apiAbove struct {
	Commit       string `json:"commit,omitempty"`
	MergeRequest int64  `json:"merge_request,omitempty"`
	URL          string `json:"url,omitempty"`
	Why          string `json:"why,omitempty"`
}

// apiUnjudged is a change that no pass could judge.
type apiUnjudged struct {
	Commit string      `json:"commit"`
	Since  time.Time   `json:"since,omitzero"`
	Code   schema.Code `json:"code,omitempty"`
	Why    string      `json:"why,omitempty"`
}

type apiTarget struct {
	Name    string      `json:"name"`
	Live    *bool       `json:"live,omitempty"` // nil where nobody asks the target, or long ago
	Code    schema.Code `json:"code,omitempty"`
	Unknown time.Time   `json:"unknown_since,omitzero"`
	// Refused is what is known of why it does not take what was admitted, beside the code.
	Refused *schema.Refusal `json:"refused,omitempty"`
	// Foreign are keys beside ours that sluice never wrote.
	Foreign *schema.ForeignView `json:"foreign,omitempty"`
}

type apiApps struct {
	apiHead
	Apps []apiApp `json:"apps"`
	Next string   `json:"next,omitempty"` // for after=
}

func listApps(req asked) (any, *problem) {
	limit, trouble := req.limit()
	if trouble != nil {
		return nil, trouble
	}
	q := req.readQuery()
	apps := matching(req.view, q)
	from := q.begin(apps)
	out := apiApps{apiHead: req.head(), Apps: []apiApp{}}
	for _, a := range apps[from:min(from+limit, len(apps))] {
		out.Apps = append(out.Apps, req.apiApp(a))
	}
	if from+limit < len(apps) {
		out.Next = q.placeOf(&apps[from+limit-1])
	}
	return out, nil
}

func (req asked) apiApp(a schema.AppView) apiApp {
	out := apiApp{App: string(a.App), Owner: a.Owner, Labels: a.Labels, Cells: []apiCell{}}
	for _, c := range a.Cells {
		out.Cells = append(out.Cells, req.apiCell(c))
	}
	return out
}

func (req asked) apiCell(c schema.CellView) apiCell {
	state := shown(c, req.view.Stale(req.now))
	out := apiCell{Stage: string(c.Cell.Stage), State: string(state), Entry: c.Seq, MergeRequest: c.MergeRequest, URL: requestLink(req.view, c.MergeRequest), By: c.By, Cause: string(c.Cause), Since: since(c).UTC(), Targets: []apiTarget{}}
	if state != c.State {
		out.Was = string(c.State)
	}
	if c.Seq > 0 && c.Revision != schema.None {
		out.Revision = string(c.Revision)
	}
	if h := c.Held; h != nil {
		out.Held = &apiHeld{Since: h.Since.UTC(), Outcome: h.Verdict.Outcome.String(), MergeRequest: h.MergeRequest, URL: requestLink(req.view, h.MergeRequest), Missing: []schema.Code{}}
		for _, m := range h.Verdict.Missing() {
			if m.Code != "" && !slices.Contains(out.Held.Missing, m.Code) {
				out.Held.Missing = append(out.Held.Missing, m.Code)
			}
		}
	}
	if h := c.Held; h != nil && h.Above != nil {
		out.Held.Above = &apiAbove{Commit: hashOrEmpty(h.Above.Commit), MergeRequest: h.Above.MergeRequest, URL: requestLink(req.view, h.Above.MergeRequest), Why: h.Above.Why}
	}
	if u := c.Unjudged; u != nil {
		out.Unjudged = &apiUnjudged{Commit: hashOrEmpty(u.Commit), Since: u.From().UTC(), Code: u.Code, Why: u.Why}
	}
	if i := c.Instances; i != nil {
		out.Instances = &apiRunning{At: i.At.UTC(), Total: i.Total + i.Unread, Running: runningNow(*i, c), Refused: i.Refused, Quiet: i.Quiet}
	}
	for _, t := range c.Targets {
		told := apiTarget{Name: t.Name, Code: t.Code, Unknown: t.Unknown.UTC(), Refused: t.Refused, Foreign: t.Foreign}
		if req.view.Alone == nil && state != unknown { // the ledger tells what was read back once, and not what the target has
			told.Live = &t.Live
		}
		out.Targets = append(out.Targets, told)
	}
	return out
}

func oneAppJSON(req asked) (any, *problem) {
	app, ok := findApp(req.view, req.path("app"))
	if !ok {
		return nil, &problem{Title: "there is no such app", Status: http.StatusNotFound, Detail: strings.TrimSpace(noApp(req.view, req.path("app")))}
	}
	return struct {
		apiHead
		apiApp
	}{req.head(), req.apiApp(app)}, nil
}

func oneCellJSON(req asked) (any, *problem) {
	app, ok := findApp(req.view, req.path("app"))
	i := slices.IndexFunc(app.Cells, func(c schema.CellView) bool { return string(c.Cell.Stage) == req.path("stage") })
	if !ok || i < 0 {
		return nil, &problem{Title: "there is no such app in such a stage", Status: http.StatusNotFound}
	}
	return struct {
		apiHead
		App string `json:"app"`
		apiCell
	}{req.head(), string(app.App), req.apiCell(app.Cells[i])}, nil
}
