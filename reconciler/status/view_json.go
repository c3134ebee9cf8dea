package status

import (
	"encoding/json"
	"net/http"

	"github.com/sluice-gitops/sluice/schema"
)

// toldView is a view as a program reads it: with what says of the rest that it may not be so.
type toldView struct {
	Stale bool          `json:"stale"`
	Doubt []schema.Code `json:"doubt,omitempty"`
	schema.View
}

// oldView is one that claims nothing of now: once it is stale its cells are unknown, and say what they were; and no target is live or not,
// also where the ledger alone was read.
type oldView struct {
	toldView
	Apps []oldApp `json:"apps"`
}

type oldApp struct {
	schema.AppView
	Cells []oldCell `json:"cells"`
}

type oldCell struct {
	schema.CellView
	Was     schema.CellState `json:"was,omitempty"`
	Targets []oldTarget      `json:"targets,omitempty"`
}

// oldTarget leaves out whether it is live.
type oldTarget struct {
	schema.TargetView
	Live *bool `json:"live,omitempty"`
}

// told is what a program may be told of a view now.
func (req asked) told() any {
	out := toldView{Stale: req.view.Stale(req.now), Doubt: doubt(req.view), View: req.view}
	if !out.Stale && req.view.Alone == nil {
		return out
	}
	old := oldView{toldView: out, Apps: []oldApp{}}
	for _, app := range req.view.Apps {
		cells := []oldCell{}
		for _, c := range app.Cells {
			told := oldCell{CellView: c}
			if told.State = shown(c, out.Stale); told.State != c.State {
				told.Was = c.State
			}
			for _, t := range c.Targets {
				told.Targets = append(told.Targets, oldTarget{TargetView: t})
			}
			cells = append(cells, told)
		}
		old.Apps = append(old.Apps, oldApp{AppView: app, Cells: cells})
	}
	return old
}

func (s *site) viewJSON(w http.ResponseWriter, r *http.Request) {
	if wrong := unasked(r); wrong != nil {
		s.problem(w, r, *wrong)
		return
	}
	v := s.cfg.View()
	if v == nil {
		http.Error(w, "no look at the repository yet", http.StatusServiceUnavailable)
		return
	}
	body, err := json.Marshal(asked{view: *v, now: s.cfg.Now()}.told())
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.send(w, r, "application/json", answerOf(append(body, '\n')))
}
