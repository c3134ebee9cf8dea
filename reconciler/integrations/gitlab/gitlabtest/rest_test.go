package gitlabtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xanzy/go-gitlab"
	"golang.org/x/time/rate"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// client is the real client as a user, without retries.
func (f *forge) client(user string) *gitlab.Client {
	f.t.Helper()
	//lint:ignore SA1019 the frozen library is what the stand-in has to serve
	c, err := gitlab.NewClient(f.Token(user), gitlab.WithBaseURL(f.URL()), gitlab.WithoutRetries(),
		gitlab.WithCustomLimiter(rate.NewLimiter(rate.Inf, 1)), gitlab.WithHTTPClient(&http.Client{Timeout: 30 * time.Second}))
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// raw is one API request as a user; params are sent as a form.
func (f *forge) raw(user, method, path string, params url.Values) (*http.Response, string) {
	f.t.Helper()
	req, err := http.NewRequest(method, f.APIURL()+path, strings.NewReader(params.Encode()))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		req.Header.Set("PRIVATE-TOKEN", f.Token(user))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp, string(body)
}

// The story of one merge request through the client that sluice uses.
func TestClientDrivesAMergeRequest(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	base := f.bare("rev-parse", "main")
	f.commit("ann", "env/x", map[string]string{"b.yaml": "b: 1\n"})
	ann, bob, mia := f.client("ann"), f.client("bob"), f.client("mia")

	mr, _, err := ann.MergeRequests.CreateMergeRequest(config, &gitlab.CreateMergeRequestOptions{
		Title: gitlab.Ptr("Change b"), SourceBranch: gitlab.Ptr("env/x"), TargetBranch: gitlab.Ptr("main"),
		Labels: &gitlab.LabelOptions{"sluice", "app"}})
	f.must(err)
	if mr.IID != 1 || mr.ID == 1 || mr.Author.Username != "ann" || mr.DiffRefs.BaseSha != base || len(mr.Labels) != 2 {
		t.Errorf("created: got %+v", mr)
	}
	if _, _, err = ann.MergeRequests.CreateMergeRequest(config, &gitlab.CreateMergeRequestOptions{
		Title: gitlab.Ptr("Again"), SourceBranch: gitlab.Ptr("env/x"), TargetBranch: gitlab.Ptr("main")}); err == nil ||
		!strings.Contains(err.Error(), "409") || !strings.Contains(err.Error(), "already exists for this source branch: !1") {
		t.Errorf("a duplicate: got %v, want 409 with !1", err)
	}
	head := f.commit("ann", "env/x", map[string]string{"b.yaml": "b: 2\n"})

	versions, _, err := ann.MergeRequests.GetMergeRequestDiffVersions(mr.ProjectID, 1, nil)
	f.must(err)
	if len(versions) != 2 || versions[0].HeadCommitSHA != head || !versions[0].CreatedAt.After(*versions[1].CreatedAt) {
		t.Errorf("versions: got %+v", versions)
	}
	commits, _, err := ann.MergeRequests.GetMergeRequestCommits(config, 1, nil)
	f.must(err)
	if len(commits) != 2 || commits[0].ID != head {
		t.Errorf("commits: got %v", commits)
	}
	diffs, _, err := ann.MergeRequests.ListMergeRequestDiffs(config, 1, nil)
	f.must(err)
	if len(diffs) != 1 || !diffs[0].NewFile || !strings.Contains(diffs[0].Diff, "+b: 2") || !strings.HasPrefix(diffs[0].Diff, "@@ ") {
		t.Errorf("diffs: got %+v", diffs)
	}

	_, resp, err := bob.MergeRequestApprovals.ApproveMergeRequest(config, 1, &gitlab.ApproveMergeRequestOptions{SHA: gitlab.Ptr(base)})
	if err == nil || resp.StatusCode != 409 {
		t.Errorf("approve of another sha: got %v, want 409", err)
	}
	approvals, _, err := bob.MergeRequestApprovals.ApproveMergeRequest(config, 1, &gitlab.ApproveMergeRequestOptions{SHA: &head})
	f.must(err)
	if len(approvals.ApprovedBy) != 1 || approvals.ApprovedBy[0].User.Username != "bob" {
		t.Errorf("approvals: got %+v", approvals)
	}
	if _, resp, err = ann.MergeRequestApprovals.GetApprovalState(config, 1); err == nil || resp.StatusCode != 404 {
		t.Errorf("approval state on CE: got %v, want 404", err)
	}

	merged, _, err := mia.MergeRequests.AcceptMergeRequest(config, 1, &gitlab.AcceptMergeRequestOptions{SHA: &head})
	f.must(err)
	tip := f.bare("rev-parse", "main")
	if merged.State != "merged" || merged.MergeCommitSHA != tip || merged.SquashCommitSHA != "" || merged.MergedBy.Username != "mia" {
		t.Errorf("merged: got %+v", merged)
	}
	for _, sha := range []string{head, tip} {
		related, _, err := ann.Commits.ListMergeRequestsByCommit(config, sha)
		f.must(err)
		if len(related) != 1 || related[0].IID != 1 {
			t.Errorf("merge requests of %s: got %v, want !1", sha, related)
		}
	}
	if related, _, err := ann.Commits.ListMergeRequestsByCommit(config, base); err != nil || len(related) != 0 {
		t.Errorf("merge requests of the base: got %v, %v, want none", related, err)
	}
}

func TestClientReadsTheProject(t *testing.T) {
	f := start(t, gitlabtest.Options{}, func(p *gitlabtest.Project) { p.MergeMethod = "ff" })
	c := f.client("mia")
	f.must(f.Protect(config, gitlabtest.ProtectedBranch{Name: "env/*", Push: []gitlabtest.Access{{Level: gitlabtest.NoAccess}}}))

	me, _, err := c.Users.CurrentUser()
	f.must(err)
	version, _, err := c.Version.GetVersion()
	f.must(err)
	project, _, err := c.Projects.GetProject(config, nil)
	f.must(err)
	byID, _, err := c.Projects.GetProject(project.ID, nil)
	f.must(err)
	if me.Username != "mia" || version.Version != "18.5.0" || project.MergeMethod != gitlab.FastForwardMerge || byID.PathWithNamespace != config {
		t.Errorf("got %s, %s, %s, %s", me.Username, version.Version, project.MergeMethod, byID.PathWithNamespace)
	}
	token, _, err := c.PersonalAccessTokens.GetSinglePersonalAccessToken()
	f.must(err)
	if len(token.Scopes) != 1 || token.Scopes[0] != "api" || token.UserID != me.ID {
		t.Errorf("token: got %+v", token)
	}
	member, _, err := c.ProjectMembers.GetInheritedProjectMember(config, me.ID)
	f.must(err)
	if member.AccessLevel != gitlab.MaintainerPermissions {
		t.Errorf("member: got level %d", member.AccessLevel)
	}
	rules, _, err := c.ProtectedBranches.ListProtectedBranches(config, nil)
	f.must(err)
	if len(rules) != 2 || rules[1].Name != "env/*" || rules[1].PushAccessLevels[0].AccessLevel != gitlab.NoPermissions {
		t.Errorf("rules: got %+v", rules)
	}
	if _, resp, err := c.ProtectedBranches.GetProtectedBranch(config, "env/production"); err == nil || resp.StatusCode != 404 {
		t.Errorf("a rule by the name of a branch its wildcard covers: got %v, want 404", err)
	}
	if _, _, err := c.ProtectedBranches.GetProtectedBranch(config, "env/*"); err != nil {
		t.Error(err)
	}
	if _, resp, err := c.ProtectedBranches.ProtectRepositoryBranches(config, &gitlab.ProtectRepositoryBranchesOptions{Name: gitlab.Ptr("main")}); err == nil || resp.StatusCode != 409 {
		t.Errorf("protect twice: got %v, want 409", err)
	}
	if _, err := c.ProtectedBranches.UnprotectRepositoryBranches(config, "env/*"); err != nil {
		t.Error(err)
	}
	branch, _, err := c.Branches.GetBranch(config, "main")
	f.must(err)
	if !branch.Default || !branch.Protected || branch.DevelopersCanPush || branch.Commit.ID != f.bare("rev-parse", "main") {
		t.Errorf("branch: got %+v", branch)
	}
	commit, _, err := c.Commits.GetCommit(config, "main", nil)
	f.must(err)
	if commit.ID != branch.Commit.ID || commit.Stats.Additions != 1 || commit.CommitterEmail != "mia@example.com" {
		t.Errorf("commit: got %+v", commit)
	}
	if _, resp, err := c.Commits.GetGPGSignature(config, commit.ID); err == nil || resp.StatusCode != 404 {
		t.Errorf("signature of an unsigned commit: got %v, want 404", err)
	}
}

func TestRefusals(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.must2(f.AddUser(gitlabtest.User{Username: "reader", Scopes: []string{"read_api"}}))
	f.must(f.UpdateProject(config, func(p *gitlabtest.Project) { p.Members["reader"] = gitlabtest.Developer }))
	f.must2(f.AddUser(gitlabtest.User{Username: "old", TokenExpires: f.clock.Now().AddDate(0, 0, -2)}))
	f.must2(f.AddUser(gitlabtest.User{Username: "gone", State: "blocked"}))
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	const project = "/projects/acme%2Fconfig"
	for _, row := range []struct {
		name, user, method, path string
		want                     int
		body                     string // JSON
	}{
		{"no token", "", "GET", project, 401, `{"message":"401 Unauthorized"}`},
		{"an expired token", "old", "GET", "/user", 401,
			`{"error":"invalid_token","error_description":"Token is expired. You can either do re-authorization or token refresh."}`},
		{"a blocked account", "gone", "GET", "/user", 403, `{"message":"403 Forbidden - Your account has been blocked."}`},
		{"a project one is no member of", "eve", "GET", project, 404, `{"message":"404 Project Not Found"}`},
		{"a project that is not there", "mia", "GET", "/projects/acme%2Fother", 404, `{"message":"404 Project Not Found"}`},
		{"an unescaped path", "mia", "GET", "/projects/acme/config", 404, `{"message":"404 Not found"}`},
		{"a merge request that is not there", "mia", "GET", project + "/merge_requests/7", 404, `{"message":"404 Not found"}`},
		{"a commit that is not there", "mia", "GET", project + "/repository/commits/" + strings.Repeat("0", 40), 404, `{"message":"404 Commit Not Found"}`},
		{"a branch that is not there", "mia", "GET", project + "/repository/branches/none", 404, `{"message":"404 Branch Not Found"}`},
		{"a read token writes", "reader", "POST", project + "/merge_requests/1/approve", 403,
			`{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api"}`},
		{"a read token reads", "reader", "GET", project + "/merge_requests/1/versions", 200, ""},
		{"hooks for a developer", "ann", "GET", project + "/hooks", 403, `{"message":"403 Forbidden"}`},
		{"push rules without a licence", "mia", "GET", project + "/push_rule", 404, `{"message":"404 Not found"}`},
		{"an unsigned commit's signature", "mia", "GET", project + "/repository/commits/main/signature", 404, `{"message":"404 GPG Signature Not Found"}`},
		{"take back what was not given", "bob", "POST", project + "/merge_requests/1/unapprove", 404, `{"message":"404 Not found"}`},
		{"reset approvals as a person", "mia", "PUT", project + "/merge_requests/1/reset_approvals", 401, `{"message":"401 Unauthorized"}`},
		{"update nothing", "ann", "PUT", project + "/merge_requests/1", 400, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			resp, body := f.raw(row.user, row.method, row.path, nil)
			if resp.StatusCode != row.want || row.body != "" && !sameJSON(t, body, row.body) {
				t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, row.want, row.body)
			}
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	first, _ := json.Marshal(x)
	second, _ := json.Marshal(y)
	return string(first) == string(second)
}

func TestListIsPaged(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	for _, name := range []string{"x1", "x2", "x3", "x4", "x5"} {
		f.commit("ann", name, map[string]string{name: name})
		f.open("ann", name)
	}
	f.must(f.CloseMergeRequest(config, 2, "ann"))
	c := f.client("ann")
	var seen []int
	opts := &gitlab.ListProjectMergeRequestsOptions{ListOptions: gitlab.ListOptions{PerPage: 2}, State: gitlab.Ptr("opened"),
		OrderBy: gitlab.Ptr("updated_at"), Sort: gitlab.Ptr("asc")}
	for {
		list, resp, err := c.MergeRequests.ListProjectMergeRequests(config, opts)
		f.must(err)
		for _, mr := range list {
			seen = append(seen, mr.IID)
		}
		if resp.TotalItems != 4 {
			t.Errorf("got total %d, want 4", resp.TotalItems)
		}
		if resp.NextPage == 0 {
			break
		}
		opts.Page = resp.NextPage
	}
	if len(seen) != 4 || seen[0] != 1 || seen[1] != 3 || seen[3] != 5 {
		t.Errorf("got %v, want [1 3 4 5]", seen)
	}
	after := f.get(4).UpdatedAt
	list, _, err := c.MergeRequests.ListProjectMergeRequests(config, &gitlab.ListProjectMergeRequestsOptions{UpdatedAfter: gitlab.Ptr(after.Add(time.Second))})
	if err != nil || len(list) != 0 {
		t.Errorf("updated after the last change: got %v, %v", list, err)
	}
	resp, _ := f.raw("ann", "GET", "/projects/acme%2Fconfig/merge_requests?per_page=2&page=2", nil)
	if link := resp.Header.Get("Link"); !strings.Contains(link, `rel="next"`) || !strings.Contains(link, "page=3") || !strings.Contains(link, f.URL()) {
		t.Errorf("link: got %s", link)
	}
}

func TestNotes(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	bob := f.client("bob")
	n, _, err := bob.Notes.CreateMergeRequestNote(config, 1, &gitlab.CreateMergeRequestNoteOptions{Body: gitlab.Ptr("<!-- sluice -->")})
	f.must(err)
	n, _, err = bob.Notes.UpdateMergeRequestNote(config, 1, n.ID, &gitlab.UpdateMergeRequestNoteOptions{Body: gitlab.Ptr("other")})
	f.must(err)
	if n.Body != "other" || n.Author.Username != "bob" || !n.UpdatedAt.After(*n.CreatedAt) {
		t.Errorf("got %+v", n)
	}
	if _, resp, err := f.client("ann").Notes.UpdateMergeRequestNote(config, 1, n.ID, &gitlab.UpdateMergeRequestNoteOptions{Body: gitlab.Ptr("mine")}); err == nil || resp.StatusCode != 403 {
		t.Errorf("another's note: got %v, want 403", err)
	}
	f.must(f.Approve(config, 1, "bob"))
	list, _, err := bob.Notes.ListMergeRequestNotes(config, 1, &gitlab.ListMergeRequestNotesOptions{Sort: gitlab.Ptr("asc")})
	f.must(err)
	if len(list) != 2 || list[0].Body != "other" || !list[1].System {
		t.Errorf("got %v", list)
	}
}

func TestStatuses(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	head := f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	c := f.client("ann")
	set := func(state gitlab.BuildStateValue) error {
		_, _, err := c.Commits.SetCommitStatus(config, head, &gitlab.SetCommitStatusOptions{State: state, Name: gitlab.Ptr("sluice"), Ref: gitlab.Ptr("feature")})
		return err
	}
	for _, row := range []struct {
		name  string
		state gitlab.BuildStateValue
		want  string
	}{
		{"pending", gitlab.Pending, ""},
		{"pending again", gitlab.Pending, `Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via \"enqueue\")`},
		{"running", gitlab.Running, ""},
		{"running again", gitlab.Running, "Cannot transition status via :run from :running"},
		{"success", gitlab.Success, ""},
		{"pending after the end", gitlab.Pending, ""},
		{"failed", gitlab.Failed, ""},
	} {
		err := set(row.state)
		if row.want == "" && err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if row.want != "" && (err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(row.want, `\"`, `"`))) {
			t.Errorf("%s: got %v, want %s", row.name, err, row.want)
		}
	}
	list, _, err := c.Commits.GetCommitStatuses(config, head, nil)
	f.must(err)
	if len(list) != 1 || list[0].Status != "failed" || list[0].Author.Username != "ann" {
		t.Errorf("got %+v", list)
	}
	mr, _, err := c.MergeRequests.GetMergeRequest(config, 1, nil)
	f.must(err)
	if mr.HeadPipeline == nil || mr.HeadPipeline.Status != "failed" || mr.HeadPipeline.SHA != head {
		t.Errorf("head pipeline: got %+v", mr.HeadPipeline)
	}
}

func TestChecksTakeReads(t *testing.T) {
	f := start(t, gitlabtest.Options{Checks: 2}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	c := f.client("ann")
	for i, want := range []string{"preparing", "checking", "mergeable"} {
		mr, _, err := c.MergeRequests.GetMergeRequest(config, 1, nil)
		f.must(err)
		if mr.DetailedMergeStatus != want || (mr.DiffRefs.HeadSha != "") != (want == "mergeable") {
			t.Errorf("read %d: got %s with head %q, want %s", i+1, mr.DetailedMergeStatus, mr.DiffRefs.HeadSha, want)
		}
	}
}
