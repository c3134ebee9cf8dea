package stories_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// refusedNow is what a clone and the page say of a cell's target beside its code.
func refusedNow(w *world) (clone, page *schema.Refusal) {
	w.t.Helper()
	opened, repo := w.openLedger()
	defer repo.Close()
	view, err := reconciler.NewView(w.ctx, opened.Ledger, opened.Project)
	w.must(err)
	return view.Apps[0].Cells[0].Targets[0].Refused, w.r.View().Apps[0].Cells[0].Targets[0].Refused
}

// TestWhatATargetRefusesIsTold with its size and limit, in the ledger too and so in every clone: once for a delivery, whatever the
// numbers of the next attempts, and anew for the next delivery.
func TestWhatATargetRefusesIsTold(t *testing.T) {
	w := newWorld(t, schema.DirectoryLayout, story{method: "merge", targets: []string{"files"}})
	play := func(want []string, lines ...string) {
		t.Helper()
		var told []string
		for _, line := range lines {
			told = w.do(strings.Fields(line))
		}
		if !slices.Equal(told, want) {
			t.Errorf("%s: told %q, want %q", lines, told, want)
		}
	}
	says := func(when string, want schema.Refusal) {
		t.Helper()
		clone, page := refusedNow(w)
		if clone == nil || page == nil || *clone != want || *page != want {
			t.Errorf("%s: a clone has %+v, the page %+v; want %+v", when, clone, page, want)
		}
	}
	w.do(strings.Fields("seal dev/a=r1"))
	files := w.targets["files"]
	files.refuses, files.refused = integrations.ErrTooLarge, &schema.Refusal{Size: 700_000, Limit: 524_288}
	play([]string{"#3 admit dev/a edit r1->r2 !1 merge", "#4 apply dev/a files failed [too-large]", "exit 2"}, "mr ann dev a=r2", "merge 1", "pass")
	says("refused", schema.Refusal{Size: 700_000, Limit: 524_288})
	files.refused = &schema.Refusal{Size: 700_001, Limit: 524_288}
	play([]string{"exit 2"}, "pass")
	play([]string{"#5 admit dev/a edit r2->r3 !2 merge", "#6 apply dev/a files failed [too-large]", "exit 2"}, "mr ann dev a=r3", "merge 2", "pass")
	says("the next delivery", schema.Refusal{Size: 700_001, Limit: 524_288})
	files.refuses, files.refused = integrations.ErrFull, &schema.Refusal{What: "quota team allows count/configmaps=5"}
	play([]string{"#7 apply dev/a files failed [target-full]", "exit 2"}, "pass")
	says("a quota", schema.Refusal{What: "quota team allows count/configmaps=5"})
	files.refused = nil
	play([]string{"exit 2"}, "pass")
	says("nothing more is said of the same delivery", schema.Refusal{What: "quota team allows count/configmaps=5"})
	files.refuses = integrations.ErrTooLarge
	play([]string{"#8 apply dev/a files failed [too-large]", "exit 2"}, "pass")
	if clone, _ := refusedNow(w); clone == nil || clone.Size == 0 || clone.Limit != 0 {
		t.Errorf("where the target says nothing it says %+v, want how much was to be written", clone)
	}
	files.refuses = integrations.ErrForbidden
	files.refused = nil
	play([]string{"#9 apply dev/a files failed [target-forbidden]", "exit 4"}, "pass")
	if clone, page := refusedNow(w); clone != nil || page != nil {
		t.Errorf("nothing more is known, and it says %+v and %+v", clone, page)
	}
	files.refuses = nil
	play([]string{"#10 apply dev/a files ok", "exit 0"}, "pass")
	w.audit()
}
