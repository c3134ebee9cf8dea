package status

import (
	"cmp"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
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
	cfg.Log, cfg.origin = cmp.Or(cfg.Log, slog.Default()), access.origin
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
		one := &site{cfg: cfg, templates: d.templates[i]}
		sites = append(sites, one)
		peers = append(peers, peer{name: p.Name, base: cfg.base, view: cfg.View, sum: one.sums.of, starting: cfg.Starting, known: known || sees.everything()})
	}
	if len(sites) == 0 {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			refuse(w, r, "none of the groups that you are said to be in may see anything here")
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
