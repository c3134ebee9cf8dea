package gitrepo_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// randomTree writes a tree of random files through git's own index: names that sort unlike their paths, modes, links.
func randomTree(t testing.TB, g git, random *rand.Rand) schema.Hash {
	t.Helper()
	names := []string{"a", "a.b", "a-b", "a0", "b", "B", "c", "ü"}
	var in strings.Builder
	used := map[string]bool{}
	for range 1 + random.IntN(25) {
		var path []string
		for range 1 + random.IntN(3) {
			path = append(path, names[random.IntN(len(names))])
		}
		full := strings.Join(path, "/")
		if clashes(used, full) {
			continue
		}
		used[full] = true
		blob := g.feed(fmt.Sprint(random.IntN(4)), "hash-object", "-w", "--stdin")
		mode := []string{"100644", "100755", "120000"}[random.IntN(3)]
		fmt.Fprintf(&in, "%s %s\t%s\n", mode, blob, full)
	}
	g.run("read-tree", "--empty")
	g.feed(in.String(), "update-index", "--index-info")
	return hash(t, g.run("write-tree"))
}

func clashes(used map[string]bool, path string) bool {
	for other := range used {
		if other == path || strings.HasPrefix(other, path+"/") || strings.HasPrefix(path, other+"/") {
			return true
		}
	}
	return false
}

func TestDiffAnswersLikeGit(t *testing.T) {
	g := newGit(t)
	r := local(t, g.dir)
	random := rand.New(rand.NewPCG(7, 7))
	old := randomTree(t, g, random)
	for range 40 {
		next := randomTree(t, g, random)
		want := g.run("diff-tree", "-r", "--no-renames", "-z", "--raw", old.String(), next.String())
		got := rawDiff(t, r, old, next)
		if got != rawOfGit(want) {
			t.Errorf("diff %s %s:\ngot\n%s\ngit has\n%s", old, next, got, rawOfGit(want))
		}
		old = next
	}
}

// rawOfGit turns git's raw output into one "old-id new-id path" per line; T changes of kind are one line in both.
func rawOfGit(out string) string {
	var b strings.Builder
	fields := strings.Split(out, "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		meta := strings.Fields(fields[i])
		fmt.Fprintf(&b, "%s %s %s %s %s\n", strings.TrimPrefix(meta[0], ":"), meta[1], meta[2], meta[3], fields[i+1])
	}
	return b.String()
}

func rawDiff(t *testing.T, r *gitrepo.Repo, old, next schema.Hash) string {
	t.Helper()
	var b strings.Builder
	err := r.Diff(t.Context(), old, next, func(c gitrepo.Change) error {
		fmt.Fprintf(&b, "%s %s %s %s %s\n", rawMode(c.Old), rawMode(c.New), c.Old.ID, c.New.ID, c.Path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func rawMode(e gitrepo.TreeEntry) string {
	if e.IsZero() {
		return "000000"
	}
	return string(e.Mode)
}

func TestDiffDirsNamesTheAppsThatChanged(t *testing.T) {
	g := newGit(t)
	before := g.commit("before", map[string]string{
		"stages/dev/pay/app.yaml": "1", "stages/dev/pay/sub/x": "1", "stages/dev/mail/app.yaml": "1", "README.md": "1",
	})
	after := g.commit("after", map[string]string{
		"stages/dev/pay/sub/x": "2", "stages/dev/shop/app.yaml": "1", "stages/dev/mail/app.yaml": "", "stages/dev/note": "1", "README.md": "2",
	})
	r := local(t, g.dir)
	var got []string
	err := r.DiffDirs(t.Context(), treeOf(t, r, before), treeOf(t, r, after), 3, func(c gitrepo.Change) error {
		got = append(got, c.Path)
		return nil
	})
	want := "README.md stages/dev/mail stages/dev/note stages/dev/pay stages/dev/shop"
	if err != nil || strings.Join(got, " ") != want {
		t.Errorf("got %v, %v, want %s", got, err, want)
	}
	e, ok, err := r.Lookup(t.Context(), treeOf(t, r, after), "stages/dev/pay")
	if err != nil || !ok || e.ID != g.id("HEAD:stages/dev/pay") {
		t.Errorf("Lookup: got %v, %t, %v", e, ok, err)
	}
	for _, path := range []string{"stages/dev/mail", "stages/dev/pay/app.yaml/x", "nothing", "stages//dev"} {
		if _, ok, err := r.Lookup(t.Context(), treeOf(t, r, after), path); ok || err != nil {
			t.Errorf("Lookup(%q): got %t, %v", path, ok, err)
		}
	}
}

func treeOf(t testing.TB, r *gitrepo.Repo, commit schema.Hash) schema.Hash {
	t.Helper()
	c, err := r.Commit(t.Context(), commit)
	if err != nil {
		t.Fatal(err)
	}
	return c.Tree
}
