package gitlab_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

const config = "acme/config"

// ticker moves on by a second at each look, so that no two events coincide.
type ticker struct {
	mu sync.Mutex // guards at
	at time.Time
}

func (c *ticker) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Second)
	return c.at
}

// seen is the time without moving it on.
func (c *ticker) seen() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// forge is a stand-in server with ann and bob (Developers), mia (Maintainer), the reconciler's own robot (Reporter), and
// eve, who is no member; main holds one commit.
type forge struct {
	*gitlabtest.Server
	t       *testing.T
	project gitlabtest.Project
	clock   *ticker
}

func startForge(t *testing.T, opts gitlabtest.Options, change func(*gitlabtest.Project)) *forge {
	t.Helper()
	clock := &ticker{at: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}
	opts.Clock = clock.now
	srv, err := gitlabtest.New(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	f := &forge{Server: srv, t: t, clock: clock}
	if _, err := srv.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	for _, name := range []string{"ann", "bob", "mia", "eve"} {
		ok(t)(srv.AddUser(gitlabtest.User{Username: name}))
	}
	ok(t)(srv.AddUser(gitlabtest.User{Username: "project_101_bot", Bot: true, Token: canary, Scopes: []string{"read_api"}}))
	p := gitlabtest.Project{Path: config, Members: map[string]gitlabtest.AccessLevel{"ann": gitlabtest.Developer,
		"bob": gitlabtest.Developer, "mia": gitlabtest.Maintainer, "project_101_bot": gitlabtest.Reporter}}
	if change != nil {
		change(&p)
	}
	if f.project, err = srv.AddProject(p); err != nil {
		t.Fatal(err)
	}
	f.commit("mia", "main", "", "start")
	return f
}

// ok fails the test on an error and drops the value before it.
func ok(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (f *forge) commit(user, branch, start, text string) string {
	f.t.Helper()
	sha, err := f.CommitFiles(config, gitlabtest.NewCommit{User: user, Branch: branch, Start: start, Message: text,
		Files: map[string]string{branch + ".yaml": text + "\n"}})
	if err != nil {
		f.t.Fatal(err)
	}
	return sha
}

// merged is a change by ann that bob approved and mia merged.
func (f *forge) merged(branch string, commits int) gitlabtest.MergeRequest {
	f.t.Helper()
	for i := range commits {
		f.commit("ann", branch, "main", fmt.Sprint("change ", i))
	}
	mr, err := f.OpenMergeRequest(config, gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: branch})
	ok(f.t)(mr, err)
	ok(f.t)(nil, f.Approve(config, mr.IID, "bob"))
	mr, err = f.Merge(config, mr.IID, "mia", gitlabtest.MergeOptions{})
	ok(f.t)(mr, err)
	return mr
}

func (f *forge) client() *gitlab.Client {
	f.t.Helper()
	cfg, _ := configure(f.t, f.URL(), config, canary)
	c, err := gitlab.Open(context.Background(), cfg)
	ok(f.t)(c, err)
	f.t.Cleanup(func() { c.Close() })
	return c
}

func (f *forge) landings(c *gitlab.Client, sha string) []schema.MergeRequest {
	f.t.Helper()
	got, err := c.Landings(context.Background(), hash(f.t, sha), "refs/heads/main")
	ok(f.t)(got, err)
	return got
}

// The reconciler declares this interface; it is repeated here so that a change of either shows.
var _ interface {
	Landings(ctx context.Context, commit schema.Hash, targetRef string) ([]schema.MergeRequest, error)
	MergeRequest(ctx context.Context, iid int64) (schema.MergeRequest, error)
	Opened(ctx context.Context) ([]schema.MergeRequest, error)
} = (*gitlab.Client)(nil)

func TestLandingsByMergeMethod(t *testing.T) {
	squash := func(p *gitlabtest.Project) { p.SquashOption = "always" }
	for _, tc := range []struct {
		name   string
		method string
		change func(*gitlabtest.Project)
	}{
		{"a merge commit", "merge", nil},
		{"a squash below a merge commit", "merge", squash},
		{"a rebase with a merge commit", "rebase_merge", nil},
		{"a fast-forward of the signed commits", "ff", nil},
		{"a squash that was fast-forwarded", "ff", squash},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := startForge(t, gitlabtest.Options{}, func(p *gitlabtest.Project) {
				p.MergeMethod = tc.method
				if tc.change != nil {
					tc.change(p)
				}
			})
			mr := f.merged("change", 2)
			got := f.landings(f.client(), mr.LandedSHA)
			if len(got) != 1 || got[0].IID != int64(mr.IID) {
				t.Fatalf("landings of %s: got %v, want !%d alone", mr.LandedSHA, got, mr.IID)
			}
			want := [3]string{mr.SHA, mr.MergeCommitSHA, mr.SquashCommitSHA}
			if have := [3]string{got[0].Head.String(), hex(got[0].MergeSHA), hex(got[0].SquashSHA)}; have != want {
				t.Errorf("head, merge and squash: got %v, want %v", have, want)
			}
		})
	}
}

func hex(h schema.Hash) string {
	if h.IsZero() {
		return ""
	}
	return h.String()
}

// TestEveryCommitOfAFastForwardLanded: each of them is a position of the stage ref.
func TestEveryCommitOfAFastForwardLanded(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, func(p *gitlabtest.Project) { p.MergeMethod = "ff" })
	mr := f.merged("change", 3)
	for _, sha := range mr.Versions[0].Commits {
		if got := f.landings(f.client(), sha); len(got) != 1 {
			t.Errorf("landings of %s: got %d, want 1", sha, len(got))
		}
	}
}

// TestMergedCommitsAreNoLandings: below a merge commit, the commits of the branch are not what landed.
func TestMergedCommitsAreNoLandings(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, nil)
	mr := f.merged("change", 1)
	if got := f.landings(f.client(), mr.SHA); len(got) != 0 || got == nil {
		t.Errorf("landings of the head %s of a real merge: got %v, want an empty list", mr.SHA, got)
	}
}

func TestADirectPushHasNoLanding(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, nil)
	sha := f.commit("mia", "main", "", "straight in")
	if got := f.landings(f.client(), sha); len(got) != 0 || got == nil {
		t.Errorf("landings of a direct push: got %v, want an empty list", got)
	}
}

func TestAnotherTargetIsNoLanding(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, nil)
	mr := f.merged("change", 1)
	got, err := f.client().Landings(context.Background(), hash(t, mr.LandedSHA), "refs/heads/stage/production")
	if err != nil || len(got) != 0 {
		t.Errorf("landings in another ref: got %v, %v, want none", got, err)
	}
}

func TestACommitGitLabLacksIsAnError(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, nil)
	_, err := f.client().Landings(context.Background(), hash(t, headA), "refs/heads/main")
	if !errors.Is(err, gitlab.ErrMissing) {
		t.Errorf("landings of an unknown commit: got %v, want ErrMissing", err)
	}
}

func TestLandingsInFullOnEveryTier(t *testing.T) {
	for _, tc := range []struct {
		name string
		opts gitlabtest.Options
	}{
		{"community edition", gitlabtest.Options{Tier: gitlabtest.CE}},
		{"enterprise code without a licence", gitlabtest.Options{Tier: gitlabtest.EEFree}},
		{"premium", gitlabtest.Options{Tier: gitlabtest.Premium}},
		{"before approvals had times", gitlabtest.Options{HideApprovedAt: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := startForge(t, tc.opts, nil)
			mr := f.merged("change", 1)
			got := f.landings(f.client(), mr.LandedSHA)
			if len(got) != 1 {
				t.Fatalf("got %d landings, want 1", len(got))
			}
			at := mr.Approvals[0].At
			if tc.opts.HideApprovedAt {
				at = mr.Notes[0].CreatedAt // the note is all that tells the time then
			}
			f.checkMerged(got[0], mr, at)
		})
	}
}

// checkMerged compares everything with what the server did.
func (f *forge) checkMerged(got schema.MergeRequest, mr gitlabtest.MergeRequest, approved time.Time) {
	f.t.Helper()
	person := func(name string, level int) schema.Account {
		u := f.user(name)
		return schema.Account{ID: int64(u.ID), Username: name, State: "active", AccessLevel: level}
	}
	v := mr.Versions[0]
	want := schema.MergeRequest{
		Host: got.Host, ProjectID: int64(f.project.ID), IID: int64(mr.IID), Title: mr.Title, URL: mr.WebURL, State: "merged",
		Author: person("ann", 30), MergedBy: person("mia", 40), CreatedAt: mr.CreatedAt, MergedAt: mr.MergedAt, UpdatedAt: mr.UpdatedAt,
		SourceRef: "refs/heads/change", TargetRef: "refs/heads/main",
		Head: hash(f.t, mr.SHA), MergeSHA: hash(f.t, mr.MergeCommitSHA),
		Versions: []schema.Version{{ID: int64(v.ID), Head: hash(f.t, v.HeadSHA), Base: hash(f.t, v.BaseSHA),
			Start: hash(f.t, v.StartSHA), CreatedAt: v.CreatedAt}},
		Approvals: []schema.Approval{{By: person("bob", 30), At: approved}},
		AsOf:      got.AsOf, Raw: got.Raw,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.t.Errorf("merge request (-want +got):\n%s", diff)
	}
	if got.Host == "" || got.AsOf.Before(mr.MergedAt.Truncate(time.Second)) {
		f.t.Errorf("host %q as of %s: want both, and not before the merge at %s", got.Host, got.AsOf, mr.MergedAt)
	}
}

// user reads an account of the server.
func (f *forge) user(name string) gitlabtest.User {
	f.t.Helper()
	var out gitlabtest.User
	ok(f.t)(nil, f.UpdateUser(name, func(u *gitlabtest.User) { out = *u }))
	return out
}

func TestNobodyApproved(t *testing.T) {
	for _, tier := range []gitlabtest.Tier{gitlabtest.CE, gitlabtest.EEFree, gitlabtest.Premium} {
		f := startForge(t, gitlabtest.Options{Tier: tier}, nil)
		f.commit("ann", "change", "main", "change")
		mr, err := f.OpenMergeRequest(config, gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: "change"})
		ok(t)(mr, err)
		got, err := f.client().MergeRequest(context.Background(), int64(mr.IID))
		ok(t)(got, err)
		if got.Approvals == nil || len(got.Approvals) != 0 || got.State != "opened" {
			t.Errorf("tier %v: got %v in state %s, want no approval, opened", tier, got.Approvals, got.State)
		}
	}
}

func TestVersionsNewestFirst(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, nil)
	f.commit("ann", "change", "main", "first")
	mr, err := f.OpenMergeRequest(config, gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: "change"})
	ok(t)(mr, err)
	for i := range 100 {
		f.commit("ann", "change", "", fmt.Sprint("push ", i))
		ok(t)(f.MergeRequest(config, mr.IID)) // each push is seen by itself
	}
	got, err := f.client().MergeRequest(context.Background(), int64(mr.IID))
	ok(t)(got, err)
	if len(got.Versions) != 101 {
		t.Fatalf("got %d versions, want 101, which is more than a page", len(got.Versions))
	}
	if got.Versions[0].Head != got.Head || !slices.IsSortedFunc(got.Versions, func(a, b schema.Version) int { return b.CreatedAt.Compare(a.CreatedAt) }) {
		t.Errorf("the newest version is not first, or not the head %s", got.Head)
	}
}

func TestOpenedFollowsAllPages(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, nil)
	f.merged("landed", 1)
	for i := range 101 {
		branch := fmt.Sprint("draft-", i)
		f.commit("ann", branch, "main", branch)
		ok(t)(f.OpenMergeRequest(config, gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: branch, Title: "Draft: " + branch}))
	}
	c := f.client()
	got, err := c.Opened(context.Background())
	ok(t)(got, err)
	if len(got) != 101 {
		t.Fatalf("got %d open merge requests, want 101", len(got))
	}
	head := f.commit("ann", "draft-3", "", "pushed")
	ok(t)(nil, f.CloseMergeRequest(config, 9, "ann"))
	before := len(f.Requests())
	later, err := c.Opened(context.Background())
	ok(t)(later, err)
	moved := slices.ContainsFunc(later, func(mr schema.MergeRequest) bool { return mr.Head.String() == head })
	closed := !slices.ContainsFunc(later, func(mr schema.MergeRequest) bool { return mr.IID == 9 })
	if n := len(f.Requests()) - before; len(later) != 100 || !moved || !closed || n != 1 {
		t.Errorf("got %d after %d requests, the new head: %t, without the closed one: %t", len(later), n, moved, closed)
	}
	first := got[0]
	if !first.Draft || first.SourceRef != "refs/heads/draft-0" || first.Author.Username != "ann" || first.AsOf.IsZero() {
		t.Errorf("got %+v, want ann's draft-0", first)
	}
}
