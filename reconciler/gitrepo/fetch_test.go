package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// overBoth runs a test over the file and the HTTP transport, with real git on the other side.
func overBoth(t *testing.T, test func(t *testing.T, work, bare git, remote gitrepo.Remote)) {
	t.Run("file", func(t *testing.T) {
		work := newGit(t)
		bare := work.bare()
		test(t, work, bare, gitrepo.Remote{URL: bare.dir})
	})
	t.Run("http", func(t *testing.T) {
		work := newGit(t)
		bare := work.bare()
		bare.run("config", "http.receivepack", "true")
		test(t, work, bare, gitrepo.Remote{URL: serve(t, bare)})
	})
}

func TestFetchFollowsTheRemote(t *testing.T) {
	overBoth(t, func(t *testing.T, work, bare git, remote gitrepo.Remote) {
		r := mirror(t, remote)
		if _, err := r.Fetch(t.Context()); !errors.Is(err, gitrepo.ErrEmpty) {
			t.Fatalf("fetch of an empty repository: got %v, want ErrEmpty", err)
		}
		first := work.commit("first", map[string]string{"stages/dev/pay/app.yaml": "a: 1\n"})
		work.run("tag", "-a", "-m", "request", "sluice/approve/0123/ann")
		work.run("tag", "v1")
		work.run("branch", "side")
		work.push("main", "side", "--tags")
		want := map[string]schema.Hash{
			"refs/heads/main": first, "refs/heads/side": first,
			"refs/tags/sluice/approve/0123/ann": work.id("refs/tags/sluice/approve/0123/ann"),
		}
		got := fetch(t, r)
		if !maps.Equal(got.Refs, want) || !got.Changed || got.Head != "refs/heads/main" {
			t.Fatalf("first fetch: got %+v, want refs %v", got, want)
		}
		if got := fetch(t, r); got.Changed {
			t.Error("a fetch that finds nothing says it changed something")
		}

		second := work.commit("second", map[string]string{"stages/dev/pay/app.yaml": "a: 2\n"})
		work.push("main")
		if got := fetch(t, r); got.Refs["refs/heads/main"] != second || !got.Changed {
			t.Errorf("forward: got %v", got.Refs)
		}
		work.run("reset", "-q", "--hard", first.String())
		other := work.commit("other", map[string]string{"x": "y"})
		work.push("--force", "main")
		work.push(":side")
		got = fetch(t, r)
		if _, there := got.Refs["refs/heads/side"]; there || got.Refs["refs/heads/main"] != other {
			t.Errorf("rewrite and deletion: got %v", got.Refs)
		}
		if _, _, err := r.Object(t.Context(), second); err != nil {
			t.Errorf("object that no ref holds any more: %v", err)
		}
		refs, err := r.Refs(t.Context())
		if err != nil || !maps.Equal(refs, got.Refs) {
			t.Errorf("refs on disk: got %v, %v, want %v", refs, err, got.Refs)
		}
		if out := (git{t, r.Dir()}).run("fsck", "--full", "--strict"); out != "" {
			t.Logf("git fsck of the mirror: %s", out)
		}
	})
}

func TestFetchCommitKeepsWhatNoBranchHolds(t *testing.T) {
	overBoth(t, func(t *testing.T, work, bare git, remote gitrepo.Remote) {
		work.commit("base", map[string]string{"a": "1"})
		work.push("main")
		old := work.commit("head of a merge request", map[string]string{"a": "2"})
		work.push("HEAD:refs/merge-requests/7/head")
		r := mirror(t, remote)
		fetch(t, r)
		if _, _, err := r.Object(t.Context(), old); !errors.Is(err, gitrepo.ErrMissing) { // at once: the packs are new
			t.Fatalf("before: got %v, want ErrMissing", err)
		}
		newer := work.commit("newer version", map[string]string{"a": "3"})
		work.push("HEAD:refs/merge-requests/7/head")
		if err := r.FetchCommit(t.Context(), old, "refs/merge-requests/7/head"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Commit(t.Context(), old); err != nil {
			t.Error(err)
		}
		out := git{t, r.Dir()}.run("for-each-ref", "--format=%(refname)", "refs/sluice")
		if out != "refs/sluice/kept/"+old.String() {
			t.Errorf("kept refs: got %q", out)
		}
		fetch(t, r)
		if out := (git{t, r.Dir()}).run("for-each-ref", "refs/sluice"); out == "" {
			t.Error("a fetch dropped the kept ref")
		}

		work.run("checkout", "-q", "-b", "gone")
		gone := work.commit("squashed away", map[string]string{"a": "4"})
		work.push("HEAD:refs/heads/gone")
		work.push(":refs/heads/gone")
		err := r.FetchCommit(t.Context(), gone, "refs/merge-requests/7/head", "refs/merge-requests/8/head")
		if !errors.Is(err, gitrepo.ErrMissing) {
			t.Errorf("without permission: got %v, want ErrMissing", err)
		}
		t.Log(err)
		bare.run("config", "uploadpack.allowAnySHA1InWant", "true")
		if err := r.FetchCommit(t.Context(), gone); err != nil {
			t.Errorf("by id: %v", err)
		}
		_ = newer
	})
}

func TestPushComparesAndSwaps(t *testing.T) {
	overBoth(t, func(t *testing.T, work, bare git, remote gitrepo.Remote) {
		base := work.commit("base", map[string]string{"a": "1"})
		work.push("main")
		r := mirror(t, remote)
		fetch(t, r)
		const ref = "refs/heads/sluice/ledger"
		objs, first := commitObjects(t, "first", nil)
		if err := r.Push(t.Context(), ref, schema.Hash{}, first, objs); err != nil {
			t.Fatal(err)
		}
		if at := bare.id(ref); at != first {
			t.Fatalf("remote is at %s, want %s", at, first)
		}
		objs, second := commitObjects(t, "second", []schema.Hash{first})
		for name, old := range map[string]schema.Hash{"create": {}, "elsewhere": base} {
			if err := r.Push(t.Context(), ref, old, second, objs); !errors.Is(err, gitrepo.ErrMoved) {
				t.Errorf("%s: got %v, want ErrMoved", name, err)
			}
		}
		if err := r.Push(t.Context(), ref, first, second, objs); err != nil {
			t.Fatal(err)
		}
		if at, err := r.RemoteRef(t.Context(), ref); err != nil || at != second {
			t.Errorf("remote ref: got %s, %v, want %s", at, err, second)
		}
		if got := fetch(t, r); got.Changed || got.Refs[ref] != second {
			t.Errorf("fetch after a push: changed %t, %v", got.Changed, got.Refs)
		}
		chain, found, err := r.FirstParents(t.Context(), second, first, 10)
		if err != nil || !found || !slices.Equal(chain, []schema.Hash{second, first}) {
			t.Errorf("first parents: %v %t %v", chain, found, err)
		}
		bare.run("fsck", "--full", "--strict")
	})
}

// commitObjects makes a commit with one file, as the ledger does: from raw bytes.
func commitObjects(t testing.TB, text string, parents []schema.Hash) ([]schema.Object, schema.Hash) {
	t.Helper()
	blob := schema.NewObject(schema.BlobObject, []byte(text+"\n"))
	tree := schema.NewObject(schema.TreeObject, append([]byte("100644 entry\x00"), blob.ID[:]...))
	raw := "tree " + tree.ID.String() + "\n"
	for _, p := range parents {
		raw += "parent " + p.String() + "\n"
	}
	raw += "author S <s@example.com> 1700000000 +0000\ncommitter S <s@example.com> 1700000000 +0000\n\n" + text + "\n"
	commit := schema.NewObject(schema.CommitObject, []byte(raw))
	return []schema.Object{commit, tree, blob}, commit.ID
}

func TestFetchOfManyBranches(t *testing.T) {
	overBoth(t, func(t *testing.T, work, bare git, remote gitrepo.Remote) {
		work.commit("base", map[string]string{"a": "1"})
		work.push("main")
		var in strings.Builder
		for i := range 700 {
			fmt.Fprintf(&in, "commit refs/heads/b%d\ncommitter A <a@example.com> %d +0000\ndata 1\nx\nfrom refs/heads/main^0\nM 100644 inline f\ndata 4\n%04d\n", i, 1700000000+i, i)
		}
		bare.feed(in.String(), "fast-import", "--quiet")
		r := mirror(t, remote)
		if got := fetch(t, r); len(got.Refs) != 701 {
			t.Fatalf("%d refs, want 701", len(got.Refs))
		}
		before := diskUse(t, r.Dir())
		next := work.commit("next", map[string]string{"a": "2"})
		work.push("main")
		if got := fetch(t, r); got.Refs["refs/heads/main"] != next {
			t.Errorf("got %s, want %s", got.Refs["refs/heads/main"], next)
		}
		if more := diskUse(t, r.Dir()) - before; more > 2000 {
			t.Errorf("one commit brought %d bytes: what is here was sent again", more)
		}
	})
}

func TestMirrorIsSharedByProcesses(t *testing.T) {
	work, bare := published(t)
	dir := t.TempDir()
	repos := []*gitrepo.Repo{mirrorIn(t, dir, gitrepo.Remote{URL: bare.dir}), mirrorIn(t, dir, gitrepo.Remote{URL: bare.dir})}
	for i := range 4 {
		tip := work.commit(fmt.Sprint(i), map[string]string{"a": fmt.Sprint(i)})
		work.push("main")
		var group sync.WaitGroup
		for _, r := range repos {
			group.Go(func() {
				got, err := r.Fetch(t.Context())
				if err != nil || got.Refs["refs/heads/main"] != tip {
					t.Errorf("got %v, %v, want %s", got.Refs, err, tip)
				}
				if _, err := r.Commit(t.Context(), tip); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
}

func TestShallowRemoteIsRefused(t *testing.T) {
	work := newGit(t)
	for i := range 3 {
		work.commit(fmt.Sprint(i), map[string]string{"a": fmt.Sprint(i)})
	}
	shallow := filepath.Join(t.TempDir(), "shallow.git")
	work.run("clone", "-q", "--bare", "--depth", "1", "file://"+work.dir, shallow)
	if _, err := mirror(t, gitrepo.Remote{URL: shallow}).Fetch(t.Context()); !errors.Is(err, gitrepo.ErrShallow) {
		t.Errorf("got %v, want ErrShallow", err)
	}
}

func TestFetchThatIsCancelledSaysSo(t *testing.T) {
	_, bare := published(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := mirror(t, gitrepo.Remote{URL: serve(t, bare)}).Fetch(ctx)
	if !errors.Is(err, context.Canceled) || errors.Is(err, gitrepo.ErrUnreachable) {
		t.Errorf("got %v, want context.Canceled alone", err)
	}
}
