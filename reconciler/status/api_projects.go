package status

import (
	"encoding/json"
	"net/http"
	"time"
)

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
	if wrong := unasked(r); wrong != nil {
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
