package http_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	httpsource "github.com/sluice-gitops/sluice/reconciler/provider/http"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a small web server: with ETags it holds requests as `Prefer: wait` asks; without it is one that serves files.
type server struct {
	tags bool

	mu      sync.Mutex // guards what is below
	held    providertest.Held
	kept    map[string][]byte // documents, as a server that sweeps none
	changed chan struct{}
	down    bool
	asked   []*http.Request
}

func (s *server) put(held providertest.Held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = held
	for doc, document := range held.Beside {
		s.kept[doc] = document
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *server) look() (held providertest.Held, tag string, changed chan struct{}, down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tags {
		tag = fmt.Sprintf(`"%x"`, sha256.Sum256(s.held.Head))
	}
	return s.held, tag, s.changed, s.down
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	held, tag, changed, down := s.look()
	s.mu.Lock()
	s.asked = append(s.asked, r)
	document := s.kept["sha256:"+strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/pay/rel/"), "/document")]
	s.mu.Unlock()
	if r.URL.Path == "/pay/head" && !down && tag != "" && r.Header.Get("If-None-Match") == tag {
		wait, _ := strconv.Atoi(strings.TrimPrefix(r.Header.Get("Prefer"), "wait="))
		ctx, cancel := context.WithTimeout(r.Context(), time.Duration(wait)*time.Second)
		defer cancel()
		select {
		case <-ctx.Done():
		case <-changed:
		}
		held, tag, _, down = s.look()
	}
	switch {
	case down:
		w.WriteHeader(http.StatusBadGateway)
	case r.URL.Path == "/pay/head" && held.Head == nil, r.URL.Path != "/pay/head" && document == nil:
		w.WriteHeader(http.StatusNotFound)
	case r.URL.Path != "/pay/head":
		_, _ = w.Write(document)
	case tag != "" && r.Header.Get("If-None-Match") == tag:
		w.WriteHeader(http.StatusNotModified)
	default:
		if tag != "" {
			w.Header().Set("ETag", tag)
		}
		_, _ = w.Write(held.Head)
	}
}

func (s *server) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
	close(s.changed)
	s.changed = make(chan struct{})
}

func TestConformance(t *testing.T) {
	for name, tags := range map[string]bool{"long poll": true, "a server of files": false} {
		t.Run(name, func(t *testing.T) {
			providertest.TestSource(t, func(t *testing.T) providertest.Fixture {
				s := &server{tags: tags, kept: map[string][]byte{}, changed: make(chan struct{})}
				web := httptest.NewServer(s)
				t.Cleanup(func() { web.CloseClientConnections(); web.Close(); web.Client().CloseIdleConnections() })
				return providertest.Fixture{
					Open: func(t *testing.T) provider.Source {
						source, err := httpsource.New(web.URL + "/pay/")
						if err != nil {
							t.Fatal(err)
						}
						source.Client, source.Poll, source.Wait = web.Client(), time.Millisecond, time.Second
						return source
					},
					Put:   func(_ *testing.T, held providertest.Held) { s.put(held) },
					Clear: func(*testing.T) { s.put(providertest.Held{}) },
					Break: func(*testing.T) func() { s.setDown(true); return func() { s.setDown(false) } },
				}
			})
		})
	}
}

func TestCredentialsAreSentAndNotRepeated(t *testing.T) {
	s := &server{kept: map[string][]byte{}, changed: make(chan struct{}), down: true}
	web := httptest.NewServer(s)
	defer web.Close()
	defer web.Client().CloseIdleConnections()
	source, err := httpsource.New(web.URL + "/pay")
	if err != nil {
		t.Fatal(err)
	}
	source.Client, source.Header = web.Client(), http.Header{"Authorization": {"Bearer hunter2"}}
	_, _, err = source.Head(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error without the token", err)
	}
	if got := s.asked[0].Header.Get("Authorization"); got != "Bearer hunter2" {
		t.Errorf("sent %q", got)
	}
	for _, address := range []string{"https://a:b@example.com/pay", "example.com/pay", "ftp://example.com/pay", "https://example.com/pay?x=1"} {
		if _, err := httpsource.New(address); err == nil {
			t.Errorf("%s: accepted", address)
		}
	}
}
