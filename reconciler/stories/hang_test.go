package stories_test

import (
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// TestATargetThatHangsHoldsNobodyUp: one target answers only once drift of the other is in the ledger. Were it waited for, this
// test would not end.
func TestATargetThatHangsHoldsNobodyUp(t *testing.T) {
	w := newWorld(t, schema.DirectoryLayout, story{method: "merge", targets: []string{"files", "stuck"}})
	w.do([]string{"seal", "dev/a=r1"})
	w.do([]string{"tamper", "files", "dev/a"})
	w.do([]string{"tamper", "stuck", "dev/a"})
	w.stop()
	w.patience = time.Millisecond
	w.start()
	hang := make(chan struct{})
	w.targets["stuck"].hang = hang
	w.pushed = sync.OnceFunc(func() { close(hang) })
	report := w.r.Pass(w.ctx)
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range report.Entries {
		if e.Delivery != nil {
			got = append(got, string(e.Kind)+" "+e.Delivery.Target)
		}
	}
	want := []string{"drift files", "apply files", "drift stuck", "apply stuck"}
	if len(got) != len(want) {
		t.Fatalf("recorded %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("recorded %v, want %v", got, want)
		}
	}
}

// TestASilentTargetThatHangsIsAskedOnce: that it was silent is known, so passes end without its answer, ask it nothing but the one
// question that is open, and write nothing there. Were it waited for, this test would not end.
func TestASilentTargetThatHangsIsAskedOnce(t *testing.T) {
	w := newWorld(t, schema.DirectoryLayout, story{method: "merge", targets: []string{"files", "stuck"}})
	w.do([]string{"seal", "dev/a=r1"})
	pass := func() reconciler.Report {
		w.clock.Add(time.Minute)
		return w.r.Pass(w.ctx)
	}
	stuck := w.targets["stuck"]
	stuck.fail, stuck.silent = integrations.ErrUnavailable, true
	pass()
	stuck.fail, stuck.deaf = nil, make(chan struct{})
	w.do([]string{"tamper", "files", "dev/a"})
	w.do([]string{"tamper", "stuck", "dev/a"})
	looks, asked, writes := stuck.looks.Load(), stuck.asked.Load(), stuck.writes.Load()
	for range 3 {
		if report := pass(); report.AdmitErr != nil || report.Failed != 1 {
			t.Errorf("%v, %d failed; want the one cell there to fail, and nothing else", report.Err(), report.Failed)
		}
	}
	if stuck.looks.Load() != looks+1 || stuck.asked.Load() != asked || stuck.writes.Load() != writes {
		t.Errorf("%d questions for its checkpoint, %d about cells, %d writes; want 1, 0, 0",
			stuck.looks.Load()-looks, stuck.asked.Load()-asked, stuck.writes.Load()-writes)
	}
	if w.targets["files"].writes.Load() < 2 {
		t.Error("the other target was not repaired")
	}
	close(stuck.deaf)
	for i := 0; i < 100 && stuck.writes.Load() == writes; i++ { // until the answer was heard
		pass()
	}
	if stuck.looks.Load() < looks+2 || stuck.writes.Load() == writes {
		t.Error("it was not asked afresh and repaired once it answered")
	}
}
