package gitlabtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

const config = "acme/config"

// clock is a time that tests move by hand.
type clock struct {
	mu sync.Mutex // guards at
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)} }

// Now moves on by a millisecond on each look, so that no two events coincide.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Millisecond)
	return c.at
}

func (c *clock) step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// forge is a started server with ann and bob (Developers), mia (Maintainer),
// rob (Reporter), eve (no member) and the project acme/config, whose main holds
// one commit.
type forge struct {
	*gitlabtest.Server
	t     *testing.T
	clock *clock
	home  string
}

func start(t *testing.T, opts gitlabtest.Options, change func(*gitlabtest.Project)) *forge {
	t.Helper()
	f := &forge{t: t, clock: newClock(), home: t.TempDir()}
	if opts.Clock == nil {
		opts.Clock = f.clock.Now
	}
	srv, err := gitlabtest.New(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	f.Server = srv
	if _, err := srv.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, name := range []string{"ann", "bob", "mia", "rob", "eve"} {
		f.must2(srv.AddUser(gitlabtest.User{Username: name, Name: strings.ToUpper(name[:1]) + name[1:]}))
	}
	p := gitlabtest.Project{Path: config, Members: map[string]gitlabtest.AccessLevel{
		"ann": gitlabtest.Developer, "bob": gitlabtest.Developer, "mia": gitlabtest.Maintainer, "rob": gitlabtest.Reporter}}
	if change != nil {
		change(&p)
	}
	if _, err := srv.AddProject(p); err != nil {
		t.Fatal(err)
	}
	f.commit("mia", "main", map[string]string{"a.yaml": "a: 1\n"})
	return f
}

func (f *forge) must2(_ any, err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *forge) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// commit writes a commit as the web editor does.
func (f *forge) commit(user, branch string, files map[string]string) string {
	f.t.Helper()
	sha, err := f.CommitFiles(config, gitlabtest.NewCommit{User: user, Branch: branch, Message: "edit " + branch, Files: files})
	if err != nil {
		f.t.Fatal(err)
	}
	return sha
}

// open opens a merge request to main.
func (f *forge) open(user, branch string) gitlabtest.MergeRequest {
	f.t.Helper()
	mr, err := f.OpenMergeRequest(config, gitlabtest.NewMergeRequest{Author: user, SourceBranch: branch, Title: "Change " + branch})
	if err != nil {
		f.t.Fatal(err)
	}
	return mr
}

// get reads a merge request.
func (f *forge) get(iid int) gitlabtest.MergeRequest {
	f.t.Helper()
	mr, err := f.MergeRequest(config, iid)
	if err != nil {
		f.t.Fatal(err)
	}
	return mr
}

// git runs git as somebody at a workstation of their own.
func (f *forge) git(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + f.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com"}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (f *forge) gitOK(dir string, args ...string) string {
	f.t.Helper()
	out, err := f.git(dir, args...)
	if err != nil {
		f.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return out
}

// clone clones as a user.
func (f *forge) clone(user string) string {
	f.t.Helper()
	dir := filepath.Join(f.t.TempDir(), "clone")
	f.gitOK(f.home, "clone", "--quiet", f.CloneURL(config, user), dir)
	return dir
}

// change commits a file in a clone.
func (f *forge) change(dir, path, content string) string {
	f.t.Helper()
	f.must(os.WriteFile(filepath.Join(dir, path), []byte(content), 0o644))
	f.gitOK(dir, "add", path)
	f.gitOK(dir, "commit", "--quiet", "-m", "change "+path)
	return f.gitOK(dir, "rev-parse", "HEAD")
}

// bare asks the server's repository.
func (f *forge) bare(args ...string) string {
	f.t.Helper()
	return f.gitOK(f.RepoDir(config), args...)
}

// write writes a commit object as it stands.
func (f *forge) write(dir, object string) string {
	f.t.Helper()
	path := filepath.Join(f.t.TempDir(), "object")
	f.must(os.WriteFile(path, []byte(object+"\n"), 0o644))
	return f.gitOK(dir, "hash-object", "-t", "commit", "-w", path)
}
