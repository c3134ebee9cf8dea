package stories_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

var histories = flag.Int("histories", 3, "random histories to play in each layout")

// TestPollingMakesNoDifference plays random histories twice, with a pass after every step and with one at the end: what is
// live and what waits has to be the same (RULES R15).
func TestPollingMakesNoDifference(t *testing.T) {
	for seed := range *histories {
		for _, layout := range []schema.Layout{schema.DirectoryLayout, schema.BranchLayout} {
			t.Run(fmt.Sprintf("seed %d %s", seed, layout), func(t *testing.T) {
				t.Parallel()
				steps := history(rand.New(rand.NewPCG(uint64(seed), 7)))
				method := []string{"merge", "ff", "rebase_merge"}[seed%3]
				often := end(t, layout, method, steps, true)
				once := end(t, layout, method, steps, false)
				if !slices.Equal(often, once) {
					t.Errorf("method "+method+", steps %q\nwith a pass after each: %q\nwith one at the end:   %q", steps, often, once)
				}
			})
		}
	}
}

// history is a handful of changes to one app in the first stage: signed or not, reviewed or pushed, new or back.
func history(r *rand.Rand) [][]string {
	var steps [][]string
	now, requests := 1, 0
	for range 6 {
		next := 1 + r.IntN(3)
		if next == now {
			next = 4
		}
		now = next
		rev := fmt.Sprintf("a=r%d", now)
		requests++
		merge := []string{"merge", fmt.Sprint(requests)}
		switch r.IntN(7) {
		case 0:
			requests--
			steps = append(steps, []string{"push", "ann", "dev", rev})
		case 1:
			steps = append(steps, []string{"mr", "ann", "dev", rev, "unsigned"}, merge)
		case 2:
			steps = append(steps, []string{"mr", "eve", "dev", rev}, append(merge, "squash"))
		case 3: // a bad commit, covered by a good one
			bad := fmt.Sprintf("a=r%d", 5+r.IntN(2))
			steps = append(steps, []string{"mr", "ann", "dev", bad, "unsigned"}, []string{"commit", fmt.Sprint(requests), "ann", "dev", rev}, merge)
		default:
			steps = append(steps, []string{"mr", "ann", "dev", rev}, merge)
		}
	}
	return steps
}

func end(t *testing.T, layout schema.Layout, method string, steps [][]string, often bool) []string {
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
	return append(w.do([]string{"live"}), w.do([]string{"held"})...)
}
