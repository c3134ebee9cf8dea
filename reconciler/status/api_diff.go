package status

import (
	"net/http"

	"github.com/sluice-gitops/sluice/schema"
)

type apiSide struct {
	Side     string          `json:"side"`
	Entry    int64           `json:"entry,omitempty"`
	Revision schema.Revision `json:"revision,omitempty"`
	Commit   string          `json:"commit,omitempty"` // none where there is nothing
	Path     string          `json:"path"`
	Foreign  []string        `json:"foreign,omitempty"` // what somebody else changed in its targets
}

// apiKey has values only where they may be shown; what looks like a secret is told to be hidden.
type apiKey struct {
	Op       string `json:"op,omitempty"`
	Key      string `json:"key"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Critical bool   `json:"critical,omitempty"`
}

type apiDiff struct {
	apiHead
	App    string   `json:"app"`
	From   *apiSide `json:"from,omitempty"`
	To     apiSide  `json:"to"`
	Values bool     `json:"values"` // whether values are shown at all
	Equal  int      `json:"equal"`
	Keys   []apiKey `json:"keys"`
	Next   string   `json:"next,omitempty"` // for after=
}

func diffJSON(req asked) (any, *problem) {
	c := req.comparison()
	switch {
	case c.nobody:
		return nil, &problem{Title: "there is no such app", Status: http.StatusNotFound}
	case c.why != "":
		return nil, &problem{Title: "there is no such side", Status: http.StatusBadRequest, Detail: c.why}
	}
	out, trouble := req.keysJSON(c.app, c.a, c.b, c.all)
	if trouble != nil {
		return nil, trouble
	}
	out.From = sideJSON(c.a)
	return out, nil
}

func valuesJSON(req asked) (any, *problem) {
	c, s, ok := req.cellKeys()
	if !ok {
		return nil, &problem{Title: "there is no such app in such a stage", Status: http.StatusNotFound}
	}
	out, trouble := req.keysJSON(c.Cell.App, side{Stage: s.Stage}, s, false)
	if trouble != nil {
		return nil, trouble
	}
	for i := range out.Keys {
		out.Keys[i].Op = ""
	}
	return out, nil
}

func (req asked) keysJSON(app schema.App, from, to side, all bool) (apiDiff, *problem) {
	limit, trouble := req.limit()
	if trouble != nil {
		return apiDiff{}, trouble
	}
	if req.cfg.Content == nil {
		return apiDiff{}, &problem{Title: "no files are read here", Status: http.StatusServiceUnavailable}
	}
	found, err := req.compare(app, from, to, all)
	if err != nil {
		req.cfg.Log.Warn("files are not shown", "error", err)
		return apiDiff{}, &problem{Title: "the files could not be read", Status: http.StatusServiceUnavailable, Detail: "the reconciler's log says why"}
	}
	out := apiDiff{apiHead: req.head(), App: string(app), To: *sideJSON(to), Values: found.Values, Equal: found.Equal, Keys: []apiKey{}}
	lines, next, _ := found.page(readDiffQuery(req.q).after, limit)
	for _, l := range lines {
		key := apiKey{Op: l.Op, Key: l.Key, From: l.From, To: l.To, File: l.File, Line: l.Line, Critical: l.Critical}
		if l.Equal {
			key.Op = "equal"
		}
		out.Keys = append(out.Keys, key)
	}
	out.Next = next
	return out, nil
}

func sideJSON(s side) *apiSide {
	out := &apiSide{Side: s.Text, Entry: s.Entry, Path: s.Path}
	if !s.Commit.IsZero() {
		out.Commit = s.Commit.String()
		if s.Revision != schema.None {
			out.Revision = s.Revision
		}
	}
	for _, f := range s.Foreign {
		out.Foreign = append(out.Foreign, f.Target+": "+f.Text)
	}
	return out
}
