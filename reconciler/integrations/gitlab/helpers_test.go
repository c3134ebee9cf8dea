package gitlab_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is a token that must show up nowhere but in the one header.
const canary = "glpat-canary-5f2c9d7e41"

// tokenIn writes a token file.
func tokenIn(t testing.TB, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// waits are the pauses that a client wanted to make; none is made.
type waits struct {
	mu   sync.Mutex // guards list
	list []time.Duration
}

func (w *waits) pause(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, d)
	return ctx.Err()
}

func (w *waits) all() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]time.Duration(nil), w.list...)
}

// configure is a configuration for tests: fast, and without real pauses.
func configure(t testing.TB, url, project, token string) (gitlab.Config, *waits) {
	t.Helper()
	w := &waits{}
	return gitlab.Config{URL: url, Project: project, TokenFile: tokenIn(t, token), Timeout: 20 * time.Second,
		RequestsPerSecond: 10_000, Pause: w.pause}, w
}

// connect makes a client that asks for nothing yet.
func connect(t testing.TB, cfg gitlab.Config) *gitlab.Client {
	t.Helper()
	c, err := gitlab.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// A stub answers by path and query, and remembers what it was asked. It stands in where GitLab must misbehave.
type stub struct {
	*httptest.Server
	t       testing.TB
	mu      sync.Mutex // guards the rest
	answers map[string][]stubbed
	asked   []string // "GET /users/7"
	tokens  []string
}

type stubbed func(w http.ResponseWriter, r *http.Request)

// newStub knows project 42 and nothing else.
func newStub(t testing.TB) *stub {
	s := &stub{t: t, answers: map[string][]stubbed{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Server.Close)
	s.on("/projects/42", text(200, `{"id":42,"path_with_namespace":"acme/config"}`))
	return s
}

// on sets the answers to a path: the first for the first request and so on, the last for all that follow.
func (s *stub) on(path string, answers ...stubbed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[path] = answers
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v4")
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+path)
	s.tokens = append(s.tokens, r.Header.Get("PRIVATE-TOKEN"))
	answers := s.answers[path]
	if len(answers) > 1 {
		s.answers[path] = answers[1:]
	}
	s.mu.Unlock()
	if len(answers) == 0 {
		text(404, `{"message":"404 Not found"}`)(w, r)
		return
	}
	answers[0](w, r)
}

// count is how often a request was sent.
func (s *stub) count(request string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, asked := range s.asked {
		if asked == request {
			n++
		}
	}
	return n
}

func (s *stub) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// client asks the stub about project 42.
func (s *stub) client(change func(*gitlab.Config)) (*gitlab.Client, *waits) {
	s.t.Helper()
	cfg, w := configure(s.t, s.URL, "42", canary)
	if change != nil {
		change(&cfg)
	}
	return connect(s.t, cfg), w
}

// text is a JSON answer, or what claims to be one.
func text(status int, body string, headers ...string) stubbed {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// one is a list of a single page.
func one(body string) stubbed { return text(200, body, "X-Page", "1", "X-Next-Page", "") }

// cut drops the connection after some bytes.
func cut(body string) stubbed {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "100000")
		fmt.Fprint(w, body)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

var (
	headA = strings.Repeat("a", 40)
	headB = strings.Repeat("b", 40)
)

// stubMR is a merge request as a stub tells it.
type stubMR map[string]any

func newMR(iid int, change stubMR) stubMR {
	m := stubMR{"id": 1000 + iid, "iid": iid, "project_id": 42, "source_project_id": 42, "target_project_id": 42,
		"title": "Change", "state": "merged", "source_branch": "change", "target_branch": "main", "sha": headA,
		"merge_commit_sha": headB, "squash_commit_sha": nil, "created_at": "2026-03-02T10:00:00Z",
		"updated_at": "2026-03-02T11:00:00Z", "merged_at": "2026-03-02T11:00:00Z",
		"author": stubMR{"id": 7, "username": "ann", "state": "active"}, "merge_user": nil}
	for k, v := range change {
		m[k] = v
	}
	return m
}

func (m stubMR) json() string {
	data, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// serve makes a merge request with its people known in full.
func (s *stub) serve(m stubMR, approvals string) {
	path := fmt.Sprintf("/projects/42/merge_requests/%v", m["iid"])
	s.on(path, text(200, m.json(), "Date", "Mon, 02 Mar 2026 12:00:00 GMT"))
	s.on(path+"/versions", one(`[{"id":1,"head_commit_sha":"`+headA+`","base_commit_sha":null,"start_commit_sha":null,"created_at":"2026-03-02T10:00:00Z"}]`))
	s.on(path+"/approvals", text(200, approvals))
	s.on("/projects/42/repository/commits/"+headB+"/merge_requests", one("["+m.json()+"]"))
	for id, name := range map[int]string{7: "ann", 8: "bob"} {
		s.on(fmt.Sprintf("/users/%d", id), text(200, fmt.Sprintf(`{"id":%d,"username":%q,"state":"active","bot":false}`, id, name)))
		s.on(fmt.Sprintf("/projects/42/members/all/%d", id), text(200, fmt.Sprintf(`{"id":%d,"username":%q,"state":"active","access_level":30}`, id, name)))
	}
}

const bobApproved = `{"approved":true,"approved_by":[{"user":{"id":8,"username":"bob","state":"active"},"approved_at":"2026-03-02T10:30:00.720Z"}]}`

func hash(t *testing.T, s string) schema.Hash {
	t.Helper()
	h, err := schema.ParseHash(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
