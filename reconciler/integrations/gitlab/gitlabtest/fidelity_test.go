package gitlabtest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

func itoa(n int) string { return strconv.Itoa(n) }

const project = "/projects/acme%2Fconfig"

// decoded is the JSON object of an answer.
func (f *forge) decoded(user, method, path string, params url.Values, want int) map[string]any {
	f.t.Helper()
	resp, body := f.raw(user, method, path, params)
	if resp.StatusCode != want {
		f.t.Fatalf("%s %s: got %d %s, want %d", method, path, resp.StatusCode, body, want)
	}
	var out map[string]any
	f.must(json.Unmarshal([]byte(body), &out))
	return out
}

// A status that comes before the merge request's pipeline opens an external one beside it; one that names the pipeline
// joins it.
func TestStatusAndPipeline(t *testing.T) {
	f := start(t, gitlabtest.Options{}, func(p *gitlabtest.Project) { p.PipelineMustSucceed = true })
	head := f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	early := f.decoded("ann", "POST", project+"/statuses/"+head, url.Values{"state": {"success"}, "name": {"sluice/x"}}, 201)
	ci, err := f.StartPipeline(config, "ann", gitlabtest.Pipeline{SHA: head, Ref: "refs/merge-requests/1/head"})
	f.must(err)
	if int(early["pipeline_id"].(float64)) == ci.ID {
		t.Error("the early status is in the pipeline that came later")
	}
	last := f.decoded("ann", "GET", project+"/repository/commits/"+head, nil, 200)["last_pipeline"].(map[string]any)
	if int(last["id"].(float64)) != ci.ID || last["source"] != "merge_request_event" {
		t.Errorf("got last pipeline %v", last)
	}
	named := url.Values{"state": {"failed"}, "name": {"sluice/x"}, "pipeline_id": {itoa(ci.ID)}}
	if st := f.decoded("ann", "POST", project+"/statuses/"+head, named, 201); st["ref"] != "refs/merge-requests/1/head" {
		t.Errorf("got ref %v", st["ref"])
	}
	f.must(f.FinishPipeline(config, ci.ID, "success"))
	if got := f.get(1).DetailedStatus; got != "ci_must_pass" {
		t.Errorf("with a failed status in it: got %s", got)
	}
	named.Set("state", "success")
	f.decoded("ann", "POST", project+"/statuses/"+head, named, 201)
	if got := f.get(1).DetailedStatus; got != "mergeable" {
		t.Errorf("with all green: got %s", got)
	}
	named.Set("pipeline_id", "9")
	if out := f.decoded("ann", "POST", project+"/statuses/"+head, named, 404); !strings.Contains(out["message"].(string), "pipeline_id") {
		t.Errorf("a pipeline that is not there: got %v", out)
	}
	resp, body := f.raw("ann", "GET", project+"/pipelines?source=external&sha="+head, nil)
	if resp.StatusCode != 200 || strings.Count(body, `"source":"external"`) != 1 || strings.Contains(body, "merge_request_event") {
		t.Errorf("external pipelines: got %s", body)
	}
}

// For a moment after a push the API does not know the branch.
func TestBranchIsInvisibleAfterAPush(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.LagAfterPush(2)
	dir := f.clone("ann")
	head := f.change(dir, "b.yaml", "b: 1\n")
	f.gitOK(dir, "push", "--quiet", "origin", "HEAD:refs/heads/feature")
	create := url.Values{"title": {"x"}, "source_branch": {"feature"}, "target_branch": {"main"}}
	out := f.decoded("ann", "POST", project+"/merge_requests", create, 400)
	if text, _ := json.Marshal(out); !strings.Contains(string(text), "does not exist") {
		t.Errorf("got %s", text)
	}
	f.decoded("ann", "POST", project+"/statuses/"+head, url.Values{"state": {"success"}}, 404)
	f.decoded("ann", "POST", project+"/merge_requests", create, 201)
}

// git push -o merge_request.create opens one.
func TestPushOptions(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	dir := f.clone("ann")
	f.change(dir, "b.yaml", "b: 1\n")
	f.gitOK(dir, "push", "--quiet", "-o", "merge_request.create", "-o", "merge_request.target=main", "-o", "merge_request.title=Raise it",
		"-o", "merge_request.label=app", "-o", "merge_request.draft", "origin", "HEAD:refs/heads/feature")
	mr := f.get(1)
	if mr.Title != "Draft: Raise it" || mr.TargetBranch != "main" || mr.Author != "ann" || !mr.Draft || len(mr.Labels) != 1 {
		t.Errorf("got %+v", mr)
	}
	f.change(dir, "b.yaml", "b: 2\n")
	shown := f.gitOK(dir, "push", "--quiet", "-o", "merge_request.create", "-o", "merge_request.title=Raise it more", "origin", "HEAD:refs/heads/feature")
	if !strings.Contains(shown, "/"+config+"/-/merge_requests/1") {
		t.Errorf("a push to the branch of an open merge request: got %q, want its address", shown)
	}
	if all, err := f.MergeRequests(config); err != nil || len(all) != 1 || all[0].Title != "Raise it more" {
		t.Errorf("the second push: got %+v %v, want the same merge request", all, err)
	}
}

// An archived project is read, not written.
func TestArchivedProject(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	dir := f.clone("ann")
	f.must(f.UpdateProject(config, func(p *gitlabtest.Project) { p.Archived = true }))
	if got := f.decoded("ann", "GET", project, nil, 200); got["archived"] != true {
		t.Errorf("got %v", got["archived"])
	}
	for path, method := range map[string]string{
		"/merge_requests/1/notes": "POST", "/merge_requests/1": "PUT", "/merge_requests/1/approve": "POST", "/statuses/" + f.get(1).SHA: "POST",
		"/merge_requests/1/merge": "PUT",
	} {
		f.decoded("mia", method, project+path, url.Values{"body": {"x"}, "title": {"x"}, "state": {"success"}}, 403)
	}
	f.change(dir, "c.yaml", "c: 1\n")
	if _, err := f.git(dir, "push", "--quiet", "origin", "HEAD:refs/heads/late"); err == nil {
		t.Error("a push went through")
	}
}

// Rows of lists lag behind; the merge request itself does not.
func TestListsAreCached(t *testing.T) {
	f := start(t, gitlabtest.Options{StaleLists: true, HideTotals: true}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	row := func(want string) {
		t.Helper()
		resp, body := f.raw("mia", "GET", project+"/merge_requests", nil)
		if !strings.Contains(body, want) || resp.Header.Get("X-Total") != "" || resp.Header.Get("X-Total-Pages") != "" || resp.Header.Get("X-Page") != "1" {
			t.Errorf("got %s %v, want %s and no totals", body, resp.Header, want)
		}
	}
	row(`"name":"Ann"`)
	f.must(f.UpdateUser("ann", func(u *gitlabtest.User) { u.Name = "Anna" }))
	row(`"name":"Ann"`)
	if got := f.decoded("mia", "GET", project+"/merge_requests/1", nil, 200); got["author"].(map[string]any)["name"] != "Anna" {
		t.Errorf("got %v", got["author"])
	}
	f.must2(f.AddNote(config, 1, "bob", "touches it"))
	row(`"name":"Anna"`)
}

// approved_at is there, or is not as before 18.4.
func TestApprovedAtCanBeAbsent(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		f := start(t, gitlabtest.Options{HideApprovedAt: hidden}, nil)
		f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
		f.open("ann", "feature")
		f.must(f.Approve(config, 1, "bob"))
		by := f.decoded("ann", "GET", project+"/merge_requests/1/approvals", nil, 200)["approved_by"].([]any)[0].(map[string]any)
		if _, there := by["approved_at"]; there == hidden {
			t.Errorf("hidden %v: got %v", hidden, by)
		}
	}
}

// Until a late reset is done, newer versions say so and do not merge.
func TestApprovalsAreSyncing(t *testing.T) {
	f := start(t, gitlabtest.Options{ApprovalsSyncing: true}, func(p *gitlabtest.Project) { p.ResetApprovalsOnPush = true })
	f.DelayApprovalResets(10 * time.Second)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	f.must(f.Approve(config, 1, "bob"))
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 2\n"})
	if _, err := f.Merge(config, 1, "mia", gitlabtest.MergeOptions{}); f.get(1).DetailedStatus != "approvals_syncing" || status(err) != 405 {
		t.Errorf("got %s and %v", f.get(1).DetailedStatus, err)
	}
	f.clock.step(10 * time.Second)
	if got := f.get(1); got.DetailedStatus != "mergeable" || len(got.Approvals) != 0 {
		t.Errorf("later: got %s, %v", got.DetailedStatus, got.Approvals)
	}
}

func TestTooManyRequestsNameTheirLimit(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.TooManyRequests(1, time.Minute)
	resp, _ := f.raw("ann", "GET", "/user", nil)
	reset, err := strconv.ParseInt(resp.Header.Get("RateLimit-Reset"), 10, 64)
	if err != nil || time.Unix(reset, 0).Sub(f.clock.Now()) > time.Minute || resp.Header.Get("RateLimit-Remaining") != "0" {
		t.Errorf("got %v", resp.Header)
	}
}

// A deploy key or a rule of the group shows on Premium, as do longer texts than GitLab takes.
func TestProtectedByMore(t *testing.T) {
	f := start(t, gitlabtest.Options{Tier: gitlabtest.Premium}, nil)
	f.must(f.Protect(config, gitlabtest.ProtectedBranch{Name: "env/*", Inherited: true, Push: []gitlabtest.Access{{DeployKey: 7}}}))
	rule := f.decoded("mia", "GET", project+"/protected_branches/env%2F%2A", nil, 200)
	push := rule["push_access_levels"].([]any)[0].(map[string]any)
	if rule["inherited"] != true || push["deploy_key_id"] != 7.0 {
		t.Errorf("got %v", rule)
	}
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.decoded("ann", "POST", project+"/merge_requests", url.Values{"title": {strings.Repeat("x", 256)}, "source_branch": {"feature"}, "target_branch": {"main"}}, 422)
}

// receiver counts webhooks; it answers 500 while broken.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex // guards everything below
	broken bool
	got    []string
}

func receive(f *forge) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.broken {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		r.got = append(r.got, req.Header.Get("Idempotency-Key"))
	}))
	f.t.Cleanup(r.Close)
	f.decoded("mia", "POST", project+"/hooks", url.Values{"url": {r.URL}, "push_events": {"true"}, "merge_requests_events": {"true"}}, 201)
	return r
}

// sent waits until so many webhooks have been sent.
func (f *forge) sent(n int) []gitlabtest.Delivery {
	f.t.Helper()
	for len(f.Deliveries()) < n {
		f.raw("ann", "GET", "/version", nil)
	}
	return f.Deliveries()
}

func TestWebhooksGoWrong(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	r := receive(f)
	push := func(n string) { f.commit("ann", "feature", map[string]string{"b.yaml": n}) }
	f.LoseWebhooks(1)
	push("lost")
	f.RepeatWebhooks(1)
	push("twice")
	twice := f.sent(2)
	if key := twice[0].Header.Get("Idempotency-Key"); key != twice[1].Header.Get("Idempotency-Key") || !strings.Contains(string(twice[0].Body), f.Tip(config, "feature")) {
		t.Error("the first that arrives is not the second push, twice with one key")
	}
	f.HoldWebhooks()
	push("first")
	first := f.Tip(config, "feature")
	push("second")
	f.ReleaseWebhooks(true)
	late := f.sent(4)
	if !strings.Contains(string(late[3].Body), `"after":"`+first) {
		t.Error("the older push did not come last")
	}
	f.SendWebhook(late[0])
	f.sent(5)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.got) != 5 || r.got[4] != r.got[0] {
		t.Errorf("got %v", r.got)
	}
}

func TestWebhookIsDisabled(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	r := receive(f)
	hooks := func() string { _, body := f.raw("mia", "GET", project+"/hooks/801", nil); return body }
	r.mu.Lock()
	r.broken = true
	r.mu.Unlock()
	for n := range 6 {
		f.commit("ann", "feature", map[string]string{"b.yaml": itoa(n)})
		f.sent(min(n+1, 4))
	}
	if got := hooks(); len(f.Deliveries()) != 4 || !strings.Contains(got, `"alert_status":"temporarily_disabled"`) || strings.Contains(got, `"disabled_until":null`) {
		t.Errorf("after %d failures: got %s", len(f.Deliveries()), got)
	}
	r.mu.Lock()
	r.broken = false
	r.mu.Unlock()
	f.decoded("mia", "POST", project+"/hooks/801/test/push_events", nil, 201)
	f.sent(5)
	if got := hooks(); !strings.Contains(got, `"alert_status":"executable"`) {
		t.Errorf("after a test that went well: got %s", got)
	}
	f.must(f.FailWebhooks(config, 40))
	if got := hooks(); !strings.Contains(got, `"alert_status":"disabled"`) {
		t.Errorf("after 40 failures: got %s", got)
	}
}
