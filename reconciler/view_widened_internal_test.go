package reconciler

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestWhatATargetHasAfterAWideningIsKnown: it names the step, which has no content of its own.
func TestWhatATargetHasAfterAWideningIsKnown(t *testing.T) {
	older, newer := schema.Hash{0: 1}, schema.Hash{0: 2}
	s := ledger.State{Admitted: ledger.Admission{Seq: 40, Commit: newer}, Revisions: []ledger.Admission{{Seq: 10, Commit: older}, {Seq: 40, Commit: newer}}}
	for _, row := range []struct {
		sentence string
		seq      int64
		want     schema.Hash
	}{
		{"an admission", 40, newer}, {"a step of its widening", 43, newer}, {"a former one", 10, older}, {"the last step of a former one", 12, older},
		{"what is older than what is kept", 9, schema.Hash{}},
	} {
		if got := commitOf(s, row.seq); got != row.want {
			t.Errorf("%s: %s, want %s", row.sentence, got, row.want)
		}
	}
}
