package status

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

//go:embed templates/*.html templates/style.css templates/icon.svg templates/live.js templates/openapi.yaml
var files embed.FS

// Config says what the page shows.
type Config struct {
	// View returns what was last published, nil before the first look. It is called for every request and must be cheap.
	View func() *schema.View
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Version is the binary's version, for the footer.
	Version string
	// Commands are the names of the binary's commands: the page advises no other ones.
	Commands []string
	// Starting says what goes on before there is a view; nil says nothing.
	Starting func() schema.Starting
	// Content reads the files of a cell, for the pages that show keys; nil shows none.
	Content Content
	// Values shows the values of keys that do not look like secrets; without it keys are shown alone.
	Values bool
	// Place says where a cell lies in Git, as in [TextOptions]; nil where that is unknown.
	Place func(schema.Cell) Place
	// Badges lets anybody who reaches the page have pictures of states.
	Badges bool
	// Done ends the streams when the process is to end; nil ends none.
	Done <-chan struct{}
	// Log is told of answers that could not be made; nil is slog.Default.
	Log *slog.Logger

	above   bool   // it is the list of projects and none of them
	base    string // what the project's addresses begin with; empty where there is no other
	name    string // of the project
	project string // the same where there are others
	private bool   // it depends on who looks
	peers   func() []peer
}

// site answers requests. It holds no state but the last pages it made and what changed lately, and no way to change anything.
type site struct {
	cfg       Config
	templates map[string]*template.Template
	changes   *changes

	mu   sync.Mutex // guards last
	last rendered
	sums kept
}

// answer is a body with the tag that says whether somebody has it already.
type answer struct {
	body []byte
	tag  string
}

func answerOf(body []byte) answer {
	sum := sha256.Sum256(body)
	return answer{body: body, tag: `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// keptPages bounds what viewers who ask for every filter of every page can make the site keep.
const keptPages = 64

// New makes the page of one project, for everybody who reaches it. Every route only reads: other methods than GET and HEAD are refused before any route is looked up.
func New(cfg Config) (http.Handler, error) {
	if cfg.View == nil {
		return nil, fmt.Errorf("status page: no view to show")
	}
	return NewProjects(cfg, []Project{{Name: "project", View: cfg.View, Starting: cfg.Starting, Content: cfg.Content}}, Access{})
}

// handler answers for one project, as one viewer may see it.
func (s *site) handler() http.Handler {
	return s.mux(s.routes())
}

func (s *site) mux(routes []route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.pattern, r.answer)
	}
	return mux
}

// parse reads the templates for a project whose addresses begin with base.
func parse(base string) (map[string]*template.Template, error) {
	out := map[string]*template.Template{}
	funcs := template.FuncMap{"at": func(address string) string { return at(base, address) }, "code": codeLink}
	for _, name := range templateNames {
		t, err := template.New(name).Funcs(funcs).ParseFS(files, "templates/layout.html", "templates/parts.html", "templates/"+name)
		if err != nil {
			return nil, fmt.Errorf("status page: %w", err)
		}
		out[name] = t
	}
	return out, nil
}

// at puts an address of ours below the project's.
func at(base, address string) string {
	if !strings.HasPrefix(address, "/") {
		return address
	}
	return base + address
}

func codeLink(code any) string {
	return "/errors/" + url.PathEscape(clip(fmt.Sprint(code), longestName))
}

var templateNames = []string{
	"overview.html", "matrix.html", "app.html", "promotions.html", "transitions.html", "audit.html", "record.html", "policies.html",
	"health.html", "error.html", "missing.html", "projects.html", "diff.html",
}

type route struct {
	pattern string
	answer  http.HandlerFunc
}

// routes is the whole list: a test walks it with every method.
func (s *site) routes() []route {
	return []route{
		{"/{$}", s.shows("overview.html", overviewPage)},
		{"/apps", s.shows("matrix.html", matrixPage, append(slices.Clone(appFilters), standing)...)},
		{"/app/{app...}", s.shows("app.html", appPage)},
		{"/cell/{stage}/{app...}", s.shows("app.html", cellPage)},
		{"/diff", s.shows("diff.html", diffPage, diffFilters...)},
		{"/values/{stage}/{app...}", s.shows("diff.html", valuesPage, keyFilters...)},
		{"/promotions", s.shows("promotions.html", promotionsPage, pastFilters...)},
		{"/promotions/{seq}", s.shows("record.html", recordPage)},
		{"/transitions", s.shows("transitions.html", transitionsPage, stepFilters...)},
		{"/audit", s.shows("audit.html", auditPage, pastFilters...)},
		{"/audit/{seq}", s.shows("record.html", recordPage)},
		{"/policies", s.shows("policies.html", policiesPage)},
		{"/health", s.shows("health.html", healthPage)},
		{"/wall", s.shows("overview.html", wallPage)},
		{"/errors/{code}", s.shows("error.html", errorPage)},
		{"/apps.csv", s.saves("apps.csv", appsTable, appFilters...)},
		{"/audit.csv", s.saves("audit.csv", pastTable(recordsTable), pastFilters...)},
		{"/transitions.csv", s.saves("transitions.csv", pastTable(transitionsTable), stepFilters...)},
		{"/view.json", s.viewJSON},
		{"/healthz", s.healthz},
		{"/api/v1/apps", s.api(listApps, limited(appFilters)...)},
		{"/api/v1/apps/{app...}", s.api(oneAppJSON)},
		{"/api/v1/cells/{stage}", s.noSuchAddress}, // else the mux leads on to what there is not
		{"/api/v1/values/{stage}", s.noSuchAddress},
		{"/api/v1/cells/{stage}/{app...}", s.api(oneCellJSON)},
		{"/api/v1/records", s.api(listRecords, limited(pastFilters)...)},
		{"/api/v1/records/{seq}", s.api(oneRecordJSON)},
		{"/api/v1/transitions", s.api(listTransitions, stepFilters...)},
		{"/api/v1/policies", s.api(listPolicies)},
		{"/api/v1/checkpoint", s.api(checkpointJSON)},
		{"/api/v1/diff", s.api(diffJSON, limited(diffFilters)...)},
		{"/api/v1/values/{stage}/{app...}", s.api(valuesJSON, limited(keyFilters)...)},
		{"/api/v1/version", s.api(versionJSON)},
		{"/api/v1/projects", s.projectsJSON},
		{"/api/v1/events", s.events},
		{"/api/v1/openapi.yaml", s.file("templates/openapi.yaml", "application/yaml")},
		{"/api/", s.noSuchAddress},
		{"/feed.atom", s.feed},
		{"/badge/{stage}/{app...}", s.badges},
		{"/style.css", s.file("templates/style.css", "text/css; charset=utf-8")},
		{"/live.js", s.file("templates/live.js", "text/javascript; charset=utf-8")},
		{"/icon.svg", s.file("templates/icon.svg", "image/svg+xml")},
		{"/", s.missing},
	}
}

// policy lets a page load its own style, script and picture and nothing else, send a filter to itself and be framed by nobody.
// A script may write text and never markup.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			if forPrograms(r.URL.Path) {
				writeProblem(w, r, problem{Title: "this page only reads: GET and HEAD", Status: http.StatusMethodNotAllowed})
				return
			}
			http.Error(w, "this page only reads: GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// maker makes a page of a view. Where it is not 200, the page says why instead.
type maker func(req asked) (page, int)

// asked is what a page is made of.
type asked struct {
	ctx  context.Context // ends when who asks has gone
	cfg  Config
	view schema.View
	sum  *tally // of pages
	now  time.Time
	path func(string) string // parts of the address
	q    url.Values
	torn bool // a part of the address could not be read
}

// shows answers with a page, made anew only when the view, or that it is stale, has changed.
func (s *site) shows(name string, make maker, known ...filter) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, now := s.cfg.View(), s.cfg.Now()
		if v == nil {
			s.page(w, r, http.StatusOK, "missing.html", startingPage(s.cfg))
			return
		}
		q, torn := readAddress(r.URL.RawQuery)
		key := fmt.Sprintf("%s?%s %t", r.URL.Path, q.Encode(), torn)
		if known, ok := s.made(v, now, key); ok {
			s.send(w, r, "text/html; charset=utf-8", known)
			return
		}
		req := asked{ctx: r.Context(), cfg: s.cfg, view: *v, sum: s.sums.of(v), now: now, path: r.PathValue, q: q, torn: torn}
		data, code := make(req)
		if code != http.StatusOK {
			s.page(w, r, code, "missing.html", data)
			return
		}
		data.Alarms = append(data.Alarms, req.leftOut(known)...)
		if len(data.Nav) > 0 {
			data.JSON, data.Table = others(r.URL.Path, q, known)
		}
		body, err := s.render(name, data)
		if err != nil {
			s.broken(w, r, err)
			return
		}
		s.send(w, r, "text/html; charset=utf-8", s.keep(v, now, key, answerOf(body)))
	}
}

func (s *site) missing(w http.ResponseWriter, r *http.Request) {
	if forPrograms(r.URL.Path) {
		s.noSuchAddress(w, r)
		return
	}
	var v schema.View
	if last := s.cfg.View(); last != nil {
		v = *last
	}
	p := missingPage(s.cfg, v, "There is no such page.", s.cfg.Now())
	if s.cfg.above {
		p.Nav = nil // those are pages of a project
	}
	s.page(w, r, http.StatusNotFound, "missing.html", p)
}

func (s *site) viewJSON(w http.ResponseWriter, r *http.Request) {
	v := s.cfg.View()
	if v == nil {
		http.Error(w, "no look at the repository yet", http.StatusServiceUnavailable)
		return
	}
	body, err := json.Marshal(v)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.send(w, r, "application/json", answerOf(append(body, '\n')))
}

// healthz answers 200 while the view says something about now, and 503 with the reason otherwise.
func (s *site) healthz(w http.ResponseWriter, _ *http.Request) {
	v, now := s.cfg.View(), s.cfg.Now()
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case v == nil:
		http.Error(w, "no look at the repository yet", http.StatusServiceUnavailable)
	case v.Stale(now):
		http.Error(w, staleBar(*v, now), http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ok")
	}
}

func (s *site) file(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := files.ReadFile(name)
		if err != nil {
			s.broken(w, r, err)
			return
		}
		s.send(w, r, kind, answerOf(body))
	}
}

func (s *site) render(name string, data page) ([]byte, error) {
	var b bytes.Buffer
	if err := s.templates[name].ExecuteTemplate(&b, "layout.html", data); err != nil {
		return nil, fmt.Errorf("make page %s: %w", name, err)
	}
	return b.Bytes(), nil
}

func (s *site) page(w http.ResponseWriter, r *http.Request, code int, name string, data page) {
	body, err := s.render(name, data)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	if code == http.StatusOK {
		s.send(w, r, "text/html; charset=utf-8", answerOf(body))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(body) // the viewer may have gone
}

func (s *site) broken(w http.ResponseWriter, r *http.Request, err error) {
	s.cfg.Log.Error("page not made", "path", r.URL.Path, "error", err)
	http.Error(w, "this page could not be made; the reconciler's log says why", http.StatusInternalServerError)
}

// send answers with a body, or 304 where the viewer has it already.
func (s *site) send(w http.ResponseWriter, r *http.Request, kind string, a answer) {
	body, tag := a.body, a.tag
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-cache")
	if s.cfg.private {
		h.Set("Cache-Control", "private, no-cache") // no cache between gives it to somebody else
	}
	h.Set("ETag", tag)
	for given := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if given = strings.TrimPrefix(strings.TrimSpace(given), "W/"); given == tag || given == "*" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the viewer may have gone
}

// appLink is the address of an app's page.
func appLink(app schema.App) string {
	if len(app) > longestName {
		return "/apps"
	}
	return "/app/" + escaped(string(app))
}

// longestName is past what a path in Git is called; what is longer gets no page of its own.
const longestName = 1000

// cellLink is the address of an app in a stage.
func cellLink(c schema.Cell) string {
	if len(c.App)+len(c.Stage) > longestName {
		return "/apps"
	}
	return "/cell/" + url.PathEscape(string(c.Stage)) + "/" + escaped(string(c.App))
}

func escaped(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}
