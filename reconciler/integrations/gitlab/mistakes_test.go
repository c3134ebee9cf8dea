package gitlab_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// The tests here are of mistakes that other programs made with GitLab; README.md lists them all.

func TestThePageNamesTestsThatExist(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, pattern := range []string{"*_test.go", "hook/*_test.go", "../../../cmd/sluice/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(data)
		}
	}
	for _, name := range regexp.MustCompile(`\b(Test|Benchmark)[A-Z]\w+`).FindAllString(string(page), -1) {
		if !strings.Contains(code.String(), "func "+name+"(") {
			t.Errorf("README.md names %s, which is no test", name)
		}
	}
}

// TestANullPipeline: a merge request of a project without pipelines has none, and an approval count that says nothing.
func TestANullPipeline(t *testing.T) {
	s := newStub(t)
	s.serve(newMR(7, stubMR{"head_pipeline": nil, "pipeline": nil, "diff_refs": nil, "should_remove_source_branch": nil}),
		`{"approved":true,"approvals_required":0,"approvals_left":0,"approved_by":[]}`)
	c, _ := s.client(nil)
	got, err := landingsOf(t, c)
	if err != nil || len(got) != 1 || len(got[0].Approvals) != 0 {
		t.Errorf("got %v, %v; want one landing that nobody approved", got, err)
	}
}

// TestEveryCallEndsWithItsContext: nothing is sent for somebody who does not wait any more.
func TestEveryCallEndsWithItsContext(t *testing.T) {
	s := newStub(t)
	s.serve(newMR(7, nil), bobApproved)
	c, _ := s.client(nil)
	if err := c.Get(context.Background(), "projects/42"); err != nil {
		t.Fatal(err)
	}
	before := s.requests()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, call := range map[string]func() error{
		"Landings":     func() error { _, err := c.Landings(ctx, hash(t, headB), "refs/heads/main"); return err },
		"MergeRequest": func() error { _, err := c.MergeRequest(ctx, 7); return err },
		"Opened":       func() error { _, err := c.Opened(ctx); return err },
		"Signature":    func() error { _, err := c.Signature(ctx, hash(t, headB)); return err },
		"Guards":       func() error { _, err := c.Guards(ctx, []schema.GuardedRef{}); return err },
		"a change":     func() error { return c.Send(ctx, http.MethodPut, "projects/42/merge_requests/7", nil, nil, true) },
	} {
		if err := call(); !errors.Is(err, context.Canceled) || s.requests() != before {
			t.Errorf("%s: got %v after %d requests, want context.Canceled and none", name, err, s.requests()-before)
		}
	}
}

// TestTheTokenIsInNoAddress: addresses are logged by every proxy.
func TestTheTokenIsInNoAddress(t *testing.T) {
	s := newStub(t)
	s.serve(newMR(7, nil), bobApproved)
	var mu sync.Mutex
	var seen []string
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, r.RequestURI, r.Referer(), r.UserAgent())
		mu.Unlock()
		inner.ServeHTTP(w, r)
	})
	c, _ := s.client(nil)
	if _, err := landingsOf(t, c); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(context.Background(), http.MethodPost, "projects/42", map[string]string{"a": "b"}, nil, false); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(seen, "\n"); len(seen) < 30 || strings.Contains(all, canary) {
		t.Errorf("got %d parts of addresses, with the token: %t", len(seen), strings.Contains(all, canary))
	}
}
