package gitrepo_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

func TestRemotesThatAreRefused(t *testing.T) {
	for name, remote := range map[string]gitrepo.Remote{
		"token in the URL":           {URL: "https://oauth2:s3cr3t@gitlab.example.com/a/b.git"},
		"user in an https URL":       {URL: "https://ann@gitlab.example.com/a/b.git"},
		"password in an ssh URL":     {URL: "ssh://git:s3cr3t@gitlab.example.com/a/b.git"},
		"password and a bad escape":  {URL: "https://u:s3cr3t%zz@h/%"},
		"plain http to another host": {URL: "http://gitlab.example.com/a.git"},
		"git protocol":               {URL: "git://gitlab.example.com/a.git"},
		"command of a helper":        {URL: "ext::sh -c touch% /tmp/x"},
		"option of a program":        {URL: "--upload-pack=touch /tmp/x"},
		"relative path":              {URL: "some/dir"},
		"file on another host":       {URL: "file://host/dir"},
		"query":                      {URL: "https://h/a?x=y"},
		"no host":                    {URL: "https:///a"},
		"nothing":                    {},
		"CA file that is not there":  {URL: "https://h/a", CAFile: "/nonexistent"},
	} {
		_, err := gitrepo.Open(t.Context(), t.TempDir(), remote)
		if !errors.Is(err, gitrepo.ErrUsage) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: got %v, want ErrUsage without the secret", name, err)
		}
	}
	for name, remote := range map[string]gitrepo.Remote{
		"https":              {URL: "https://gitlab.example.com/a/b.git"},
		"plain http, wanted": {URL: "http://gitlab.example.com/a.git", PlainHTTP: true},
		"http to this host":  {URL: "http://[::1]:8080/a.git"},
		"ssh":                {URL: "ssh://git@gitlab.example.com:2222/a/b.git"},
		"ssh, as scp writes": {URL: "git@gitlab.example.com:a/b.git"},
		"file":               {URL: "file:///srv/a.git"},
		"path":               {URL: "/srv/a.git"},
	} {
		if _, err := gitrepo.Open(t.Context(), t.TempDir(), remote); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMirrorIsMadeInADirectoryOfItsOwn(t *testing.T) {
	work := newGit(t)
	work.commit("x", map[string]string{"a": "1"})
	filled := t.TempDir()
	write(t, filepath.Join(filled, "letter.txt"), "dear")
	for name, dir := range map[string]string{"work tree": work.dir, "directory with files": filled} {
		if _, err := gitrepo.Open(t.Context(), dir, gitrepo.Remote{URL: work.dir}); !errors.Is(err, gitrepo.ErrUsage) {
			t.Errorf("%s: got %v, want ErrUsage", name, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "deep", "mirror")
	for range 2 { // made, then opened again
		r := mirrorIn(t, dir, gitrepo.Remote{URL: work.dir})
		fetch(t, r)
		refs, err := r.Refs(t.Context())
		if err != nil || refs["refs/heads/main"] != work.id("main") {
			t.Errorf("refs: %v, %v", refs, err)
		}
		if name, id, err := r.Head(t.Context()); err != nil || name != "refs/heads/main" || id != work.id("main") {
			t.Errorf("head: %s %s %v", name, id, err)
		}
	}
	if (git{t, dir}).run("rev-parse", "--is-bare-repository") != "true" {
		t.Error("git does not take the mirror for a bare repository")
	}
}

func TestOpenLocalFindsWhatGitMakes(t *testing.T) {
	work := newGit(t)
	tip := work.commit("x", map[string]string{"a": "1"})
	linked := filepath.Join(t.TempDir(), "linked")
	work.run("worktree", "add", "-q", "-b", "side", linked)
	clone := filepath.Join(t.TempDir(), "clone")
	work.run("clone", "-q", work.dir, clone)
	shared := filepath.Join(t.TempDir(), "shared")
	work.run("clone", "-q", "--shared", work.dir, shared)
	packed := filepath.Join(t.TempDir(), "packed")
	work.run("clone", "-q", "file://"+work.dir, packed)
	git{t, packed}.run("pack-refs", "--all")
	bare := work.bare()
	work.push("main")
	for name, row := range map[string]struct{ dir, head, ref string }{
		"work tree":              {work.dir, "refs/heads/main", "refs/heads/main"},
		"linked work tree":       {linked, "refs/heads/side", "refs/heads/main"},
		"clone":                  {clone, "refs/heads/main", "refs/remotes/origin/main"},
		"clone that borrows":     {shared, "refs/heads/main", "refs/remotes/origin/main"},
		"clone with packed refs": {packed, "refs/heads/main", "refs/remotes/origin/main"},
		"bare repository":        {bare.dir, "refs/heads/main", "refs/heads/main"},
	} {
		r := local(t, row.dir)
		if head, id, err := r.Head(t.Context()); err != nil || head != row.head || id != tip {
			t.Errorf("%s: head: got %s %s %v", name, head, id, err)
		}
		if refs, err := r.Refs(t.Context()); err != nil || refs[row.ref] != tip {
			t.Errorf("%s: refs: got %v, %v", name, refs, err)
		}
		if _, err := r.Commit(t.Context(), tip); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if name, id, err := local(t, clone).DefaultBranch(t.Context()); err != nil || name != "refs/remotes/origin/main" || id != tip {
		t.Errorf("default branch of a clone: got %s %s %v", name, id, err)
	}
	if _, err := gitrepo.OpenLocal(t.TempDir()); !errors.Is(err, gitrepo.ErrUsage) {
		t.Errorf("no repository: got %v, want ErrUsage", err)
	}
}

func TestOpenLocalIsReadOnly(t *testing.T) {
	work := newGit(t)
	work.commit("x", map[string]string{"a": "1"})
	r := local(t, work.dir)
	objs, id := commitObjects(t, "x", nil)
	if err := r.Write(t.Context(), objs); !errors.Is(err, gitrepo.ErrUsage) {
		t.Errorf("write: got %v", err)
	}
	if _, err := r.Fetch(t.Context()); !errors.Is(err, gitrepo.ErrUsage) {
		t.Errorf("fetch: got %v", err)
	}
	if err := r.Push(t.Context(), ledgerRef, schema.Hash{}, id, objs); !errors.Is(err, gitrepo.ErrUsage) {
		t.Errorf("push: got %v", err)
	}
	if err := r.FetchCommit(t.Context(), id); !errors.Is(err, gitrepo.ErrUsage) {
		t.Errorf("fetch commit: got %v", err)
	}
}

func TestOtherObjectFormatsAreNamed(t *testing.T) {
	work := newGit(t, "--object-format=sha256")
	work.run("commit", "-q", "--allow-empty", "-m", "x")
	if _, err := gitrepo.OpenLocal(work.dir); !errors.Is(err, gitrepo.ErrObjectFormat) || !strings.Contains(err.Error(), "[object-format]") {
		t.Errorf("open: got %v, want ErrObjectFormat", err)
	}
	bare := git{t, filepath.Join(t.TempDir(), "bare.git")}
	work.run("clone", "-q", "--bare", work.dir, bare.dir)
	for _, url := range []string{bare.dir, serve(t, bare)} {
		if _, err := mirror(t, gitrepo.Remote{URL: url}).Fetch(t.Context()); !errors.Is(err, gitrepo.ErrObjectFormat) {
			t.Errorf("fetch %s: got %v, want ErrObjectFormat", url, err)
		}
	}
}

func TestOverlaysAreReportedAndNotFollowed(t *testing.T) {
	work := newGit(t)
	first := work.commit("first", map[string]string{"a": "1"})
	second := work.commit("second", map[string]string{"a": "2"})
	r := local(t, work.dir)
	if got, err := r.ReplaceRefs(t.Context()); err != nil || len(got) > 0 {
		t.Errorf("before: got %v, %v", got, err)
	}
	work.run("replace", second.String(), first.String())
	write(t, filepath.Join(work.dir, ".git", "info", "grafts"), second.String()+"\n")
	got, err := r.ReplaceRefs(t.Context())
	if err != nil || strings.Join(got, " ") != "refs/replace/"+second.String()+" info/grafts" {
		t.Errorf("got %v, %v", got, err)
	}
	if c, err := r.Commit(t.Context(), second); err != nil || len(c.Parents) != 1 || c.Parents[0] != first {
		t.Errorf("the commit itself: got %+v, %v", c, err)
	}
	if err := os.Remove(filepath.Join(work.dir, ".git", "info", "grafts")); err != nil {
		t.Fatal(err)
	}
}
