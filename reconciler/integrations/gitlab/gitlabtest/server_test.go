package gitlabtest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

func TestCloseLeavesNothingRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	srv, err := gitlabtest.New(t.TempDir(), gitlabtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base, err := srv.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(base + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if _, err := srv.Start("127.0.0.1:0"); err == nil {
		t.Error("started twice")
	}
	for range 2 {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestOnlyLoopback(t *testing.T) {
	srv, err := gitlabtest.New(t.TempDir(), gitlabtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if base, err := srv.Start("0.0.0.0:0"); err == nil {
		t.Errorf("listens on %s", base)
	}
}

// Several people push, approve and read at the same time; run with -race.
func TestManyAtOnce(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	clones := make([]string, 4)
	for i := range clones {
		clones[i] = f.clone("ann")
		f.change(clones[i], fmt.Sprintf("f%d.yaml", i), "x: 1\n")
	}
	var wg sync.WaitGroup
	for i, dir := range clones {
		wg.Go(func() {
			branch := fmt.Sprintf("b%d", i)
			if out, err := f.git(dir, "push", "--quiet", "origin", "HEAD:refs/heads/"+branch); err != nil {
				t.Errorf("push: %v\n%s", err, out)
				return
			}
			mr, err := f.OpenMergeRequest(config, gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: branch})
			if err != nil {
				t.Error(err)
				return
			}
			if err := f.Approve(config, mr.IID, "bob"); err != nil {
				t.Error(err)
			}
			if _, err := f.Merge(config, mr.IID, "mia", gitlabtest.MergeOptions{SHA: mr.SHA}); err != nil {
				t.Error(err)
			}
			f.page("/acme/config/-/merge_requests/1", nil)
		})
	}
	wg.Wait()
	if got := f.bare("rev-list", "--merges", "--count", "main"); got != fmt.Sprint(len(clones)) {
		t.Errorf("got %s merges on main, want %d", got, len(clones))
	}
}

func TestRenamedProject(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	dir := f.clone("ann")
	f.must(f.RenameProject(config, "acme/settings"))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequest("GET", f.APIURL()+"/projects/acme%2Fconfig/merge_requests?state=all", nil)
	f.must(err)
	req.Header.Set("PRIVATE-TOKEN", f.Token("ann"))
	resp, err := client.Do(req)
	f.must(err)
	resp.Body.Close()
	if want := f.APIURL() + "/projects/101/merge_requests?state=all"; resp.StatusCode != 301 || resp.Header.Get("Location") != want {
		t.Errorf("got %d to %q, want 301 to %s", resp.StatusCode, resp.Header.Get("Location"), want)
	}
	f.change(dir, "b.yaml", "b: 1\n")
	f.gitOK(dir, "push", "--quiet", "origin", "HEAD:refs/heads/feature")
	f.gitOK(dir, "fetch", "--quiet", f.CloneURL("acme/settings", "ann"), "feature")
}

func TestRemovedUserIsAGhost(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	f.must(f.Approve(config, 1, "bob"))
	f.must(f.RemoveUser("bob"))
	f.must(f.RemoveUser("ann"))
	if got := f.get(1).Approvals; len(got) != 0 {
		t.Errorf("got approvals %v", got)
	}
	_, body := f.raw("mia", "GET", "/projects/acme%2Fconfig/merge_requests/1", nil)
	if !strings.Contains(body, `"username":"ghost"`) {
		t.Errorf("the author is no ghost: %s", body)
	}
	if status, _ := f.page("/acme/config/-/merge_requests/1/approve", url.Values{"as": {"bob"}}); status != 403 {
		t.Errorf("a removed user acts: got %d", status)
	}
}

func TestStaleListsAndRateLimits(t *testing.T) {
	f := start(t, gitlabtest.Options{StaleLists: true, RateLimit: 60}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	list, _, err := f.client("ann").MergeRequests.ListProjectMergeRequests(config, nil)
	f.must(err)
	one, resp, err := f.client("ann").MergeRequests.GetMergeRequest(config, 1, nil)
	f.must(err)
	if list[0].DetailedMergeStatus != "unchecked" || one.DetailedMergeStatus != "mergeable" || resp.Header.Get("RateLimit-Limit") != "60" {
		t.Errorf("got %s in the list, %s alone, limit %q", list[0].DetailedMergeStatus, one.DetailedMergeStatus, resp.Header.Get("RateLimit-Limit"))
	}
	f.Fail(gitlabtest.Fault{Path: "/repository/branches/feature", Times: 1, Status: 404, Body: `{"message":"404 Branch Not Found"}`})
	if resp, body := f.raw("ann", "GET", "/projects/101/repository/branches/feature", nil); resp.StatusCode != 404 || !strings.HasPrefix(body, "{") {
		t.Errorf("a branch not yet visible: got %d %s", resp.StatusCode, body)
	}
}
