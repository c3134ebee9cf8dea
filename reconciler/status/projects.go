package status

import (
	"cmp"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Project is one of those that a page shows.
type Project struct {
	// Name stands in addresses; it is asked for where there are several.
	Name string
	// View is as in [Config].
	View func() *schema.View
	// Starting says what goes on before there is a view; nil says nothing.
	Starting func() schema.Starting
	// Content reads the files of a cell at a position of its ref; nil shows none.
	Content Content
}

// desk serves several projects to viewers of different sight. Viewers whom the same rules hold for share everything that is
// made for them, and nobody else does: pages, their tags, the memory of what changed.
type desk struct {
	cfg       Config
	projects  []Project
	access    Access
	templates []map[string]*template.Template // by project; the last one is for what is above them

	mu      sync.Mutex // guards classes
	classes map[string]http.Handler
}

// mostClasses bounds what viewers of ever different groups can make the desk keep; then it begins anew.
const mostClasses = 256

// NewProjects makes the page of several projects, each viewer seeing what access lets him see. One alone is at the root; several
// are at /p/NAME/, with a list above them. View of cfg is not looked at.
func NewProjects(cfg Config, projects []Project, access Access) (http.Handler, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	d := &desk{cfg: cfg, projects: projects, access: access, classes: map[string]http.Handler{}}
	for i := range len(projects) + 1 {
		base := ""
		if len(projects) > 1 && i < len(projects) {
			base = "/p/" + projects[i].Name
		}
		templates, err := parse(base)
		if err != nil {
			return nil, err
		}
		d.templates = append(d.templates, templates)
	}
	return access.guard(func(r *http.Request) http.Handler { return d.classOf(access.rules(r)) }), nil
}

// classOf is the page for those whom these rules hold for.
func (d *desk) classOf(rules []int) http.Handler {
	key := fmt.Sprint(rules)
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.classes[key]; ok {
		return known
	}
	if len(d.classes) >= mostClasses {
		clear(d.classes)
	}
	made := readOnly(d.class(rules))
	d.classes[key] = made
	return made
}

// sightOf is what rules let somebody see of a project.
func (d *desk) sightOf(rules []int, p Project) sight {
	if d.access.Visible == nil {
		return sight{{Apps: schema.Patterns{"**"}}}
	}
	var out sight
	for _, i := range rules {
		if v := d.access.Visible[i]; len(v.Projects) == 0 || slices.Contains(v.Projects, p.Name) {
			out = append(out, v)
		}
	}
	return out
}

// class puts together what viewers of one kind see.
func (d *desk) class(rules []int) http.Handler {
	var sites []*site
	var peers []peer
	for i, p := range d.projects {
		sees := d.sightOf(rules, p)
		if len(sees) == 0 {
			continue
		}
		cfg := d.cfg
		cfg.View = (&narrowed{sight: sees, from: p.View}).view
		cfg.Content, cfg.private = p.Content, d.access.asks()
		if cfg.Starting = nil; p.Starting != nil && sees.everything() { // it counts what there is
			cfg.Starting = p.Starting
		}
		cfg.name = p.Name
		if len(d.projects) > 1 {
			cfg.base, cfg.project = "/p/"+p.Name, p.Name
		}
		known := slices.ContainsFunc(sees, func(v schema.Visibility) bool { return slices.Contains(v.Projects, p.Name) })
		sites = append(sites, &site{cfg: cfg, templates: d.templates[i]})
		peers = append(peers, peer{name: p.Name, base: cfg.base, view: cfg.View, starting: cfg.Starting, known: known || sees.everything()})
	}
	if len(sites) == 0 {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, "none of the groups that you are said to be in may see anything here")
		})
	}
	list := func() []peer { return slices.DeleteFunc(slices.Clone(peers), func(p peer) bool { return !p.shown() }) }
	if len(d.projects) == 1 {
		return sites[0].with(list).handler()
	}
	cfg := d.cfg
	cfg.View, cfg.private, cfg.above = func() *schema.View { return nil }, d.access.asks(), true
	above := (&site{cfg: cfg, templates: d.templates[len(d.projects)]}).with(list)
	mux := above.mux(above.indexRoutes())
	for i, s := range sites {
		below := http.StripPrefix(s.cfg.base, s.with(list).handler())
		mux.HandleFunc(s.cfg.base, func(w http.ResponseWriter, r *http.Request) { // the mux itself would lead on to what is hidden too
			if !peers[i].shown() {
				above.missing(w, r)
				return
			}
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, s.cfg.base+"/", http.StatusTemporaryRedirect)
		})
		mux.HandleFunc(s.cfg.base+"/", func(w http.ResponseWriter, r *http.Request) {
			if !peers[i].shown() {
				above.missing(w, r) // as if it were not there
				return
			}
			below.ServeHTTP(w, r)
		})
	}
	return mux
}

// with finishes a site that has its configuration.
func (s *site) with(peers func() []peer) *site {
	s.cfg.peers, s.changes = peers, newChanges(s.cfg)
	return s
}

// peer is a project as the list of them shows it.
type peer struct {
	name, base string
	view       func() *schema.View
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
	out.Text = summary(*v, now)
	counts := countsOf(*v, v.Stale(now))
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

func countsOf(v schema.View, stale bool) map[schema.CellState]int {
	sum := tallyOf(&v)
	if stale {
		return map[schema.CellState]int{unknown: sum.cells}
	}
	out := map[schema.CellState]int{}
	for _, s := range states() {
		if n := sum.counts.of(s); n > 0 {
			out[s] = n
		}
	}
	return out
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
		if v := p.view(); v == nil || v.Stale(s.cfg.Now()) {
			http.Error(w, "project "+p.name+" was not read lately", http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ok")
}
