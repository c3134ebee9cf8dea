package stories_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestKeysThatSluiceNeverWroteAreInTheView: the reconciler that found them at a target shows them, until they are gone.
func TestKeysThatSluiceNeverWroteAreInTheView(t *testing.T) {
	w := newWorld(t, schema.DirectoryLayout, story{method: "ff", targets: []string{"files"}})
	pass := func(line string) (count int, keys []string) {
		w.do(strings.Fields(line))
		w.do([]string{"pass"})
		for _, app := range w.r.View().Apps {
			for _, c := range app.Cells {
				for _, target := range c.Targets {
					if f := target.Foreign; f != nil {
						count, keys = count+f.Count, append(keys, f.Keys...)
					}
				}
			}
		}
		return count, keys
	}
	if count, keys := pass("seal dev/a=r1"); count != 0 {
		t.Fatalf("got %d, %q, want none: nobody wrote any", count, keys)
	}
	w.targets["files"].strangers = []string{"notes", "todo"}
	if count, keys := pass("clock 1h"); count != 2 || !slices.Equal(keys, []string{"notes", "todo"}) {
		t.Errorf("got %d, %q, want both", count, keys)
	}
	w.targets["files"].strangers = nil
	if count, keys := pass("clock 1h"); count != 0 {
		t.Errorf("got %d, %q, want none: they are gone", count, keys)
	}
}
