package status

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// toldView is a view as a program reads it: with what says of the rest that it may not be so.
type toldView struct {
	Stale bool          `json:"stale"`
	Doubt []schema.Code `json:"doubt,omitempty"`
	schema.View
}

// oldView is one that claims nothing of now: its cells are unknown, and say what they were.
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
	Was schema.CellState `json:"was,omitempty"`
}

// told is what a program may be told of a view now.
func (req asked) told() any {
	out := toldView{Stale: req.view.Stale(req.now), Doubt: doubt(req.view), View: req.view}
	if !out.Stale {
		return out
	}
	old := oldView{toldView: out, Apps: []oldApp{}}
	for _, app := range req.view.Apps {
		cells := []oldCell{}
		for _, c := range app.Cells {
			told := oldCell{CellView: c}
			if told.State = shown(c, true); told.State != c.State {
				told.Was = c.State
			}
			told.Targets = slices.Clone(c.Targets)
			for i := range told.Targets {
				told.Targets[i].Live = false
			}
			cells = append(cells, told)
		}
		old.Apps = append(old.Apps, oldApp{AppView: app, Cells: cells})
	}
	return old
}

func (s *site) viewJSON(w http.ResponseWriter, r *http.Request) {
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
