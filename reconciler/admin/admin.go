// Package admin is what an operator's machines ask of a reconciler: metrics, whether it lives and is ready, and profiles. It
// listens apart from the page, because it names targets and repositories, and profiles hold memory.
package admin

import (
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Config says what is told. The zero value tells of no project, and so is never ready.
type Config struct {
	Projects []Project
	// Version is the binary's version, for sluice_build_info.
	Version string
	// Webhooks returns how many webhooks came so far, by what became of them; nil where none are received.
	Webhooks func() map[string]uint64
	// Spans returns how many spans the collector of traces took so far, and how many it did not; nil where there is none.
	Spans func() (sent, lost uint64)
	// Reload returns whether the operator's file was taken over when it was last read, and when that was last so; nil where it
	// is not read again.
	Reload func() (ok bool, at time.Time)
	// Reads says that the process reads ledgers alone and reconciles nothing.
	Reads bool
	// Stopping reports whether the process is about to end: it is not ready then, and still answers.
	Stopping func() bool
	// Profiling serves /debug/pprof. Profiles show what is in memory, so it is off by default.
	Profiling bool
	Now       func() time.Time // time.Now by default
}

// Project is one that is told of.
type Project struct {
	// Name is the label: the repository as the logs name it.
	Name string
	// Short is what its checks begin with where there are several projects: what the page calls it.
	Short string
	// View returns what was last published, nil before the first look.
	View func() *schema.View
	// Targets returns the names of the operator's file; nil where none are known.
	Targets func() []string
	// Timings returns how long passes and their parts took, by name; nil where nothing passes.
	Timings func() map[string]schema.Durations
}

// New makes the handler. Other methods than GET and HEAD are refused, and so is everything that is not on its list.
func New(cfg Config) http.Handler {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", metricsHandler(cfg))
	mux.HandleFunc("/livez", cfg.livez)
	mux.HandleFunc("/healthz", cfg.livez)
	mux.HandleFunc("/readyz", cfg.readyz)
	mux.HandleFunc("/readyz/{check}", cfg.readyz)
	if cfg.Profiling {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	}
	return reading(mux)
}

func reading(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "this address only reads: GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}
