package reconciler

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestWhatIsArchived(t *testing.T) {
	const r1, r2, r3 = schema.Revision("sha256:1"), schema.Revision("sha256:2"), schema.Revision("sha256:3")
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	const window = 10 * 24 * time.Hour
	state := func(revisions ...schema.Revision) ledger.State {
		var s ledger.State
		for i, r := range revisions {
			at := start.Add(time.Duration(i) * time.Hour)
			s.Revisions = append(s.Revisions, ledger.Admission{Seq: int64(i + 1), Revision: r, At: at, LiveAt: at})
		}
		s.Admitted = s.Revisions[len(s.Revisions)-1]
		s.Live = map[string]ledger.Live{"etcd": {Seq: s.Admitted.Seq}}
		return s
	}
	for _, r := range []struct {
		sentence string
		state    ledger.State
		change   func(*ledger.State)
		at       int
		retired  bool
		after    time.Duration
		want     schema.Code
	}{
		{"replaced longer ago than the window", state(r1, r2), nil, 0, false, time.Hour + window + time.Second, ledger.WindowOver},
		{"the window ends this moment", state(r1, r2), nil, 0, false, time.Hour + window, ""},
		{"the window counts from what came next, not from itself", state(r1, r2), nil, 0, false, window + time.Minute, ""},
		{"what runs", state(r1, r2), nil, 1, false, 3 * window, ""},
		{"what runs again", state(r1, r2, r1), nil, 0, false, 3 * window, ""},
		{"it came twice: the later time counts", state(r1, r2, r1, r3), nil, 0, false, 3 * window, ""},
		{"it came twice, and the later one is over", state(r1, r2, r1, r3), nil, 2, false, 3 * window, ledger.WindowOver},
		{"it is archived", state(r1, r2), func(s *ledger.State) { s.Revisions[0].Flags = []ledger.Flag{ledger.Archived} }, 0, false, 3 * window, ""},
		{"a target still has it", state(r1, r2), func(s *ledger.State) { s.Live["files"] = ledger.Live{Seq: 1} }, 0, false, 3 * window, ""},
		{"a change back to it waits", state(r1, r2), func(s *ledger.State) {
			s.Held = &ledger.Held{Change: schema.Change{To: schema.Side{Revision: r1}}}
		}, 0, false, 3 * window, ""},
		{"absence is no revision to keep", state(r1, schema.None, r2), nil, 1, false, 3 * window, ""},
		{"the app has retired", state(r1, schema.None), nil, 0, true, 2 * time.Hour, ledger.AppRetired},
		{"its absence is not live yet", state(r1, schema.None), func(s *ledger.State) { s.Admitted.LiveAt = time.Time{} }, 0, true, 2 * time.Hour, ""},
		{"it has retired from here and runs further on", state(r1, schema.None), nil, 0, false, 2 * time.Hour, ""},
		{"it is back here before the others know", state(r1, schema.None, r2), nil, 0, true, 3 * time.Hour, ""},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			if r.change != nil {
				r.change(&r.state)
			}
			if got := archivable(r.state, r.at, r.retired, window, start.Add(r.after)); got != r.want {
				t.Errorf("got %q, want %q", got, r.want)
			}
		})
	}
	if got := archivable(state(r1, r2), 0, false, 0, start.Add(1000*window)); got != "" {
		t.Errorf("without a window: got %q, want nothing", got)
	}
}

func TestWhatIsAwaitedOfAnAppThatLeaves(t *testing.T) {
	absent := ledger.Admission{Seq: 7, Revision: schema.None}
	live := absent
	live.LiveAt = monday
	for _, r := range []struct {
		sentence string
		app      schema.App
		admitted ledger.Admission
		mode     schema.StageMode
		want     bool
	}{
		{"its absence is to become live", "pay", absent, "", true},
		{"a stage that warns writes too", "pay", absent, schema.Warn, true},
		{"its absence is live", "pay", live, "", false},
		{"nothing is written there", "pay", absent, schema.Observe, false},
		{"it is there", "pay", ledger.Admission{Seq: 7, Revision: "sha256:1"}, "", false},
		{"it never was", "pay", ledger.Admission{Revision: schema.None}, "", false},
		{"it is no app any more", "pay/old", absent, "", false},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			in := &rules{project: schema.Project{Stages: []schema.Stage{{Name: "production", Mode: r.mode}}}}
			if got := in.awaitsLeaving(ledger.State{Stage: "production", App: r.app, Admitted: r.admitted}); got != r.want {
				t.Errorf("got %t, want %t", got, r.want)
			}
		})
	}
}
