package stories_test

import (
	"sync"
	"testing"
	"time"

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
