package reconciler

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestOfATargetThatDoesNotAnswerNothingIsKnown: it is not live, and nobody changed it as far as is known, since it was silent.
func TestOfATargetThatDoesNotAnswerNothingIsKnown(t *testing.T) {
	at := time.Date(2026, 11, 28, 19, 38, 20, 0, time.UTC)
	target := func(name string, code schema.Code) schema.TargetView {
		return schema.TargetView{Name: name, Live: code == "", At: at.Add(-time.Hour), Code: code}
	}
	for _, row := range []struct {
		sentence string
		state    schema.CellState
		targets  []schema.TargetView
		want     schema.CellState
		unknown  bool // of the first target
	}{
		{"what was live", schema.Live, []schema.TargetView{target("etcd", "")}, schema.Unverified, true},
		{"at another target", schema.Live, []schema.TargetView{target("other", "")}, schema.Live, false},
		{"what had drifted", schema.Drifted, []schema.TargetView{target("etcd", CodeDrift)}, schema.Unverified, true},
		{"what has drifted at another target as well", schema.Drifted, []schema.TargetView{target("etcd", CodeDrift), target("other", CodeDrift)}, schema.Drifted, true},
		{"what waits is what a person acts on", schema.Held, []schema.TargetView{target("etcd", "")}, schema.Held, true},
		{"what was never live", schema.Admitted, []schema.TargetView{target("etcd", "")}, schema.Admitted, true},
	} {
		v := schema.View{Silent: []schema.SilentView{{Target: "etcd", Since: at}}, Apps: []schema.AppView{{Cells: []schema.CellView{{State: row.state, Targets: row.targets}}}}}
		before := v.Apps[0].Cells[0].Targets[0]
		withSilent(&v)
		c := v.Apps[0].Cells[0]
		if c.State != row.want || c.Targets[0].Unknown.Equal(at) != row.unknown || row.unknown && c.Targets[0].Live {
			t.Errorf("%s: %s, %+v", row.sentence, c.State, c.Targets[0])
		}
		if row.targets[0] != before {
			t.Errorf("%s: the ledger's own view was changed", row.sentence)
		}
	}
	s := ledger.State{Admitted: ledger.Admission{Seq: 3, LiveAt: at}, Live: map[string]ledger.Live{"etcd": {Seq: 3}}, Down: map[string]ledger.Down{"etcd": {Since: at, Code: codeUnavailable}}}
	stage := schema.Stage{Targets: []schema.StageTarget{{Name: "etcd"}}}
	if got := targetViews(s, stage, ledger.ControlState{})[0]; got.Live || !got.Unknown.Equal(at) {
		t.Errorf("what the ledger says of it: %+v", got)
	}
	s.Down = map[string]ledger.Down{"etcd": {Since: at, Code: "target-full"}}
	if got := targetViews(s, stage, ledger.ControlState{})[0]; !got.Unknown.IsZero() {
		t.Errorf("one that answers and refuses: %+v", got)
	}
}
