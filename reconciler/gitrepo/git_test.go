package gitrepo_test

import (
	"bytes"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// git is a directory to run the real git in, with nothing of the user's settings.
type git struct {
	t   testing.TB
	dir string
}

func newGit(t testing.TB, args ...string) git {
	t.Helper()
	g := git{t, t.TempDir()}
	g.run(append([]string{"init", "-q", "-b", "main"}, args...)...)
	return g
}

func gitCommand(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com",
	}
	return cmd
}

func (g git) try(stdin string, args ...string) (string, error) {
	cmd := gitCommand(g.dir, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return stderr.String(), err
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

func (g git) run(args ...string) string { g.t.Helper(); return g.feed("", args...) }

func (g git) feed(stdin string, args ...string) string {
	g.t.Helper()
	out, err := g.try(stdin, args...)
	if err != nil {
		g.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (g git) id(rev string) schema.Hash {
	g.t.Helper()
	return hash(g.t, g.run("rev-parse", "--verify", rev))
}

func hash(t testing.TB, s string) schema.Hash {
	t.Helper()
	h, err := schema.ParseHash(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func hashes(t testing.TB, lines string) []schema.Hash {
	t.Helper()
	var out []schema.Hash
	for _, line := range strings.Fields(lines) {
		out = append(out, hash(t, line))
	}
	return out
}

// commit writes files into a work tree and commits them; an empty text removes the file.
func (g git) commit(message string, files map[string]string) schema.Hash {
	g.t.Helper()
	for name, text := range files {
		path := filepath.Join(g.dir, name)
		if text == "" {
			g.run("rm", "-q", name)
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			g.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			g.t.Fatal(err)
		}
	}
	g.run("add", "-A")
	g.run("commit", "-q", "--allow-empty", "-m", message)
	return g.id("HEAD")
}

// bare makes a bare repository that the work tree pushes to as "origin".
func (g git) bare() git {
	g.t.Helper()
	b := newGit(g.t, "--bare")
	g.run("remote", "add", "origin", b.dir)
	return b
}

func (g git) push(args ...string) {
	g.t.Helper()
	g.run(append([]string{"push", "-q", "origin"}, args...)...)
}

func mirror(t testing.TB, from gitrepo.Remote, options ...gitrepo.Option) *gitrepo.Repo {
	t.Helper()
	return mirrorIn(t, t.TempDir(), from, options...)
}

func mirrorIn(t testing.TB, dir string, from gitrepo.Remote, options ...gitrepo.Option) *gitrepo.Repo {
	t.Helper()
	r, err := gitrepo.Open(t.Context(), dir, from, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func local(t testing.TB, dir string, options ...gitrepo.Option) *gitrepo.Repo {
	t.Helper()
	r, err := gitrepo.OpenLocal(dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func fetch(t testing.TB, r *gitrepo.Repo) gitrepo.FetchResult {
	t.Helper()
	got, err := r.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// backend is git's own HTTP server for the bare repositories below a directory.
func backend(t testing.TB, root string) *cgi.Handler {
	t.Helper()
	path := gitCommand(t.TempDir(), "--exec-path")
	out, err := path.Output()
	if err != nil {
		t.Fatal(err)
	}
	return &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"),
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + root,
			"REMOTE_USER=test"},
	}
}

// serve serves a bare repository over HTTP and returns its URL.
func serve(t testing.TB, g git) string {
	t.Helper()
	server := httptest.NewServer(backend(t, filepath.Dir(g.dir)))
	t.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(g.dir)
}

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
