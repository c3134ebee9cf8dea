package gitlabtest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

func TestFaults(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	ask := func() (*http.Response, string) { t.Helper(); return f.raw("ann", "GET", "/user", nil) }

	f.Down(true)
	if resp, _ := ask(); resp.StatusCode != 502 {
		t.Errorf("down: got %d, want 502", resp.StatusCode)
	}
	f.gitOK(f.home, "ls-remote", f.CloneURL(config, "ann"))
	f.Down(false)

	f.TooManyRequests(2, 3*time.Second)
	for range 2 {
		resp, body := ask()
		if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "3" || body != "Retry later\n" || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("burst: got %d %q %q", resp.StatusCode, resp.Header, body)
		}
	}
	f.ServerErrors(1, 503)
	if resp, _ := ask(); resp.StatusCode != 503 {
		t.Errorf("server error: got %d, want 503", resp.StatusCode)
	}
	if resp, _ := ask(); resp.StatusCode != 200 {
		t.Errorf("after the bursts: got %d, want 200", resp.StatusCode)
	}
	f.CutConnections(1)
	req, err := http.NewRequest("POST", f.APIURL()+"/user", nil) // the transport itself retries a cut GET
	f.must(err)
	if resp, err := http.DefaultClient.Do(req); err == nil {
		t.Errorf("cut: got %d, want no answer", resp.StatusCode)
	}
	if got := f.Requests(); len(got) != 6 || got[0].Status != 502 || got[4].User != "ann" || got[5].Status != 0 {
		t.Errorf("requests: got %+v", got)
	}
}

func TestAnswerLostAfterTheWork(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.Fail(gitlabtest.Fault{Method: "POST", Path: "/merge_requests", Times: 1, Status: 504, After: true})
	resp, _ := f.raw("ann", "POST", "/projects/acme%2Fconfig/merge_requests",
		url.Values{"title": {"x"}, "source_branch": {"feature"}, "target_branch": {"main"}})
	if resp.StatusCode != 504 || f.get(1).State != "opened" {
		t.Errorf("got %d and %+v, want 504 and an open merge request", resp.StatusCode, f.get(1))
	}
}

func TestSlow(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.Slow(time.Hour)
	client := &http.Client{Timeout: 50 * time.Millisecond}
	req, err := http.NewRequest("GET", f.APIURL()+"/version", nil)
	f.must(err)
	if resp, err := client.Do(req); err == nil {
		t.Errorf("got %d at once, want to wait", resp.StatusCode)
	}
	f.Heal()
	if resp, _ := f.raw("ann", "GET", "/version", nil); resp.StatusCode != 200 {
		t.Errorf("healed: got %d", resp.StatusCode)
	}
}

func TestDateFollowsTheClock(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.clock.step(48 * time.Hour)
	resp, _ := f.raw("ann", "GET", "/version", nil)
	if got := resp.Header.Get("Date"); !strings.HasPrefix(got, "Wed, 04 Mar 2026") {
		t.Errorf("got %s", got)
	}
}
