package reconciler

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestAHeldCellShowsItsRollbackGoal: what sluice rollback would go back to, and nothing where it would refuse.
func TestAHeldCellShowsItsRollbackGoal(t *testing.T) {
	const older, old, now = schema.Revision("sha256:01"), schema.Revision("sha256:02"), schema.Revision("sha256:03")
	admitted := func(rev schema.Revision, flags ...ledger.Flag) ledger.Admission {
		return ledger.Admission{Seq: 1, Revision: rev, Full: true, Flags: flags}
	}
	sealed := admitted(old)
	sealed.Full = false
	held := &ledger.Held{Seq: 9}
	for _, r := range []struct {
		sentence  string
		revisions []ledger.Admission
		held      *ledger.Held
		elsewhere []ledger.Admission
		want      schema.Revision
	}{
		{"the one before", []ledger.Admission{admitted(older), admitted(old), admitted(now)}, held, nil, old},
		{"nothing is held", []ledger.Admission{admitted(old), admitted(now)}, nil, nil, ""},
		{"it was the first", []ledger.Admission{admitted(now)}, held, nil, ""},
		{"nothing was admitted", nil, held, nil, ""},
		{"the one before was sealed", []ledger.Admission{sealed, admitted(now)}, held, nil, ""},
		{"it was rolled back from", []ledger.Admission{admitted(older), admitted(old, ledger.Withdrawn), admitted(now)}, held, nil, older},
		{"it is tainted in another stage", []ledger.Admission{admitted(old), admitted(now)}, held, []ledger.Admission{admitted(old, ledger.Tainted)}, ""},
	} {
		own := ledger.State{Stage: "gray", App: "a", Revisions: r.revisions, Held: r.held}
		if n := len(r.revisions); n > 0 {
			own.Admitted = r.revisions[n-1]
		}
		project := schema.Project{Stages: []schema.Stage{{Name: "testing"}, {Name: "gray"}}}
		shown := apps([]ledger.State{{Stage: "testing", App: "a", Revisions: r.elsewhere}, own}, project, ledger.ControlState{}, nil)
		if got := shown[0].Cells[1].Goal; got != r.want {
			t.Errorf("%s: got %q, want %q", r.sentence, got, r.want)
		}
	}
}
