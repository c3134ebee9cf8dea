package reconciler

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// flatTrees are trees of which none is below another.
type flatTrees struct {
	Trees
	of map[schema.Hash][]schema.TreeEntry
}

func (f flatTrees) Tree(_ context.Context, id schema.Hash) ([]schema.TreeEntry, error) {
	return f.of[id], nil
}

// TestChangedAppsAreThoseThatDiffer compares directories in which apps come, go, change and become files with what a plain look at
// each name finds.
func TestChangedAppsAreThoseThatDiffer(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // of a test
	list := func(names map[string]schema.TreeEntry) (out []schema.TreeEntry) {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			out = append(out, names[name])
		}
		return out
	}
	for range 500 {
		before := map[string]schema.TreeEntry{}
		for n := range 1 + random.IntN(8) {
			name := fmt.Sprintf("app-%d", n)
			before[name] = schema.TreeEntry{Name: name, Mode: schema.TreeMode, ID: schema.Hash{1, byte(n)}}
		}
		after, want := maps.Clone(before), map[schema.App]bool{}
		for range random.IntN(3) {
			name := fmt.Sprintf("app-%d", random.IntN(12))
			_, was := before[name]
			want[schema.App(name)] = true
			switch random.IntN(3) {
			case 0:
				delete(after, name)
				want[schema.App(name)] = was
			case 1:
				after[name] = schema.TreeEntry{Name: name, Mode: schema.TreeMode, ID: schema.Hash{2}}
			default:
				after[name] = schema.TreeEntry{Name: name, Mode: schema.Regular, ID: schema.Hash{3}}
				want[schema.App(name)] = was
			}
		}
		maps.DeleteFunc(want, func(_ schema.App, differs bool) bool { return !differs })
		trees := flatTrees{of: map[schema.Hash][]schema.TreeEntry{{1}: list(before), {2}: list(after)}}
		got, err := changedApps(t.Context(), trees, schema.AppsRule{Depth: 1}, schema.Hash{1}, schema.Hash{2})
		if wanted := slices.Sorted(maps.Keys(want)); err != nil || !slices.Equal(got, wanted) {
			t.Fatalf("got %v, %v, want %v\nbefore %v\nafter %v", got, err, wanted, before, after)
		}
	}
}
