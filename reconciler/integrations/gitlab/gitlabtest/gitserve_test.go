package gitlabtest_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

func TestPushMakesVersions(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	dir := f.clone("ann")
	f.gitOK(dir, "switch", "--quiet", "-c", "feature")
	first := f.change(dir, "b.yaml", "b: 1\n")
	f.gitOK(dir, "push", "--quiet", "origin", "feature")
	mr := f.open("ann", "feature")
	second := f.change(dir, "b.yaml", "b: 2\n")
	f.gitOK(dir, "push", "--quiet", "origin", "feature")
	f.gitOK(dir, "commit", "--quiet", "--amend", "-m", "other words")
	third := f.gitOK(dir, "rev-parse", "HEAD")
	f.gitOK(dir, "push", "--quiet", "--force", "origin", "feature")

	mr = f.get(mr.IID)
	if len(mr.Versions) != 3 {
		t.Fatalf("got %d versions, want 3", len(mr.Versions))
	}
	for i, want := range []string{third, second, first} {
		if got := mr.Versions[i].HeadSHA; got != want {
			t.Errorf("version %d from the top: got head %s, want %s", i, got, want)
		}
	}
	if got := f.bare("rev-parse", "refs/merge-requests/1/head"); got != third {
		t.Errorf("refs/merge-requests/1/head: got %s, want %s", got, third)
	}
	f.bare("gc", "--quiet", "--prune=now")
	f.gitOK(dir, "fetch", "--quiet", "origin", second)
	if got := f.get(1).SHA; got != third {
		t.Errorf("after packing the refs: got head %s, want %s", got, third)
	}
}

func TestWhoMayPush(t *testing.T) {
	for _, row := range []struct {
		name string
		rule *gitlabtest.ProtectedBranch
		user string
		push []string // arguments after "push origin"
		want string   // "" is success, else a part of the refusal
	}{
		{"a developer pushes a feature branch", nil, "ann", []string{"HEAD:refs/heads/x"}, ""},
		{"a developer may not push to the default branch", nil, "ann", []string{"HEAD:main"}, "not allowed to push code to protected branches"},
		{"a maintainer may", nil, "mia", []string{"HEAD:main"}, ""},
		{"a maintainer may not force", nil, "mia", []string{"--force", "HEAD~1:main"}, "not allowed to force push"},
		{"nobody may when the rule says no one", noOne("main"), "mia", []string{"HEAD:main"}, "not allowed to push code"},
		{"a wildcard covers its branches", noOne("stage/*"), "mia", []string{"HEAD:refs/heads/stage/prod"}, "not allowed to push code"},
		{"a wildcard covers no others", noOne("stage/*"), "mia", []string{"HEAD:refs/heads/stages"}, ""},
		{"force where the rule allows it", &gitlabtest.ProtectedBranch{Name: "main", AllowForcePush: true}, "mia", []string{"--force", "HEAD~1:main"}, ""},
		{"a protected branch is not deleted by a push", nil, "mia", []string{":main"}, "only delete protected branches using the web interface"},
		{"merge request refs belong to the server", nil, "mia", []string{"HEAD:refs/merge-requests/9/head"}, "hidden ref"},
		{"a reporter pushes nothing", nil, "rob", []string{"HEAD:refs/heads/x"}, "403"},
		{"who is no member sees no project", nil, "eve", []string{"HEAD:refs/heads/x"}, "not found"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := start(t, gitlabtest.Options{}, nil)
			f.commit("mia", "main", map[string]string{"a.yaml": "a: 2\n"})
			dir := f.clone("mia")
			if row.rule != nil {
				f.must(f.Protect(config, *row.rule))
			}
			if !strings.Contains(strings.Join(row.push, " "), "~1") {
				f.change(dir, "c.yaml", "c: 1\n")
			}
			before := f.bare("rev-parse", "main")
			out, err := f.git(dir, append([]string{"push", f.CloneURL(config, row.user)}, row.push...)...)
			if row.want == "" && err != nil {
				t.Fatalf("got %v, want success:\n%s", err, out)
			}
			if row.want != "" && (err == nil || !strings.Contains(out, row.want)) {
				t.Errorf("got %v and %q, want a refusal with %q", err, out, row.want)
			}
			if row.want != "" && f.bare("rev-parse", "main") != before {
				t.Error("main moved by a refused push")
			}
		})
	}
}

func noOne(branch string) *gitlabtest.ProtectedBranch {
	return &gitlabtest.ProtectedBranch{Name: branch, Push: []gitlabtest.Access{{Level: gitlabtest.NoAccess}}}
}

func TestUnprotectLetsThrough(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("mia", "main", map[string]string{"a.yaml": "a: 2\n"})
	dir := f.clone("ann")
	f.gitOK(dir, "reset", "--quiet", "--hard", "HEAD~1")
	f.change(dir, "a.yaml", "a: 3\n")
	if out, err := f.git(dir, "push", "--force", "origin", "HEAD:main"); err == nil {
		t.Fatalf("a forced push to a protected branch went through: %s", out)
	}
	f.must(f.Unprotect(config, "main"))
	f.gitOK(dir, "push", "--quiet", "--force", "origin", "HEAD:main")
}

func TestWrongTokenIsRefused(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	url := strings.Replace(f.CloneURL(config, "ann"), f.Token("ann"), "glpat-wrong", 1)
	if out, err := f.git(f.home, "ls-remote", url); err == nil {
		t.Errorf("a wrong token reads the repository: %s", out)
	}
	if out, err := f.git(f.home, "ls-remote", f.CloneURL(config, "")); err == nil {
		t.Errorf("nobody reads the repository: %s", out)
	}
}

// A push above http.postBuffer arrives in chunks, which CGI cannot take.
func TestLargePush(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	dir := f.clone("ann")
	f.gitOK(dir, "config", "http.postBuffer", "65536")
	noise, seed := strings.Builder{}, uint32(1)
	for range 300_000 {
		seed = seed*1664525 + 1013904223
		noise.WriteByte(byte(seed >> 24))
	}
	head := f.change(dir, "noise.bin", noise.String())
	f.gitOK(dir, "push", "--quiet", "origin", "HEAD:refs/heads/large")
	if got := f.bare("rev-parse", "large"); got != head {
		t.Errorf("got %s, want %s", got, head)
	}
}
