package gitlabtest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/xanzy/go-gitlab"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

func TestClientUpdatesAMergeRequest(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("mia", "stage", map[string]string{"s.yaml": "s: 1\n"})
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	c := f.client("ann")
	bob, _, err := c.Users.ListUsers(&gitlab.ListUsersOptions{Username: gitlab.Ptr("bob")})
	f.must(err)
	update := func(opts gitlab.UpdateMergeRequestOptions) *gitlab.MergeRequest {
		t.Helper()
		mr, _, err := c.MergeRequests.UpdateMergeRequest(config, 1, &opts)
		f.must(err)
		return mr
	}
	mr := update(gitlab.UpdateMergeRequestOptions{Title: gitlab.Ptr("Draft: later"), Description: gitlab.Ptr("why"),
		Labels: &gitlab.LabelOptions{"b", "a"}, ReviewerIDs: &[]int{bob[0].ID}, Squash: gitlab.Ptr(true)})
	if !mr.Draft || mr.DetailedMergeStatus != "draft_status" || !slices.Equal(mr.Labels, []string{"a", "b"}) || mr.Description != "why" ||
		!mr.Squash || len(mr.Reviewers) != 1 || mr.Reviewers[0].Username != "bob" {
		t.Errorf("got %+v", mr)
	}
	mr = update(gitlab.UpdateMergeRequestOptions{Title: gitlab.Ptr("now"), AddLabels: &gitlab.LabelOptions{"c"}, RemoveLabels: &gitlab.LabelOptions{"a"},
		TargetBranch: gitlab.Ptr("stage"), Squash: gitlab.Ptr(false)})
	if mr.Draft || !slices.Equal(mr.Labels, []string{"b", "c"}) || mr.TargetBranch != "stage" || mr.Squash {
		t.Errorf("got %+v", mr)
	}
	if mr = update(gitlab.UpdateMergeRequestOptions{StateEvent: gitlab.Ptr("close")}); mr.State != "closed" || mr.ClosedBy.Username != "ann" {
		t.Errorf("got %s by %v", mr.State, mr.ClosedBy)
	}
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 2\n"})
	if mr = update(gitlab.UpdateMergeRequestOptions{StateEvent: gitlab.Ptr("reopen")}); mr.State != "opened" || mr.ClosedAt != nil || len(f.get(1).Versions) != 3 {
		t.Errorf("got %s with %d versions, want opened with 3", mr.State, len(f.get(1).Versions))
	}
	list, _, err := c.MergeRequests.ListProjectMergeRequests(config, &gitlab.ListProjectMergeRequestsOptions{Labels: &gitlab.LabelOptions{"c"}})
	if err != nil || len(list) != 1 {
		t.Errorf("by label: got %v, %v", list, err)
	}
	if _, resp, err := f.client("rob").MergeRequests.UpdateMergeRequest(config, 1, &gitlab.UpdateMergeRequestOptions{Title: gitlab.Ptr("x")}); err == nil || resp.StatusCode != 403 {
		t.Errorf("a reporter's update: got %v, want 403", err)
	}
}

func TestClientRebases(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	old := f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	moveOn(f)
	if _, err := f.client("rob").MergeRequests.RebaseMergeRequest(config, 1, nil); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a reporter's rebase: got %v, want 403", err)
	}
	resp, err := f.client("bob").MergeRequests.RebaseMergeRequest(config, 1, nil)
	if err != nil || resp.StatusCode != 202 || f.get(1).SHA == old {
		t.Errorf("got %v, want 202 and another head", err)
	}
	f.must(f.Protect(config, gitlabtest.ProtectedBranch{Name: "feature"}))
	f.commit("mia", "main", map[string]string{"y.yaml": "y: 1\n"})
	if _, err := f.client("mia").MergeRequests.RebaseMergeRequest(config, 1, nil); err == nil {
		t.Error("rebased a branch whose history is protected")
	}
}

func TestClientReadsPremium(t *testing.T) {
	f := start(t, gitlabtest.Options{Tier: gitlabtest.Premium}, func(p *gitlabtest.Project) { p.ApprovalsRequired = 2 })
	f.must2(f.AddUser(gitlabtest.User{Username: "bot", Bot: true}))
	f.must(f.UpdateProject(config, func(p *gitlabtest.Project) { p.Members["bot"] = gitlabtest.Developer }))
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	f.must(f.Approve(config, 1, "bob"))
	c := f.client("mia")
	approvals, _, err := c.MergeRequestApprovals.GetConfiguration(config, 1)
	f.must(err)
	state, _, err := c.MergeRequestApprovals.GetApprovalState(config, 1)
	f.must(err)
	settings, _, err := c.Projects.GetApprovalConfiguration(config)
	f.must(err)
	if approvals.ApprovalsRequired != 2 || approvals.ApprovalsLeft != 1 || len(state.Rules) != 1 || state.Rules[0].Approved ||
		len(state.Rules[0].ApprovedBy) != 1 || settings.ApprovalsBeforeMerge != 2 {
		t.Errorf("got %+v, %+v, %+v", approvals, state, settings)
	}
	rule, _, err := c.Projects.GetProjectPushRules(config)
	if err != nil || rule.ID != 0 {
		t.Errorf("no push rule: got %+v, %v", rule, err)
	}
	version, _, err := c.Version.GetVersion()
	if err != nil || version.Version != "18.5.0-ee" {
		t.Errorf("got %v, %v", version, err)
	}
	if _, err := f.client("bot").MergeRequestApprovals.ResetApprovalsOfMergeRequest(config, 1); err != nil || len(f.get(1).Approvals) != 0 {
		t.Errorf("reset by a bot: got %v and %v", err, f.get(1).Approvals)
	}
	f.must(f.UpdateProject(config, func(p *gitlabtest.Project) { p.DisableCommittersApproval = true }))
	f.commit("bob", "feature", map[string]string{"b.yaml": "b: 2\n"})
	if got := status(f.Approve(config, 1, "bob")); got != 401 {
		t.Errorf("a committer approves: got %d, want 401", got)
	}
}

// On EE without a licence everything is "approved" with nobody having approved.
func TestApprovedSaysNothingWithoutALicence(t *testing.T) {
	f := start(t, gitlabtest.Options{Tier: gitlabtest.EEFree, HideApprovedAt: true}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	approvals, _, err := f.client("ann").MergeRequestApprovals.GetConfiguration(config, 1)
	f.must(err)
	if !approvals.Approved || len(approvals.ApprovedBy) != 0 || approvals.ApprovalsLeft != 0 {
		t.Errorf("got %+v", approvals)
	}
	f.must(f.Approve(config, 1, "bob"))
	if _, body := f.raw("ann", "GET", "/projects/101/merge_requests/1/approvals", nil); strings.Contains(body, "approved_at") {
		t.Errorf("approved_at is told: %s", body)
	}
}

func TestClientManagesBranchesAndHooks(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	c := f.client("mia")
	branch, _, err := c.Branches.CreateBranch(config, &gitlab.CreateBranchOptions{Branch: gitlab.Ptr("stage/prod"), Ref: gitlab.Ptr("main")})
	f.must(err)
	if branch.Name != "stage/prod" || f.Tip(config, "stage/prod") != f.Tip(config, "main") {
		t.Errorf("got %+v", branch)
	}
	for _, name := range []string{"stage/prod", "bad..name"} {
		if _, resp, err := c.Branches.CreateBranch(config, &gitlab.CreateBranchOptions{Branch: &name, Ref: gitlab.Ptr("main")}); err == nil || resp.StatusCode != 400 {
			t.Errorf("create %s: got %v, want 400", name, err)
		}
	}
	list, _, err := c.Branches.ListBranches(config, nil)
	if err != nil || len(list) != 2 {
		t.Errorf("got %v, %v", list, err)
	}
	if _, err := c.Branches.DeleteBranch(config, "stage/prod"); err != nil || f.Tip(config, "stage/prod") != "" {
		t.Errorf("delete: %v", err)
	}
	if _, err := c.Branches.DeleteBranch(config, "main"); err == nil {
		t.Error("deleted the default branch")
	}

	hook, _, err := c.Projects.AddProjectHook(config, &gitlab.AddProjectHookOptions{URL: gitlab.Ptr("http://127.0.0.1:1/x"), MergeRequestsEvents: gitlab.Ptr(true)})
	f.must(err)
	hook, _, err = c.Projects.EditProjectHook(config, hook.ID, &gitlab.EditProjectHookOptions{URL: gitlab.Ptr("http://127.0.0.1:1/y"), PushEvents: gitlab.Ptr(false)})
	f.must(err)
	hooks, _, err := c.Projects.ListProjectHooks(config, nil)
	if err != nil || len(hooks) != 1 || hooks[0].URL != "http://127.0.0.1:1/y" || hooks[0].PushEvents || !hooks[0].MergeRequestsEvents {
		t.Errorf("got %+v, %v", hooks, err)
	}
	if _, err := c.Projects.DeleteProjectHook(config, hook.ID); err != nil {
		t.Error(err)
	}
	if _, _, err := c.Projects.GetProjectHook(config, hook.ID); err == nil {
		t.Error("the hook is still there")
	}
	members, _, err := c.ProjectMembers.ListAllProjectMembers(config, nil)
	if err != nil || len(members) != 4 {
		t.Errorf("got %v, %v", members, err)
	}
	projects, _, err := c.Projects.ListProjects(nil)
	if err != nil || len(projects) != 1 {
		t.Errorf("got %v, %v", projects, err)
	}
}

// A signed commit is told as signed by a key that GitLab does not know.
func TestSignatureOfASignedCommit(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	dir := f.clone("ann")
	raw := f.gitOK(dir, "cat-file", "commit", "HEAD")
	head, message, _ := strings.Cut(raw, "\n\n")
	for header, want := range map[string]string{"SSH SIGNATURE": "SSH", "PGP SIGNATURE": "PGP", "SIGNED MESSAGE": "X509"} {
		signed := head + "\ngpgsig -----BEGIN " + header + "-----\n AAAA\n -----END " + header + "-----\n\n" + message
		sha := f.write(dir, signed)
		f.gitOK(dir, "push", "--quiet", "origin", sha+":refs/heads/signed-"+want)
		_, body := f.raw("ann", "GET", "/projects/101/repository/commits/"+sha+"/signature", nil)
		if !strings.Contains(body, `"signature_type":"`+want+`"`) || !strings.Contains(body, `"verification_status":"un`) {
			t.Errorf("%s: got %s", header, body)
		}
	}
}

func TestStatusFindsItsBranch(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	old := f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	head := f.commit("ann", "feature", map[string]string{"b.yaml": "b: 2\n"})
	for _, sha := range []string{old, head} {
		st, _, err := f.client("ann").Commits.SetCommitStatus(config, sha, &gitlab.SetCommitStatusOptions{State: gitlab.Success})
		if err != nil || st.Ref != "feature" || st.Name != "default" {
			t.Errorf("got %+v, %v", st, err)
		}
	}
	if _, resp, err := f.client("ann").Commits.SetCommitStatus(config, head, &gitlab.SetCommitStatusOptions{State: "fine"}); err == nil || resp.StatusCode != 400 {
		t.Errorf("an unknown state: got %v, want 400", err)
	}
}
