package gitlab_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// TestTroubleThatPasses: the answer is the same as without.
func TestTroubleThatPasses(t *testing.T) {
	for name, trouble := range map[string]func(*forge){
		"a burst of 502":          func(f *forge) { f.ServerErrors(3, 502) },
		"too many requests":       func(f *forge) { f.TooManyRequests(2, 20*time.Second) },
		"two cut connections":     func(f *forge) { f.CutConnections(2) },
		"an answer that was lost": func(f *forge) { f.Fail(gitlabtest.Fault{Path: "/approvals", Times: 1, After: true, Cut: true}) },
	} {
		t.Run(name, func(t *testing.T) {
			f := startForge(t, gitlabtest.Options{}, nil)
			mr := f.merged("change", 1)
			c := f.client()
			trouble(f)
			got := f.landings(c, mr.LandedSHA)
			if len(got) != 1 || len(got[0].Approvals) != 1 || got[0].Approvals[0].By.AccessLevel != 30 {
				t.Errorf("got %+v, want !%d with its approval", got, mr.IID)
			}
		})
	}
}

// TestTroubleThatStays is an error, whichever of the requests it hits.
func TestTroubleThatStays(t *testing.T) {
	f := startForge(t, gitlabtest.Options{HideApprovedAt: true}, nil)
	mr := f.merged("change", 1)
	for _, path := range []string{"/repository/commits/", "/merge_requests/1", "/versions", "/approvals", "/notes", "/users/", "/members/all/"} {
		for name, fault := range map[string]gitlabtest.Fault{
			"502": {Path: path, Status: 502}, "429": {Path: path, Status: 429, RetryAfter: time.Hour}, "cut": {Path: path, Cut: true},
		} {
			f.Heal()
			c := f.client() // one that was not asked to leave GitLab alone
			f.Fail(fault)
			got, err := c.Landings(context.Background(), hash(t, mr.LandedSHA), "refs/heads/main")
			if !errors.Is(err, gitlab.ErrUnavailable) || got != nil {
				t.Errorf("%s at %s: got %v, %v; want ErrUnavailable", name, path, got, err)
			}
		}
	}
}

func TestTokensAndRights(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, nil)
	mr := f.merged("change", 1)
	c := f.client()
	ask := func() error {
		_, err := c.Landings(context.Background(), hash(t, mr.LandedSHA), "refs/heads/main")
		return err
	}
	const robot = "project_101_bot"
	for _, tc := range []struct {
		name   string
		change func(*gitlabtest.User)
		role   gitlabtest.AccessLevel
		want   error
	}{
		{"all is well", func(*gitlabtest.User) {}, gitlabtest.Reporter, nil},
		{"the token has ended", func(u *gitlabtest.User) { u.TokenExpires = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC) }, gitlabtest.Reporter, gitlab.ErrUnauthorized},
		{"the token was replaced", func(u *gitlabtest.User) { u.TokenExpires, u.Token = time.Time{}, "glpat-another" }, gitlabtest.Reporter, gitlab.ErrUnauthorized},
		{"the token may not use the API", func(u *gitlabtest.User) { u.Token, u.Scopes = canary, []string{"read_repository"} }, gitlabtest.Reporter, gitlab.ErrForbidden},
		{"the project went out of sight", func(u *gitlabtest.User) { u.Scopes = []string{"read_api"} }, gitlabtest.NoAccess, gitlab.ErrNotFound},
	} {
		ok(t)(nil, f.UpdateUser(robot, tc.change))
		ok(t)(nil, f.UpdateProject(config, func(p *gitlabtest.Project) { p.Members[robot] = tc.role }))
		if err := ask(); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}

// TestARenamedProject: the client knows it by its number, so reading and writing go on; a client that begins later is led to it.
func TestARenamedProject(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, nil)
	mr := f.merged("change", 1)
	c := f.client()
	ok(t)(nil, f.RenameProject(config, "acme/settings"))
	for name, c := range map[string]*gitlab.Client{"one that was open": c, "one that begins with the old name": f.client()} {
		before := len(f.Requests())
		if got := f.landings(c, mr.LandedSHA); len(got) != 1 || got[0].ProjectID != int64(f.project.ID) {
			t.Errorf("%s: got %v, want !%d", name, got, mr.IID)
		}
		for _, r := range f.Requests()[before:] {
			if strings.Contains(r.Path, "acme") {
				t.Errorf("%s: asked %s, want the project's number", name, r.Path)
			}
		}
	}
}

// TestAnArchivedProject is read as before; that nothing can be changed in it is told from a token that may too little.
func TestAnArchivedProject(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, nil)
	mr := f.merged("change", 1)
	ok(t)(nil, f.UpdateUser("project_101_bot", func(u *gitlabtest.User) { u.Scopes = []string{"api"} }))
	ok(t)(nil, f.UpdateProject(config, func(p *gitlabtest.Project) { p.Archived = true }))
	c := f.client()
	if got := f.landings(c, mr.LandedSHA); len(got) != 1 {
		t.Errorf("reading: got %v, want !%d", got, mr.IID)
	}
	path := fmt.Sprintf("projects/%d/merge_requests/%d/notes", f.project.ID, mr.IID)
	err := c.Send(context.Background(), "POST", path, map[string]string{"body": "hello"}, nil, false)
	var e *gitlab.Error
	if !errors.As(err, &e) || !errors.Is(err, gitlab.ErrArchived) || e.Code() != "project-archived" || !strings.Contains(e.Hint, "unarchive") {
		t.Errorf("writing: got %v, want ErrArchived", err)
	}
	ok(t)(nil, f.UpdateProject(config, func(p *gitlabtest.Project) { p.Archived = false }))
	ok(t)(nil, f.UpdateUser("project_101_bot", func(u *gitlabtest.User) { u.Scopes = []string{"read_api"} }))
	if err := c.Send(context.Background(), "POST", path, map[string]string{"body": "hello"}, nil, false); !errors.Is(err, gitlab.ErrForbidden) || errors.Is(err, gitlab.ErrArchived) {
		t.Errorf("with too small a scope: got %v, want ErrForbidden alone", err)
	}
}

// TestAWithdrawnApprovalIsGone, also where times come from notes.
func TestAWithdrawnApprovalIsGone(t *testing.T) {
	for _, hide := range []bool{false, true} {
		f := startForge(t, gitlabtest.Options{HideApprovedAt: hide}, nil)
		f.commit("ann", "change", "main", "change")
		mr, err := f.OpenMergeRequest(config, gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: "change"})
		ok(t)(mr, err)
		c := f.client()
		for _, step := range []struct {
			act  func(string, int, string) error
			want int
		}{{f.Approve, 1}, {f.Unapprove, 0}, {f.Approve, 1}} {
			ok(t)(nil, step.act(config, mr.IID, "bob"))
			got, err := c.MergeRequest(context.Background(), int64(mr.IID))
			ok(t)(got, err)
			if len(got.Approvals) != step.want || step.want == 1 && got.Approvals[0].At.IsZero() {
				t.Errorf("times hidden %t: got %v, want %d with a time", hide, got.Approvals, step.want)
			}
		}
	}
}
