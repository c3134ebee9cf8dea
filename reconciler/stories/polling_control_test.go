package stories_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestPollingMakesNoDifferenceToTheRules plays random histories of control files twice, as TestPollingMakesNoDifference does
// of an app: the rules that are in force at the end, and what waits, have to be the same.
func TestPollingMakesNoDifferenceToTheRules(t *testing.T) {
	for seed := range *histories {
		for _, layout := range []schema.Layout{schema.DirectoryLayout, schema.BranchLayout} {
			t.Run(fmt.Sprintf("seed %d %s", seed, layout), func(t *testing.T) {
				t.Parallel()
				steps := controlHistory(rand.New(rand.NewPCG(uint64(seed), 11)))
				method := []string{"merge", "ff", "rebase_merge"}[seed%3]
				often := inForceAtTheEnd(t, layout, method, steps, true)
				once := inForceAtTheEnd(t, layout, method, steps, false)
				if !slices.Equal(often, once) {
					t.Errorf("method "+method+", steps %q\nwith a pass after each: %q\nwith one at the end:   %q", steps, often, once)
				}
			})
		}
	}
}

// controlHistory is a handful of changes by an admin, by somebody else, unsigned, broken, of people, or back to the beginning.
func controlHistory(r *rand.Rand) [][]string {
	steps := [][]string{{"label", "good", "main"}}
	for n := range 6 {
		note := fmt.Sprintf("note=%d", n)
		merge := []string{"merge", fmt.Sprint(n + 1)}
		switch r.IntN(8) {
		case 0:
			steps = append(steps, []string{"rules", "eve", note}, merge)
		case 1:
			steps = append(steps, []string{"rules", "ann", note, "unsigned"}, merge)
		case 2:
			steps = append(steps, []string{"back", "good"}, merge)
		case 3:
			steps = append(steps, []string{"rules", "ann", note}, append(merge, "squash"))
		case 4:
			steps = append(steps, []string{"trust", "eve", fmt.Sprintf("expires=+%dh", 100+n)}, merge)
		default:
			steps = append(steps, []string{"rules", "ann", note}, merge)
		}
	}
	return steps
}

func inForceAtTheEnd(t *testing.T, layout schema.Layout, method string, steps [][]string, often bool) []string {
	w := newWorld(t, layout, story{method: method, targets: []string{"files"}})
	w.do([]string{"seal", "dev/a=r1"})
	for _, step := range steps {
		w.do(step)
		if often {
			w.do([]string{"pass"})
		}
	}
	w.do([]string{"pass"})
	w.audit()
	clone, repo := w.openLedger()
	defer repo.Close()
	return append(w.do([]string{"held"}), fmt.Sprintf("trust %d", clone.Trust.Root.Version), string(clone.Files["sluice.yaml"]))
}
