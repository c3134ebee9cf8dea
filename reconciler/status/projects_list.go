package status

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// peer is a project as the list of them shows it.
type peer struct {
	name, base string
	view       func() *schema.View
	sum        func(*schema.View) *tally // of a view of it
	starting   func() schema.Starting
	known      bool // that there is such a project is no secret to who looks
}

// shown reports whether who looks may know that there is such a project: if anything of it may be seen.
func (p peer) shown() bool {
	if p.known {
		return true
	}
	v := p.view()
	return v != nil && len(v.Apps) > 0
}

// projectLine is a project in the list of them.
type projectLine struct {
	Name, Href, Text, Fresh string
	Chips                   []chip
}

// indexRoutes are those above several projects.
func (s *site) indexRoutes() []route {
	return []route{
		{"/{$}", s.index},
		{"/api/v1/projects", s.projectsJSON},
		{"/api", s.noSuchAddress},
		{"/api/", s.noSuchAddress},
		{"/api/v1/openapi.yaml", s.file("templates/openapi.yaml", "application/yaml")},
		{"/healthz", s.healthOfAll},
		{"/style.css", s.file("templates/style.css", "text/css; charset=utf-8")},
		{"/live.js", s.file("templates/live.js", "text/javascript; charset=utf-8")},
		{"/icon.svg", s.file("templates/icon.svg", "image/svg+xml")},
		{"/", s.missing},
	}
}

func (s *site) noSuchAddress(w http.ResponseWriter, r *http.Request) {
	s.problem(w, r, problem{Title: "there is no such address", Status: http.StatusNotFound})
}

// mostFound bounds the apps that a search over every project lists.
const mostFound = 50

// index lists the projects, those that need somebody first, and finds an app in any of them.
func (s *site) index(w http.ResponseWriter, r *http.Request) {
	q, peers := clip(r.URL.Query().Get("q"), 100), s.cfg.peers()
	only := r.URL.Query().Get("state") == attentionWord
	p := page{Title: "Projects", Heading: "Projects", Version: safe(s.cfg.Version), Refresh: 30, Class: "index",
		Search: search{Action: "/", Fields: []searchField{{Name: "q", Label: "Project or app", Value: safe(q)},
			{Name: "state", Label: "Show", Value: map[bool]string{true: attentionWord}[only], Choices: []string{attentionWord}, Any: "every project"}}}}
	asking, fine := 0, []projectLine(nil)
	for _, peer := range peers {
		line, needs := s.projectLine(peer)
		if needs {
			asking++
		}
		if q != "" {
			p.Found = append(p.Found, found(peer, q, mostFound-len(p.Found))...)
		}
		switch named := strings.Contains(strings.ToLower(peer.name), strings.ToLower(q)); {
		case named && needs:
			p.Projects = append(p.Projects, line)
		case named && !only:
			fine = append(fine, line)
		}
	}
	p.Projects = append(p.Projects, fine...)
	p.Text = counted(len(peers), "project") + ", " + map[bool]string{true: "all as intended.", false: fmt.Sprintf("%d of them with something that needs somebody.", asking)}[asking == 0]
	if len(p.Projects)+len(p.Found) == 0 {
		p.Text = "Nothing matches."
	}
	s.page(w, r, http.StatusOK, "projects.html", p)
}

const attentionWord = "what needs attention"

// projectLine says how a project is, and whether somebody has to look at it.
func (s *site) projectLine(p peer) (projectLine, bool) {
	now := s.cfg.Now()
	out := projectLine{Name: safe(p.name), Href: p.base + "/"}
	v := p.view()
	if v == nil {
		out.Text = startingText(Config{Starting: p.starting})
		return out, true
	}
	out.Fresh = freshness(*v, time.Time{})
	if out.Text = nothing(*v); out.Text != "" {
		return out, true
	}
	sum := p.sum(v)
	out.Text = sum.summary(v.Stale(now))
	counts := sum.states(v.Stale(now))
	needs := v.Stale(now) || len(v.Incidents) > 0
	for _, state := range append([]schema.CellState{unknown}, states()...) {
		l := lookOf(state)
		if n := counts[state]; n > 0 && !l.Intended && state != schema.Absent {
			out.Chips = append(out.Chips, chip{Text: fmt.Sprintf("%d %s", n, state), Symbol: l.Symbol, Tone: l.Tone, Href: p.base + query{state: state}.link()})
			needs = needs || l.Tone == bad || l.Tone == wait
		}
	}
	return out, needs
}

// found are the first apps of a project that have a text in their name.
func found(p peer, text string, most int) []link {
	v := p.view()
	if v == nil {
		return nil
	}
	var out []link
	for _, app := range v.Apps {
		if len(out) >= most {
			break
		}
		if strings.Contains(strings.ToLower(string(app.App)), strings.ToLower(text)) {
			out = append(out, link{Text: safe(string(app.App)) + " in project " + safe(p.name), Href: p.base + appLink(app.App)})
		}
	}
	return out
}

// healthOfAll answers 200 while every project that is shown says something about now.
func (s *site) healthOfAll(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	for _, p := range s.cfg.peers() {
		if why := unwell(p.view(), s.cfg.Now()); why != "" {
			http.Error(w, "project "+p.name+": "+why, http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ok")
}
