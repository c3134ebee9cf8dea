package status

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestAViewIsCountedOnce: by whatever asks, the list of projects too.
func TestAViewIsCountedOnce(t *testing.T) {
	now := time.Unix(1_000_000_000, 0)
	cell := schema.CellView{Cell: schema.Cell{Stage: "a", App: "x"}, State: schema.Live, Seq: 1}
	v := &schema.View{At: now, Looked: now, Ledger: schema.LedgerView{Size: 1}, Stages: []schema.StageName{"a"}, Apps: []schema.AppView{{App: "x", Cells: []schema.CellView{cell}}}}
	s := &site{}
	first := s.sums.of(v)
	if first.cells != 1 || s.sums.of(v) != first {
		t.Errorf("counted again: %v", first)
	}
	asked := 0
	above := &site{cfg: Config{Now: func() time.Time { return now }}}
	line, _ := above.projectLine(peer{name: "p", view: func() *schema.View { return v }, sum: func(v *schema.View) *tally { asked++; return s.sums.of(v) }})
	if asked != 1 || line.Text != first.summary(false) {
		t.Errorf("the list counts for itself: asked %d times, %q", asked, line.Text)
	}
	other := *v
	if s.sums.of(&other) == first {
		t.Error("another view is not counted")
	}
}
