package status

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// apiHead is what every answer of the API begins with: as of when it is true.
type apiHead struct {
	AsOf   time.Time `json:"as_of"`
	Looked time.Time `json:"looked,omitzero"`
	Stale  bool      `json:"stale"`
	Ledger int64     `json:"ledger"`
}

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
	Missing      []schema.Code `json:"missing"`
}

// apiUnjudged is a change that no pass could judge.
type apiUnjudged struct {
	Commit string      `json:"commit"`
	Since  time.Time   `json:"since,omitzero"`
	Code   schema.Code `json:"code,omitempty"`
	Why    string      `json:"why,omitempty"`
}

type apiTarget struct {
	Name string      `json:"name"`
	Live bool        `json:"live"`
	Code schema.Code `json:"code,omitempty"`
}

// mostItems is how many items an answer has at most.
const mostItems = 200

// apiMaker makes an answer, or a problem.
type apiMaker func(asked) (any, *problem)

// api answers with JSON. Its shapes are those of openapi.yaml, which tests hold every answer to.
func (s *site) api(make apiMaker, known ...filter) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := s.cfg.View()
		if v == nil {
			w.Header().Set("Retry-After", "2")
			s.problem(w, r, problem{Title: "nothing is known yet", Status: http.StatusServiceUnavailable, Detail: startingText(s.cfg)})
			return
		}
		q, torn := readAddress(r.URL.RawQuery)
		req := asked{ctx: r.Context(), cfg: s.cfg, view: *v, now: s.cfg.Now(), path: r.PathValue, q: q, torn: torn}
		if wrong := req.refused(known); wrong != nil {
			s.problem(w, r, *wrong)
			return
		}
		out, trouble := make(req)
		if trouble != nil {
			s.problem(w, r, *trouble)
			return
		}
		body, err := json.Marshal(out)
		if err != nil {
			s.broken(w, r, err)
			return
		}
		s.send(w, r, "application/json", answerOf(append(body, '\n')))
	}
}

func (req asked) head() apiHead {
	v := req.view
	return apiHead{AsOf: v.At.UTC(), Looked: v.Looked.UTC(), Stale: v.Stale(req.now), Ledger: v.Ledger.Size}
}

// limit reads how many items are wanted.
func (req asked) limit() (int, *problem) {
	text := req.q.Get("limit")
	if text == "" {
		return 50, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostItems {
		return 0, &problem{Title: "limit is not a number from 1 to 200", Status: http.StatusBadRequest}
	}
	return n, nil
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
	q := readQuery(req.q, req.view)
	apps := matching(req.view, q)
	from := q.begin(apps)
	out := apiApps{apiHead: req.head(), Apps: []apiApp{}}
	for _, a := range apps[from:min(from+limit, len(apps))] {
		out.Apps = append(out.Apps, req.apiApp(a))
	}
	if from+limit < len(apps) {
		out.Next = string(apps[from+limit-1].App)
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
	out := apiCell{Stage: string(c.Cell.Stage), State: string(state), Entry: c.Seq, MergeRequest: c.MergeRequest, By: c.By, Cause: string(c.Cause), Since: since(c).UTC(), Targets: []apiTarget{}}
	if state != c.State {
		out.Was = string(c.State)
	}
	if c.Seq > 0 && c.Revision != schema.None {
		out.Revision = string(c.Revision)
	}
	if h := c.Held; h != nil {
		out.Held = &apiHeld{Since: h.Since.UTC(), Outcome: h.Verdict.Outcome.String(), MergeRequest: h.MergeRequest, Missing: []schema.Code{}}
		for _, m := range h.Verdict.Missing() {
			if m.Code != "" && !slices.Contains(out.Held.Missing, m.Code) {
				out.Held.Missing = append(out.Held.Missing, m.Code)
			}
		}
	}
	if u := c.Unjudged; u != nil {
		out.Unjudged = &apiUnjudged{Commit: hashOrEmpty(u.Commit), Since: u.Since.UTC(), Code: u.Code, Why: u.Why}
	}
	if i := c.Instances; i != nil {
		out.Instances = &apiRunning{At: i.At.UTC(), Total: i.Total + i.Unread, Running: i.Running, Refused: i.Refused, Quiet: i.Quiet}
	}
	for _, t := range c.Targets {
		out.Targets = append(out.Targets, apiTarget{Name: t.Name, Live: t.Live && state != unknown, Code: t.Code})
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

type apiRecords struct {
	apiHead
	Read    int64           `json:"read"` // entries of the ledger that are known
	Records []schema.Record `json:"records"`
	Next    int64           `json:"next,omitempty"` // for before=
}

func listRecords(req asked) (any, *problem) {
	limit, trouble := req.limit()
	if trouble != nil {
		return nil, trouble
	}
	out, q := apiRecords{apiHead: req.head(), Records: []schema.Record{}}, readPastQuery(req.q)
	if req.view.Journal == nil {
		return out, nil
	}
	out.Read = req.view.Journal.Read
	for _, r := range slices.Backward(req.view.Journal.Records) {
		if !q.wants(r, req.view.At) {
			continue
		}
		if len(out.Records) == limit {
			out.Next = out.Records[limit-1].Seq
			break
		}
		out.Records = append(out.Records, r)
	}
	return out, nil
}

func oneRecordJSON(req asked) (any, *problem) {
	seq, err := strconv.ParseInt(req.path("seq"), 10, 64)
	r, ok := req.view.Journal.Record(seq)
	if err != nil || !ok {
		return nil, &problem{Title: "there is no such entry here", Status: http.StatusNotFound, Detail: fmt.Sprintf("sluice audit show has every entry of the ledger, which has %d", req.view.Ledger.Size)}
	}
	return struct {
		apiHead
		schema.Record
	}{req.head(), r}, nil
}

type apiTransition struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Count   int    `json:"count"`
	Refused int    `json:"refused"`
	Allowed bool   `json:"allowed"`
}

type apiTransitions struct {
	apiHead
	Window      string          `json:"window"`
	Since       time.Time       `json:"since,omitzero"` // the first entry that is kept
	Transitions []apiTransition `json:"transitions"`
}

func listTransitions(req asked) (any, *problem) {
	window := req.q.Get("window")
	if window == "" {
		window = "30d"
	}
	out := apiTransitions{apiHead: req.head(), Window: window, Transitions: []apiTransition{}}
	if req.view.Journal == nil {
		return out, nil
	}
	out.Since = req.view.Journal.Since.UTC()
	counts, _ := countTransitions(req.view, windows[window], req.q.Get("result"))
	nodes := slices.Concat([]schema.StageName{schema.DraftNode}, req.view.Stages, []schema.StageName{schema.ArchiveNode})
	for _, from := range nodes {
		for _, to := range nodes {
			c := counts[[2]schema.StageName{from, to}]
			if ok := allowed(req.view, from, to); ok || c.N > 0 {
				out.Transitions = append(out.Transitions, apiTransition{From: string(from), To: string(to), Count: c.N, Refused: c.Refused, Allowed: ok})
			}
		}
	}
	return out, nil
}

func listPolicies(req asked) (any, *problem) {
	steps := []schema.StepView{}
	for _, s := range req.view.Steps {
		if s.Policies == nil {
			s.Policies = []schema.PolicySpec{}
		}
		steps = append(steps, s)
	}
	return struct {
		apiHead
		Always []string          `json:"always"`
		Steps  []schema.StepView `json:"steps"`
	}{req.head(), schema.FixedPolicies, steps}, nil
}

func checkpointJSON(req asked) (any, *problem) {
	return struct {
		apiHead
		Tip string    `json:"tip,omitempty"` // who sees a part is not told it
		At  time.Time `json:"at,omitzero"`
	}{req.head(), hashOrEmpty(req.view.Ledger.Tip), req.view.Ledger.At.UTC()}, nil
}

// apiProject is one of those that are served here; its path is what every other address of it begins with.
type apiProject struct {
	Name    string         `json:"name"`
	Path    string         `json:"path"`
	AsOf    time.Time      `json:"as_of,omitzero"`
	Looked  time.Time      `json:"looked,omitzero"`
	Stale   bool           `json:"stale"`
	Apps    int            `json:"apps"`
	States  map[string]int `json:"states"`
	Summary string         `json:"summary"`
}

// projectsJSON lists the projects that who asks may see something of, also before they were read.
func (s *site) projectsJSON(w http.ResponseWriter, r *http.Request) {
	q, torn := readAddress(r.URL.RawQuery)
	if wrong := (asked{q: q, torn: torn}).refused(nil); wrong != nil {
		s.problem(w, r, *wrong)
		return
	}
	out, now := []apiProject{}, s.cfg.Now()
	for _, p := range s.cfg.peers() {
		line, _ := s.projectLine(p)
		one := apiProject{Name: p.name, Path: p.base, Stale: true, States: map[string]int{}, Summary: line.Text}
		if v := p.view(); v != nil {
			one.AsOf, one.Looked, one.Stale, one.Apps = v.At.UTC(), v.Looked.UTC(), v.Stale(now), len(v.Apps)
			for state, n := range p.sum(v).states(one.Stale) {
				one.States[string(state)] = n
			}
		}
		out = append(out, one)
	}
	body, err := json.Marshal(map[string]any{"projects": out})
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.send(w, r, "application/json", answerOf(append(body, '\n')))
}

func versionJSON(req asked) (any, *problem) {
	return struct {
		apiHead
		Version string `json:"version"`
	}{req.head(), req.cfg.Version}, nil
}
