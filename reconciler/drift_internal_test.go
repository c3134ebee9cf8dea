package reconciler

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestWhenAFightIsGoneOnWith(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ago := func(minutes ...int) fight {
		var f fight
		for _, m := range minutes {
			f = append(f, now.Add(-time.Duration(m)*time.Minute))
		}
		return f
	}
	for _, row := range []struct {
		sentence string
		heals    fight
		wait     time.Duration // from now
	}{
		{"the first time", nil, 0},
		{"the third time", ago(1, 0), 0},
		{"the fourth time, a minute later", ago(2, 1, 0), time.Minute},
		{"the fifth time, two minutes later", ago(3, 2, 1, 0), 2 * time.Minute},
		{"the sixth time, four minutes later", ago(4, 3, 2, 1, 0), 4 * time.Minute},
		{"the wait counts from the last time", ago(9, 8, 7, 6, 3), time.Minute},
		{"never longer than a quarter of an hour", ago(8, 7, 6, 5, 4, 3, 2, 1, 0), 15 * time.Minute},
		{"however many there were", ago(make([]int, 99)...), 15 * time.Minute},
		{"what is an hour ago does not count", ago(60, 59, 0), 0},
		{"a clock that was set back is not waited for", ago(-5, -5, -5), 0},
	} {
		if got := max(0, row.heals.recent(now).next().Sub(now)); got != row.wait {
			t.Errorf("%s: waits %v, want %v", row.sentence, got, row.wait)
		}
	}
}

func TestWhatANewReleaseIsWrittenOver(t *testing.T) {
	for _, row := range []struct {
		sentence string
		live     int64
		found    integrations.Observation
		told     bool
	}{
		{"what was read back there", 3, integrations.Observation{Holder: integrations.Us, Seq: 3}, false},
		{"one that was written since and not recorded", 3, integrations.Observation{Holder: integrations.Us, Seq: 5}, false},
		{"a genuine one of before", 3, integrations.Observation{Holder: integrations.Us, Seq: 2}, true},
		{"a marker that was altered", 3, integrations.Observation{Holder: integrations.Altered}, true},
		{"something without a marker", 3, integrations.Observation{Holder: integrations.Stranger}, true},
		{"nothing", 3, integrations.Observation{Holder: integrations.Nobody}, false},
		{"something without a marker, where we never were", 0, integrations.Observation{Holder: integrations.Stranger}, false},
		{"a genuine one, where the ledger knows of none", 0, integrations.Observation{Holder: integrations.Us, Seq: 2}, false},
	} {
		if got := replaced(row.live, row.found); got != row.told {
			t.Errorf("%s: told %v, want %v", row.sentence, got, row.told)
		}
	}
}

func TestWhatIsMissing(t *testing.T) {
	keys := func(ops ...string) []integrations.Difference {
		var out []integrations.Difference
		for _, op := range ops {
			out = append(out, integrations.Difference{Key: "k", Op: op})
		}
		return out
	}
	for _, row := range []struct {
		sentence string
		found    integrations.Observation
		want     bool
	}{
		{"nothing is there", integrations.Observation{Holder: integrations.Nobody, Keys: keys(integrations.Deleted, integrations.Deleted)}, true},
		{"the head alone is gone", integrations.Observation{Holder: integrations.Nobody, Keys: keys(integrations.Deleted)}, true},
		{"the head is gone, and a key of the mirror was changed", integrations.Observation{Holder: integrations.Nobody, Keys: keys(integrations.Deleted, integrations.Changed)}, false},
		{"files are gone below a head that is there", integrations.Observation{Holder: integrations.Us, Keys: keys(integrations.Deleted)}, false},
		{"something without a marker is there", integrations.Observation{Holder: integrations.Stranger, Keys: keys(integrations.Deleted)}, false},
		{"the marker was altered", integrations.Observation{Holder: integrations.Altered, Keys: keys(integrations.Deleted)}, false},
	} {
		if got := missing(row.found); got != row.want {
			t.Errorf("%s: got %v, want %v", row.sentence, got, row.want)
		}
	}
}

func TestCellsSayThatTheyDrifted(t *testing.T) {
	stage := schema.Stage{Name: "production", Targets: []schema.StageTarget{{Name: "etcd"}}}
	admitted := ledger.Admission{Seq: 3, Revision: "sha256:a", Content: "sha256:a", LiveAt: time.Unix(1, 0)}
	for _, row := range []struct {
		sentence string
		live     ledger.Live
		down     map[string]ledger.Down
		state    schema.CellState
		code     schema.Code
	}{
		{"live", ledger.Live{Seq: 3}, nil, schema.Live, ""},
		{"changed and left so", ledger.Live{Seq: 3, Drifted: 7}, nil, schema.Drifted, CodeDrift},
		{"fought over", ledger.Live{Seq: 3, Drifted: 7}, map[string]ledger.Down{"etcd": {Code: CodeContested}}, schema.Drifted, CodeContested},
		{"silent", ledger.Live{Seq: 3}, map[string]ledger.Down{"etcd": {Code: "target-unavailable"}}, schema.Unverified, "target-unavailable"},
	} {
		s := ledger.State{Stage: "production", App: "a", Admitted: admitted, Live: map[string]ledger.Live{"etcd": row.live}, Down: row.down, Revisions: []ledger.Admission{admitted}}
		got := cellView(schema.Cell{Stage: "production", App: "a"}, s, stage, ledger.ControlState{})
		if got.State != row.state || got.Targets[0].Code != row.code {
			t.Errorf("%s: got %s [%s], want %s [%s]", row.sentence, got.State, got.Targets[0].Code, row.state, row.code)
		}
	}
}
