package status

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestSinceIsWhenTheStateBegan: a cell that was admitted long ago drifted when it was found to.
func TestSinceIsWhenTheStateBegan(t *testing.T) {
	admitted := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	found := admitted.Add(40 * time.Hour)
	target := schema.TargetView{Name: "etcd", Code: "drift", Drift: &schema.DriftView{At: found}}
	for _, r := range []struct {
		sentence string
		state    schema.CellState
		targets  []schema.TargetView
		want     time.Time
	}{
		{"drifted, and found to be later than admitted", schema.Drifted, []schema.TargetView{{Name: "files"}, target}, found},
		{"the first of two that lasts counts", schema.Drifted, []schema.TargetView{{Name: "files", Code: "drift", Drift: &schema.DriftView{At: found.Add(time.Hour)}}, target}, found},
		{"what is there now was found later, and it differed before", schema.Drifted, []schema.TargetView{{Name: "etcd", Code: "drift", Drift: &schema.DriftView{At: found.Add(time.Hour), Since: found}}}, found},
		{"it is not recorded when", schema.Drifted, []schema.TargetView{{Name: "etcd", Code: "drift"}}, admitted},
		{"nothing is wrong", schema.Admitted, []schema.TargetView{target}, admitted},
	} {
		if got := since(schema.CellView{State: r.state, Since: admitted, Targets: r.targets}); !got.Equal(r.want) {
			t.Errorf("%s: since %s, want %s", r.sentence, got, r.want)
		}
	}
}

// TestTheStreamSaysThatNothingNewerIsKnown: a page that is connected is not live by that alone.
func TestTheStreamSaysThatNothingNewerIsKnown(t *testing.T) {
	now := time.Unix(1_000_000_000, 0)
	v := &schema.View{At: now, Looked: now, StaleAfter: time.Minute, Ledger: schema.LedgerView{Size: 1}}
	c := newChanges(Config{View: func() *schema.View { return v }, Now: func() time.Time { return now }})
	if _, told := c.look(); told.Stale {
		t.Errorf("of now: %+v", told)
	}
	now = now.Add(2 * time.Minute)
	if _, told := c.look(); !told.Stale {
		t.Errorf("of two minutes ago: %+v", told)
	}
}

func TestDriftSaysWhatIsThereNow(t *testing.T) {
	first := time.Date(2026, 11, 27, 8, 10, 0, 0, time.UTC)
	last := schema.DriftView{Seq: 12, At: first.Add(2 * time.Hour), Since: first, Count: 1, Keys: []string{"a changed"}}
	if got, want := driftText(last), "a changed, found 2026-11-27 10:10 UTC (entry #12), changed first 2026-11-27 08:10 UTC"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	last.Since = time.Time{}
	if got, want := driftText(last), "a changed, found 2026-11-27 10:10 UTC (entry #12)"; got != want {
		t.Errorf("found once: got %q, want %q", got, want)
	}
}
