package gitlabtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Tier says which edition of GitLab the server plays. It decides the shape of
// the approval answers and which routes exist.
type Tier int

// The editions that answer differently.
const (
	CE      Tier = iota // Community Edition: the short approvals answer
	EEFree              // Enterprise code without a licence: approved with nobody having approved
	Premium             // real approval rules, push rules, approvals reset on push
)

// Options are the switches fixed at start. The zero value is a current
// Community Edition on the wall clock.
type Options struct {
	// Clock gives every time the server writes: created_at, approved_at,
	// merged_at, the dates of commits it makes, the Date header. Nil is time.Now.
	Clock func() time.Time
	Tier  Tier
	// Version is what /version answers, without the -ee suffix. Default "18.5.0".
	Version string
	// ExternalURL is the address in links and clone URLs, without a trailing
	// slash. Default: the address that Start bound.
	ExternalURL string
	// Logger gets one line per push and per failure. Nil discards them.
	Logger *slog.Logger
	// HideApprovedAt leaves approved_at out, as GitLab did before 18.4.
	HideApprovedAt bool
	// NoAssumedMerge keeps a merge request open when its commits reach the
	// target by other ways.
	NoAssumedMerge bool
	// Checks is how many reads of a merge request answer preparing or checking,
	// without diff_refs, before its state is known.
	Checks int
	// RequireSHA refuses a merge without the sha parameter (400).
	RequireSHA bool
	// StaleLists serves the rows of lists from a cache that forgets a merge
	// request only when it is touched, and with "unchecked" for its merge status,
	// as GitLab may for hours.
	StaleLists bool
	// HideTotals leaves X-Total and X-Total-Pages out of every list, as GitLab
	// does above 10,000 rows.
	HideTotals bool
	// ApprovalsSyncing shows approvals_syncing while a reset of approvals is due,
	// and refuses to merge meanwhile, as newer versions do.
	ApprovalsSyncing bool
	// RateLimit, if not 0, is told in the RateLimit headers of every API answer.
	// Nothing is limited by it; see TooManyRequests.
	RateLimit int
	// SignCommit, if not nil, is given the raw bytes of each commit that the forge makes and returns them with its signature,
	// as a GitLab does that has a key for web commits. What it makes is then committed by GitLab, not by the user.
	SignCommit func(raw []byte) ([]byte, error)
	// Conflict406 answers 406 to the merge of a conflicting merge request, as
	// older versions did, instead of 405.
	Conflict406 bool
}

// Server is the stand-in. All methods may be called from several goroutines.
type Server struct {
	dir    string
	opts   Options
	log    *slog.Logger
	git    gitBinary
	api    http.Handler
	pages  http.Handler
	faults *faults

	mu       sync.Mutex // guards everything below and every repository's refs
	url      string
	users    []*User
	projects []*project
	ids      map[string]int // last id given, by kind
	web      *http.Server   // nil until Start and after Close
	served   chan struct{}  // closed when web has stopped
	courier  *courier       // takes webhooks while web is not nil
	fired    []Fired        // by texts, oldest first
	lag      int            // see LagAfterPush
	mail     mail           // trouble of webhooks
}

// New makes a server that keeps its repositories below dir. It fails when git
// is missing or older than 2.38 (merge-tree --write-tree).
func New(dir string, opts Options) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("start gitlab stand-in: %w", err)
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Version == "" {
		opts.Version = "18.5.0"
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	for _, sub := range []string{"home", "repositories"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("start gitlab stand-in: %w", err)
		}
	}
	git, err := findGit(filepath.Join(dir, "home"))
	if err != nil {
		return nil, fmt.Errorf("start gitlab stand-in: %w", err)
	}
	s := &Server{
		dir: dir, opts: opts, log: opts.Logger, git: git,
		url: strings.TrimSuffix(opts.ExternalURL, "/"), faults: newFaults(),
		ids: map[string]int{"user": 10, "project": 100, "merge request": 1000, "version": 2000, "note": 3000,
			"status": 4000, "pipeline": 5000, "protected": 600, "access": 700, "hook": 800},
	}
	if s.url == "" {
		s.url = "http://gitlab.invalid"
	}
	s.api = s.apiHandler()
	s.pages, err = s.pageHandler()
	if err != nil {
		return nil, fmt.Errorf("start gitlab stand-in: %w", err)
	}
	return s, nil
}

// Start listens on a loopback address ("127.0.0.1:0" takes a free port) and
// returns the base URL, without a trailing slash.
func (s *Server) Start(addr string) (string, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("start gitlab stand-in: %w", err)
	}
	if tcp, ok := ln.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return "", errors.Join(fmt.Errorf("start gitlab stand-in: %s is not a loopback address", ln.Addr()), ln.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.web != nil {
		return "", errors.Join(errors.New("start gitlab stand-in: already started"), ln.Close())
	}
	if s.opts.ExternalURL == "" {
		s.url = "http://" + ln.Addr().String()
	}
	web := &http.Server{Handler: s, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	served := make(chan struct{})
	s.web, s.served, s.courier = web, served, startCourier(s.hookAnswered)
	go func() {
		defer close(served)
		if err := web.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("gitlab stand-in stopped", "error", err)
		}
	}()
	return s.url, nil
}

// Close stops listening and waits for answers and webhooks under way. The
// repositories stay.
func (s *Server) Close() error {
	s.mu.Lock()
	web, served, courier := s.web, s.served, s.courier
	s.web = nil
	s.mu.Unlock()
	if web == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := web.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = web.Close()
	}
	<-served
	courier.stop()
	return err
}

// URL is the base address, without a trailing slash.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// APIURL is the base address of the REST API.
func (s *Server) APIURL() string { return s.URL() + "/api/v4" }

// ServeHTTP sends Git requests to the repositories, /api/v4 to the API and the
// rest to the pages.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.opts.Clock().UTC().Format(http.TimeFormat))
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/v4/"):
		s.faults.serve(w, r, s.api, s.opts.Clock)
	case isGitRequest(r.URL.Path):
		s.serveGit(w, r)
	default:
		s.pages.ServeHTTP(w, r)
	}
}

// now is the clock at the precision GitLab shows.
func (s *Server) now() time.Time { return s.opts.Clock().UTC().Truncate(time.Millisecond) }

// next gives the next id of a kind. Callers hold mu.
func (s *Server) next(kind string) int {
	s.ids[kind]++
	return s.ids[kind]
}
