package status

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// keptPages bounds what viewers who ask for every filter of every page can make the site keep.
const keptPages = 64

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

// healthz answers 200 while the view says something about now, and 503 with the reason otherwise.
func (s *site) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if why := unwell(s.cfg.View(), s.cfg.Now()); why != "" {
		http.Error(w, why, http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// unwell says why a view tells nothing of now; empty where it does.
func unwell(v *schema.View, now time.Time) string {
	switch {
	case v == nil:
		return "no look at the repository yet"
	case v.Stale(now):
		return staleBar(*v, now)
	}
	return ""
}

// file answers with what is built in, packed once.
func (s *site) file(name, kind string) http.HandlerFunc {
	body, err := files.ReadFile(name)
	made := answerOf(body)
	return func(w http.ResponseWriter, r *http.Request) {
		if err != nil {
			s.broken(w, r, err)
			return
		}
		s.send(w, r, kind, made)
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
	const why = "this page could not be made; the reconciler's log says why"
	if forPrograms(r.URL.Path) {
		s.problem(w, r, problem{Title: why, Status: http.StatusInternalServerError})
		return
	}
	http.Error(w, why, http.StatusInternalServerError)
}
