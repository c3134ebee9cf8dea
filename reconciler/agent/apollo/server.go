package apollo

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/agent/properties"
	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Options are what a server answers, and whom. Stage and Apps are required.
type Options struct {
	Stage string
	Apps  []string // that are answered at all
	// Keys are the access keys; an app that has some answers only to requests that one of them signed.
	Keys Keys
	// Anonymous answers anybody about the apps without a key. Otherwise they answer nobody.
	Anonymous bool
	// Names are those that requests may ask for beside localhost and addresses. AnyName answers to every name, which is for servers
	// that ask for a key, or are meant for everybody.
	Names   []string
	AnyName bool

	Log *slog.Logger // nil: nothing is logged

	Wait    time.Duration    // how long a request for notifications is held; a minute by default
	Waiters int              // requests that are held at once for one app; 2000 by default
	Now     func() time.Time // nil: the clock
}

// Server answers Apollo clients. It is an http.Handler, and answers about an app from its first [Server.Publish] on.
type Server struct {
	opts Options
	mux  *http.ServeMux

	mu     sync.Mutex       // guards what is below
	apps   map[string]*live // by app; each entry is replaced, never changed
	held   map[string]int   // requests for notifications by app
	closed bool
	warned time.Time // of a request for another name
}

// live is what an app has until changed is closed.
type live struct {
	seq     int64 // of the release that these are of
	spaces  map[string]namespace
	changed chan struct{}
}

// New makes a server that knows no release yet.
func New(opts Options) *Server {
	if opts.Wait <= 0 {
		opts.Wait = time.Minute
	}
	if opts.Waiters <= 0 {
		opts.Waiters = 2000
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{opts: opts, mux: http.NewServeMux(), apps: map[string]*live{}, held: map[string]int{}}
	for _, app := range opts.Apps {
		s.apps[app] = &live{changed: make(chan struct{})}
	}
	for pattern, answer := range map[string]func(http.ResponseWriter, *http.Request, question){
		"GET /configs/{app}/{cluster}/{namespace}":          s.config,
		"GET /configfiles/{app}/{cluster}/{namespace}":      s.asProperties,
		"GET /configfiles/json/{app}/{cluster}/{namespace}": s.asJSON,
		"GET /configfiles/raw/{app}/{cluster}/{namespace}":  s.asRaw,
		"GET /notifications/v2":                             s.poll,
	} {
		s.mux.HandleFunc(pattern, s.asked(answer))
	}
	s.mux.HandleFunc("GET /services/config", services)
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !s.opts.called(r) {
		s.misdirected(r)
		refuse(w, http.StatusMisdirectedRequest, "this server is not called so")
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Publish answers with a release from now on, and wakes who waits for one. A namespace that it leaves as it was keeps its
// notificationId, so its clients are not woken. What cannot be had as flat keys is returned, and is not served as such.
func (s *Server) Publish(app string, snap *provider.Snapshot) []error {
	spaces, errs := namespaces(snap.Document, snap.Seq(), s.opts.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	before, ok := s.apps[app]
	if !ok || s.closed {
		return errs
	}
	for name, space := range spaces {
		if old, ok := before.spaces[name]; ok && old.key == space.key {
			space.since, space.came = old.since, old.came
			spaces[name] = space
		}
	}
	s.apps[app] = &live{seq: snap.Seq(), spaces: spaces, changed: make(chan struct{})}
	close(before.changed)
	return errs
}

// Close ends the requests that are held. Call it when the HTTP server begins to shut down.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	for _, app := range s.apps {
		close(app.changed)
	}
}

func (s *Server) now(app string) (l *live, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.apps[app], s.closed
}

// question is who is asked about.
type question struct {
	id, app, cluster, namespace string
}

// asked answers questions about known apps in this stage, by whoever may ask them.
func (s *Server) asked(answer func(http.ResponseWriter, *http.Request, question)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := question{id: r.PathValue("app"), cluster: r.PathValue("cluster"), namespace: r.PathValue("namespace")}
		if q.id == "" {
			q.id, q.cluster = r.URL.Query().Get("appId"), r.URL.Query().Get("cluster")
		}
		q.app = strings.ReplaceAll(q.id, ".", "/")
		if why := s.opts.allowed(r, q); why != "" {
			refuse(w, http.StatusUnauthorized, why)
			return
		}
		if l, _ := s.now(q.app); l == nil || q.cluster != defaultCluster && q.cluster != s.opts.Stage {
			refuse(w, http.StatusNotFound, "no such app in this cluster")
			return
		}
		answer(w, r, q)
	}
}

const defaultCluster = "default"

// space finds what is asked about; the answer is written where there is none.
func (s *Server) space(w http.ResponseWriter, q question) (namespace, bool) {
	l, _ := s.now(q.app)
	if l.spaces == nil { // nobody knows yet what it has: clients are to ask again, and not to go on without it
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, "this app was not read yet")
		return namespace{}, false
	}
	space, ok := l.spaces[nameOf(q.namespace)]
	if !ok {
		refuse(w, http.StatusNotFound, "no such namespace")
	}
	return space, ok
}

func (s *Server) config(w http.ResponseWriter, r *http.Request, q question) {
	if !s.caughtUp(r, q) {
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, "another server told this client of a release that this one did not see yet")
		return
	}
	space, ok := s.space(w, q)
	if !ok {
		return
	}
	if r.URL.Query().Get("releaseKey") == space.key {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	reply(w, http.StatusOK, struct {
		AppID          string            `json:"appId"`
		Cluster        string            `json:"cluster"`
		NamespaceName  string            `json:"namespaceName"`
		Configurations map[string]string `json:"configurations"`
		ReleaseKey     string            `json:"releaseKey"`
	}{q.id, q.cluster, q.namespace, space.keys, space.key})
}

func (s *Server) asProperties(w http.ResponseWriter, _ *http.Request, q question) {
	if space, ok := s.space(w, q); ok {
		write(w, http.StatusOK, "text/plain;charset=UTF-8", properties.Format(space.keys))
	}
}

func (s *Server) asJSON(w http.ResponseWriter, _ *http.Request, q question) {
	if space, ok := s.space(w, q); ok {
		reply(w, http.StatusOK, space.keys)
	}
}

func (s *Server) asRaw(w http.ResponseWriter, r *http.Request, q question) {
	space, ok := s.space(w, q)
	if !ok {
		return
	}
	if text, raw := space.keys[content]; raw && space.raw {
		write(w, http.StatusOK, "text/plain;charset=UTF-8", []byte(text))
		return
	}
	s.asProperties(w, r, q)
}

// services names this server as the client reached it.
func services(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	reply(w, http.StatusOK, []map[string]string{{
		"appName": "APOLLO-CONFIGSERVICE", "instanceId": r.Host + ":sluice", "homepageUrl": scheme + "://" + r.Host + "/",
	}})
}

func refuse(w http.ResponseWriter, status int, why string) {
	reply(w, status, map[string]any{"status": status, "message": why})
}

func reply(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte("{}")
	}
	write(w, status, "application/json;charset=UTF-8", text)
}

func write(w http.ResponseWriter, status int, kind string, text []byte) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client has gone if it cannot be written
}
