package gitrepo_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// TestMirrorGoesOnBeforeTheDisk reads what a fetch and a push brought while nothing of it is on the disk, and sees it there, whole
// and with its refs, once the mirror is closed.
func TestMirrorGoesOnBeforeTheDisk(t *testing.T) {
	overBoth(t, func(t *testing.T, work, bare git, remote gitrepo.Remote) {
		tip := work.commit("base", map[string]string{"a": "1"})
		work.push("main")
		dir := t.TempDir()
		repo, err := gitrepo.Open(t.Context(), dir, remote)
		if err != nil {
			t.Fatal(err)
		}
		m := gitrepo.Mirror{Repo: repo}
		refs, err := m.Fetch(t.Context())
		if err != nil || refs["refs/heads/main"] != tip {
			t.Fatalf("fetch: got %v, %v", refs, err)
		}
		readable(t, m, tip)
		objs, id := commitObjects(t, "x", nil)
		if err := m.Push(t.Context(), ledgerRef, schema.Hash{}, id, objs); err != nil {
			t.Fatal(err)
		}
		readable(t, m, id)
		if at := bare.id(ledgerRef); at != id {
			t.Errorf("the push returned and the remote is at %s, want %s", at, id)
		}
		if got, err := m.Refs(t.Context()); err != nil || got["refs/heads/main"] != tip || got[ledgerRef] != id {
			t.Errorf("refs of the mirror: got %v, %v", got, err)
		}
		if err := repo.Close(); err != nil {
			t.Fatal(err)
		}
		again := git{t, dir}
		again.run("fsck", "--strict", "--full")
		if again.id("refs/heads/main") != tip || again.id(ledgerRef) != id {
			t.Error("the mirror on the disk has other refs")
		}
		left, _ := filepath.Glob(filepath.Join(dir, "objects", "pack", "tmp_*"))
		if len(left) > 0 {
			t.Errorf("left on the disk: %v", left)
		}
	})
}

func readable(t *testing.T, m gitrepo.Mirror, id schema.Hash) {
	t.Helper()
	c, err := m.Commit(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Tree(t.Context(), c.Tree); err != nil {
		t.Error(err)
	}
}

// TestCrashBeforeTheDiskIsAsIfNothingHadCome copies the mirror as a crash would leave it right after a fetch.
func TestCrashBeforeTheDiskIsAsIfNothingHadCome(t *testing.T) {
	work, bare := published(t)
	dir, remote := t.TempDir(), gitrepo.Remote{URL: bare.dir}
	m := gitrepo.Mirror{Repo: mirrorIn(t, dir, remote)}
	before, err := m.Repo.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tip := work.commit("next", map[string]string{"a": "2"})
	work.push("main")
	if _, err := m.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(t.TempDir(), "mirror")
	if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	after := gitrepo.Mirror{Repo: mirrorIn(t, crashed, remote)}
	refs, err := after.Refs(t.Context())
	if at := refs["refs/heads/main"]; err != nil || at != tip && at != before.Refs["refs/heads/main"] {
		t.Errorf("after the crash main is at %s (%v), which it never was", at, err)
	}
	if got, err := after.Fetch(t.Context()); err != nil || got["refs/heads/main"] != tip {
		t.Errorf("the fetch after the crash: got %v, %v", got, err)
	}
	readable(t, after, tip)
}

// TestPushIsOverWhenTheRemoteHasSaidSo holds git up after it has moved the ref.
func TestPushIsOverWhenTheRemoteHasSaidSo(t *testing.T) {
	_, bare := published(t)
	let := filepath.Join(t.TempDir(), "let")
	hook := filepath.Join(bare.dir, "hooks", "post-receive")
	if err := os.MkdirAll(filepath.Dir(hook), 0o755); err != nil {
		t.Fatal(err)
	}
	writeProgram(t, hook, "#!/bin/sh\nexec >/dev/null 2>&1\nuntil [ -e '"+let+"' ]; do sleep 0.01; done\necho over >'"+let+".over'\n")
	r := mirror(t, gitrepo.Remote{URL: bare.dir})
	objs, id := commitObjects(t, "x", nil)
	if err := r.Push(t.Context(), ledgerRef, schema.Hash{}, id, objs); err != nil {
		t.Fatal(err)
	}
	if bare.id(ledgerRef) != id {
		t.Error("the push did not arrive")
	}
	if _, err := os.Stat(let + ".over"); err == nil {
		t.Error("the push waited for the hook, which runs after it")
	}
	write(t, let, "")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(let + ".over"); err != nil {
		t.Error("the mirror was closed before git had ended")
	}
}

// TestPushPreparedBeforeAnotherOneIsRefused lets somebody else push between the look at the remote, which a fetch takes ahead, and
// the push.
func TestPushPreparedBeforeAnotherOneIsRefused(t *testing.T) {
	overBoth(t, func(t *testing.T, work, bare git, remote gitrepo.Remote) {
		work.commit("base", map[string]string{"a": "1"})
		work.push("main")
		first, firstID := commitObjects(t, "first", nil)
		if err := mirror(t, remote).Push(t.Context(), ledgerRef, schema.Hash{}, firstID, first); err != nil {
			t.Fatal(err)
		}
		m := gitrepo.Mirror{Repo: mirror(t, remote), Pushes: true}
		if _, err := m.Fetch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !m.AwaitAhead() {
			t.Fatal("no way was opened ahead")
		}
		other, otherID := commitObjects(t, "other", []schema.Hash{firstID})
		if err := mirror(t, remote).Push(t.Context(), ledgerRef, firstID, otherID, other); err != nil {
			t.Fatal(err)
		}
		mine, mineID := commitObjects(t, "mine", []schema.Hash{firstID})
		if err := m.Push(t.Context(), ledgerRef, firstID, mineID, mine); !errors.Is(err, gitrepo.ErrMoved) {
			t.Errorf("got %v, want ErrMoved", err)
		}
		if bare.id(ledgerRef) != otherID {
			t.Error("the push that came second moved the ref")
		}
		if _, _, err := m.Object(t.Context(), mineID); !errors.Is(err, gitrepo.ErrMissing) {
			t.Errorf("an object of the push that was refused: got %v, want ErrMissing", err)
		}
	})
}

// TestPushPreparedWhileARefWasAwayIsNotRefused takes the ref back between two fetches, as an administrator would who puts a branch
// right: what was seen ahead is not what is true.
func TestPushPreparedWhileARefWasAwayIsNotRefused(t *testing.T) {
	overBoth(t, func(t *testing.T, work, bare git, remote gitrepo.Remote) {
		work.commit("base", map[string]string{"a": "1"})
		work.push("main")
		root, rootID := commitObjects(t, "root", nil)
		if err := mirror(t, remote).Push(t.Context(), ledgerRef, schema.Hash{}, rootID, root); err != nil {
			t.Fatal(err)
		}
		bare.run("branch", "-m", "sluice/ledger", "aside")
		m := gitrepo.Mirror{Repo: mirror(t, remote), Pushes: true}
		if _, err := m.Fetch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !m.AwaitAhead() {
			t.Fatal("no way was opened ahead")
		}
		bare.run("branch", "-m", "aside", "sluice/ledger")
		next, nextID := commitObjects(t, "next", []schema.Hash{rootID})
		if err := m.Push(t.Context(), ledgerRef, rootID, nextID, next); err != nil {
			t.Error(err)
		}
	})
}

// TestMirrorThatCannotKeepSaysSo takes the directory away that what was fetched has to be kept in.
func TestMirrorThatCannotKeepSaysSo(t *testing.T) {
	work, bare := published(t)
	dir := t.TempDir()
	m := gitrepo.Mirror{Repo: mirrorIn(t, dir, gitrepo.Remote{URL: bare.dir})}
	if _, err := m.Repo.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	work.commit("next", map[string]string{"a": "2"})
	work.push("main")
	if _, err := m.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	packs, aside := filepath.Join(dir, "objects", "pack"), filepath.Join(dir, "objects", "aside")
	if err := os.Rename(packs, aside); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "keep in the mirror what came last") {
		t.Errorf("got %v, want an error that says what was not kept", err)
	}
	if err := os.Rename(aside, packs); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fetch(t.Context()); err != nil {
		t.Errorf("with the directory back: %v", err)
	}
}

// TestOnlyWhoPushesAsksForAWayAhead counts what a server is asked: one that pushes finds its way open, and who only reads asks for
// none.
func TestOnlyWhoPushesAsksForAWayAhead(t *testing.T) {
	work := newGit(t)
	bare := work.bare()
	bare.run("config", "http.receivepack", "true")
	var asked, sent atomic.Int64
	real := backend(t, filepath.Dir(bare.dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("service") == "git-receive-pack" {
			asked.Add(1)
		}
		if strings.HasSuffix(r.URL.Path, "/git-receive-pack") {
			sent.Add(1)
		}
		real.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	remote := gitrepo.Remote{URL: server.URL + "/" + filepath.Base(bare.dir)}
	reads, pushes := gitrepo.Mirror{Repo: mirror(t, remote)}, gitrepo.Mirror{Repo: mirror(t, remote), Pushes: true}
	for _, text := range []string{"1", "2"} {
		work.commit(text, map[string]string{"a": text})
		work.push("main")
		if _, err := reads.Fetch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if reads.AwaitAhead() || asked.Load() != 0 {
			t.Fatalf("who only reads opened a way for a push: asked %d times", asked.Load())
		}
	}
	if _, err := pushes.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !pushes.AwaitAhead() || asked.Load() != 1 {
		t.Fatalf("a change was fetched, and %d ways were asked for", asked.Load())
	}
	objs, id := commitObjects(t, "x", nil)
	if err := pushes.Push(t.Context(), ledgerRef, schema.Hash{}, id, objs); err != nil {
		t.Fatal(err)
	}
	if asked.Load() != 1 || sent.Load() != 1 {
		t.Errorf("the push asked for a way again: %d asked, %d sent", asked.Load(), sent.Load())
	}
	if _, err := pushes.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if pushes.AwaitAhead() {
		t.Error("a fetch that found no change of others opened a way")
	}
}
