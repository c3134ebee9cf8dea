package gitrepo_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// history makes n commits of random shape with fast-import. Where dates lie, parents may be younger than children.
func history(t testing.TB, random *rand.Rand, n int, lie bool) (git, []schema.Hash) {
	t.Helper()
	g := newGit(t)
	var in strings.Builder
	for i := range n {
		date := 1700000000 + 60*i
		if lie {
			date = 1700000000 + random.IntN(100000)
		}
		fmt.Fprintf(&in, "commit refs/heads/c%d\nmark :%d\ncommitter A <a@example.com> %d +0000\ndata 1\nx", i, i+1, date)
		parents := map[int]bool{}
		for range random.IntN(4) {
			if i > 0 {
				parents[max(0, i-1-random.IntN(8))] = true
			}
		}
		verb := "from"
		for _, p := range slices.Sorted(maps.Keys(parents)) {
			fmt.Fprintf(&in, "\n%s :%d", verb, p+1)
			verb = "merge"
		}
		fmt.Fprintf(&in, "\nM 100644 inline f%d\ndata 1\n%d\n", i, i%10)
	}
	g.feed(in.String(), "fast-import", "--quiet", "--force")
	return g, hashes(t, g.run("for-each-ref", "--sort=version:refname", "--format=%(objectname)", "refs/heads/c*"))
}

func TestGraphAnswersLikeGit(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 1))
		g, ids := history(t, random, 60, seed%2 == 1)
		r := local(t, g.dir)
		parents := parentsOf(t, r, ids)
		for range 80 {
			a, b := ids[random.IntN(len(ids))], ids[random.IntN(len(ids))]
			checkBases(t, g, r, a, b)
			_, inB := ancestors(parents, b)[a]
			if got, err := r.IsAncestor(t.Context(), a, b); err != nil || got != inB {
				t.Errorf("seed %d: IsAncestor(%s, %s): got %t, %v, want %t", seed, a, b, got, err, inB)
			}
			c := ids[random.IntN(len(ids))]
			checkBetween(t, r, parents, []schema.Hash{a, c}, b)
			checkBetween(t, r, parents, []schema.Hash{a}, b, c)
			if seed%2 == 0 {
				checkRevList(t, g, r, a, b)
			}
		}
	}
}

func checkBases(t *testing.T, g git, r *gitrepo.Repo, a, b schema.Hash) {
	t.Helper()
	out, err := g.try("", "merge-base", "--all", a.String(), b.String())
	if err != nil {
		out = "" // git exits with 1 when there is none
	}
	want := hashes(t, out)
	got, err := r.MergeBases(t.Context(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sorted(got), sorted(want)) {
		t.Errorf("MergeBases(%s, %s): got %v, git has %v", a, b, got, want)
	}
}

func checkRevList(t *testing.T, g git, r *gitrepo.Repo, a, b schema.Hash) {
	t.Helper()
	want := hashes(t, g.run("rev-list", a.String()+".."+b.String()))
	got, err := r.Between(t.Context(), []schema.Hash{a}, b)
	if err != nil || !slices.Equal(sorted(got), sorted(want)) {
		t.Errorf("Between(%s, %s): got %v, %v, git has %v", a, b, got, err, want)
	}
}

// checkBetween compares with the plain definition, whatever the dates say.
func checkBetween(t *testing.T, r *gitrepo.Repo, parents map[schema.Hash][]schema.Hash, exclude []schema.Hash, include ...schema.Hash) {
	t.Helper()
	want := map[schema.Hash]bool{}
	for _, id := range include {
		maps.Copy(want, ancestors(parents, id))
	}
	for _, id := range exclude {
		for old := range ancestors(parents, id) {
			delete(want, old)
		}
	}
	got, err := r.Between(t.Context(), exclude, include...)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sorted(got), sorted(slices.Collect(maps.Keys(want)))) {
		t.Errorf("Between(%v, %v): got %d commits, want %d", exclude, include, len(got), len(want))
	}
	seen := map[schema.Hash]bool{}
	for _, id := range got {
		for _, p := range parents[id] {
			if want[p] && !seen[p] {
				t.Errorf("Between: %s comes before its parent %s", id, p)
			}
		}
		seen[id] = true
	}
}

func parentsOf(t *testing.T, r *gitrepo.Repo, ids []schema.Hash) map[schema.Hash][]schema.Hash {
	t.Helper()
	out := map[schema.Hash][]schema.Hash{}
	for _, id := range ids {
		c, err := r.Commit(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		out[id] = c.Parents
	}
	return out
}

func ancestors(parents map[schema.Hash][]schema.Hash, id schema.Hash) map[schema.Hash]bool {
	out := map[schema.Hash]bool{id: true}
	for queue := []schema.Hash{id}; len(queue) > 0; queue = queue[1:] {
		for _, p := range parents[queue[0]] {
			if !out[p] {
				out[p] = true
				queue = append(queue, p)
			}
		}
	}
	return out
}

func sorted(ids []schema.Hash) []schema.Hash {
	out := slices.Clone(ids)
	slices.SortFunc(out, func(a, b schema.Hash) int { return strings.Compare(a.String(), b.String()) })
	return out
}

func TestShallowHistoryIsNeverTakenForTheWhole(t *testing.T) {
	work := newGit(t)
	var ids []schema.Hash
	for i := range 6 {
		ids = append(ids, work.commit(fmt.Sprint(i), map[string]string{"a": fmt.Sprint(i)}))
	}
	clone := git{t, t.TempDir()}
	clone.run("clone", "-q", "--depth", "3", "file://"+work.dir, ".")
	r := local(t, clone.dir)
	if yes, err := r.Shallow(); err != nil || !yes {
		t.Fatalf("Shallow: got %t, %v", yes, err)
	}
	if got, err := r.Between(t.Context(), []schema.Hash{ids[3]}, ids[5]); err != nil || len(got) != 2 {
		t.Errorf("a question within the clone: got %v, %v", got, err)
	}
	asks := map[string]func() error{
		"Between without a base":    func() error { _, err := r.Between(t.Context(), nil, ids[5]); return err },
		"FirstParents past the end": func() error { _, _, err := r.FirstParents(t.Context(), ids[5], ids[0], 100); return err },
	}
	for name, ask := range asks {
		if err := ask(); !errors.Is(err, gitrepo.ErrShallow) {
			t.Errorf("%s: got %v, want ErrShallow", name, err)
		}
	}
	if got, err := r.IsAncestor(t.Context(), ids[5], ids[4]); err != nil || got {
		t.Errorf("a child in its parent's history: got %t, %v", got, err)
	}
	if _, err := r.IsAncestor(t.Context(), ids[0], ids[5]); !errors.Is(err, gitrepo.ErrMissing) {
		t.Errorf("a commit that is not here: got %v, want ErrMissing", err)
	}
}
