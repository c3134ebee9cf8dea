package status

import (
	"bytes"
	"cmp"
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

//go:embed templates/*.html templates/style.css templates/icon.svg
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
	// Place says where a cell lies in Git, as in [TextOptions]; nil where that is unknown.
	Place func(schema.Cell) Place
	// Log is told of answers that could not be made; nil is slog.Default.
	Log *slog.Logger
}

// site answers requests. It holds no state but the last page it made, and no way to change anything.
type site struct {
	cfg       Config
	templates map[string]*template.Template

	mu   sync.Mutex // guards last
	last rendered
}

// rendered is the front page as it was last made, so that a thousand viewers of one view cost one page.
type rendered struct {
	view  *schema.View
	stale string
	pages map[string][]byte
}

// keptPages bounds what viewers who ask for every filter of every page can make the site keep.
const keptPages = 16

// New makes the page. Every route only reads: other methods than GET and HEAD are refused before any route is looked up.
func New(cfg Config) (http.Handler, error) {
	if cfg.View == nil {
		return nil, fmt.Errorf("status page: no view to show")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	s := &site{cfg: cfg, templates: map[string]*template.Template{}}
	for _, name := range []string{"matrix.html", "app.html", "missing.html"} {
		t, err := template.New(name).ParseFS(files, "templates/layout.html", "templates/parts.html", "templates/"+name)
		if err != nil {
			return nil, fmt.Errorf("status page: %w", err)
		}
		s.templates[name] = t
	}
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.HandleFunc(r.pattern, r.answer)
	}
	return readOnly(mux), nil
}

type route struct {
	pattern string
	answer  http.HandlerFunc
}

// routes is the whole list: a test walks it with every method.
func (s *site) routes() []route {
	return []route{
		{"/{$}", s.matrix},
		{"/app/{app...}", s.app},
		{"/view.json", s.viewJSON},
		{"/healthz", s.healthz},
		{"/style.css", s.file("templates/style.css", "text/css; charset=utf-8")},
		{"/icon.svg", s.file("templates/icon.svg", "image/svg+xml")},
		{"/", s.missing},
	}
}

// policy lets a page load its own style and picture and nothing else, run nothing, send nothing and be framed by nobody.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "this page only reads: GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *site) matrix(w http.ResponseWriter, r *http.Request) {
	v, now := s.cfg.View(), s.cfg.Now()
	if v == nil {
		s.page(w, r, http.StatusOK, "missing.html", startingPage(s.cfg))
		return
	}
	q := readQuery(r.URL.Query(), len(v.Apps))
	body, err := s.front(v, q, now)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	send(w, r, "text/html; charset=utf-8", body)
}

// front returns the matrix, made anew only when the view, or that it is stale, has changed.
func (s *site) front(v *schema.View, q query, now time.Time) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stale := staleBar(*v, now)
	if s.last.view != v || s.last.stale != stale {
		s.last = rendered{view: v, stale: stale, pages: map[string][]byte{}}
	}
	if body, ok := s.last.pages[q.key()]; ok {
		return body, nil
	}
	body, err := s.render("matrix.html", matrixPage(s.cfg, *v, q, now))
	if err != nil {
		return nil, err
	}
	if len(s.last.pages) < keptPages {
		s.last.pages[q.key()] = body
	}
	return body, nil
}

func (s *site) app(w http.ResponseWriter, r *http.Request) {
	v, now, name := s.cfg.View(), s.cfg.Now(), r.PathValue("app")
	if v == nil {
		s.page(w, r, http.StatusOK, "missing.html", startingPage(s.cfg))
		return
	}
	i := slices.IndexFunc(v.Apps, func(a schema.AppView) bool { return string(a.App) == name })
	if i < 0 {
		s.page(w, r, http.StatusNotFound, "missing.html", missingPage(s.cfg, *v, noApp(*v, name), now))
		return
	}
	s.page(w, r, http.StatusOK, "app.html", appPage(s.cfg, *v, v.Apps[i], now))
}

func (s *site) missing(w http.ResponseWriter, r *http.Request) {
	var v schema.View
	if last := s.cfg.View(); last != nil {
		v = *last
	}
	s.page(w, r, http.StatusNotFound, "missing.html", missingPage(s.cfg, v, "There is no such page.", s.cfg.Now()))
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
	send(w, r, "application/json", append(body, '\n'))
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
		send(w, r, kind, body)
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
		send(w, r, "text/html; charset=utf-8", body)
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
func send(w http.ResponseWriter, r *http.Request, kind string, body []byte) {
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-cache")
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
	segments := strings.Split(string(app), "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return "/app/" + strings.Join(segments, "/")
}
