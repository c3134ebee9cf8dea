package gitrepo_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
)

// wide is a commit of a directory of many names, so that one more commit is sent as a delta on its tree.
func wide(work git) string {
	files := map[string]string{}
	for n := range 300 {
		files[fmt.Sprintf("apps/app-%03d/app.yaml", n)] = fmt.Sprintf("number: %d\n", n)
	}
	work.commit("many", files)
	return work.id("HEAD:apps").String()
}

// packs are the objects of each pack of the mirror that came later than those known.
func packs(mirror git, known map[string]bool) (objects string) {
	found, _ := filepath.Glob(filepath.Join(mirror.dir, "objects", "pack", "*.idx"))
	for _, idx := range found {
		if !known[idx] {
			objects += mirror.run("verify-pack", "-v", idx)
		}
		known[idx] = true
	}
	return objects
}

// TestAFetchRestsOnWhatIsHere fetches a directory of many names in which one changed: the pack comes as a delta on what is here, and
// is kept with that, as git wants every pack on a disk.
func TestAFetchRestsOnWhatIsHere(t *testing.T) {
	overBoth(t, func(t *testing.T, work, _ git, remote gitrepo.Remote) {
		before := wide(work)
		work.push("main")
		r := mirror(t, remote)
		fetch(t, r)
		known := map[string]bool{}
		packs(git{t, r.Dir()}, known)
		second := work.commit("one", map[string]string{"apps/app-007/app.yaml": "number: 70\n"})
		work.push("main")
		if got := fetch(t, r); got.Refs["refs/heads/main"] != second {
			t.Fatalf("got %v", got.Refs)
		}
		if objects := packs(git{t, r.Dir()}, known); !strings.Contains(objects, before+" tree") {
			t.Errorf("the second pack does not hold the tree before, which it would rest on:\n%s", objects)
		}
		for _, rev := range []string{"HEAD", "HEAD^{tree}", "HEAD:apps", "HEAD:apps/app-007", "HEAD:apps/app-007/app.yaml"} {
			if _, _, err := r.Object(t.Context(), work.id(rev)); err != nil {
				t.Errorf("%s: %v", rev, err)
			}
		}
		if out, err := (git{t, r.Dir()}).try("", "fsck", "--full", "--strict"); err != nil {
			t.Errorf("git fsck of the mirror: %v\n%s", err, out)
		}
	})
}

// TestAFetchThatRestsOnWhatIsLostAsksForAll: the mirror lost an object that no ref names itself. The remote cannot know.
func TestAFetchThatRestsOnWhatIsLostAsksForAll(t *testing.T) {
	work := newGit(t)
	work.bare()
	before := wide(work)
	work.push("main")
	dir := t.TempDir()
	r := mirrorIn(t, dir, gitrepo.Remote{URL: work.run("remote", "get-url", "origin")})
	fetch(t, r)
	lose(t, git{t, r.Dir()}, before)
	second := work.commit("one", map[string]string{"apps/app-007/app.yaml": "number: 70\n"})
	work.push("main")
	if _, err := r.Fetch(t.Context()); !errors.Is(err, gitrepo.ErrUnreachable) || !strings.Contains(err.Error(), "missing or damaged") {
		t.Fatalf("a fetch that rests on what is lost: %v", err)
	}
	if got := fetch(t, r); got.Refs["refs/heads/main"] != second {
		t.Fatalf("the fetch after it: %v", got.Refs)
	}
	if _, _, err := r.Object(t.Context(), work.id("HEAD:apps")); err != nil {
		t.Error(err)
	}
}

// TestAFetchThatRestsOnALargeFileAsksForAll: a file above the limits on any branch holds up nothing, also where it changes a little.
func TestAFetchThatRestsOnALargeFileAsksForAll(t *testing.T) {
	work := newGit(t)
	work.bare()
	var large strings.Builder
	for n := range 5000 {
		fmt.Fprintf(&large, "line %d of a file that is too large\n", n*n)
	}
	work.commit("large", map[string]string{"large.txt": large.String()})
	work.push("main")
	limits := gitrepo.DefaultLimits()
	limits.Object = 20_000
	r := mirrorIn(t, t.TempDir(), gitrepo.Remote{URL: work.run("remote", "get-url", "origin")}, gitrepo.WithLimits(limits))
	fetch(t, r)
	second := work.commit("a little", map[string]string{"large.txt": large.String() + "one more\n", "small": "x\n"})
	work.push("main")
	_, err := r.Fetch(t.Context())
	if err != nil && !strings.Contains(err.Error(), "too large to rest on") {
		t.Fatalf("a fetch that rests on a large file: %v", err)
	}
	if err == nil {
		t.Error("the remote did not rest on the large file: this shows nothing")
	}
	if got := fetch(t, r); got.Refs["refs/heads/main"] != second {
		t.Fatalf("the fetch after it: %v", got.Refs)
	}
	if _, _, err := r.Object(t.Context(), work.id("HEAD:small")); err != nil {
		t.Error(err)
	}
}

// lose unpacks the objects of a repository and removes one.
func lose(t *testing.T, g git, id string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(g.dir, "objects", "pack", "*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no packs in %s: %v", g.dir, err)
	}
	aside := t.TempDir()
	for _, path := range found {
		if err := os.Rename(path, filepath.Join(aside, filepath.Base(path))); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range found {
		if strings.HasSuffix(path, ".pack") {
			data, err := os.ReadFile(filepath.Join(aside, filepath.Base(path)))
			if err != nil {
				t.Fatal(err)
			}
			g.feed(string(data), "unpack-objects", "-q")
		}
	}
	if err := os.Remove(filepath.Join(g.dir, "objects", id[:2], id[2:])); err != nil {
		t.Fatal(err)
	}
}
