package reconciler

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestNoDoubtGoesWithoutACode: whatever makes the ledger doubtful, alerts find it.
func TestNoDoubtGoesWithoutACode(t *testing.T) {
	fork := &ledger.Doubt{Code: ledger.LogFork, Err: errors.New("two of them")}
	for _, row := range []struct {
		sentence string
		err      error
		want     []schema.Code
	}{
		{"a doubt has its own", fork, []schema.Code{"log-fork"}},
		{"also below other words, beside other causes", fmt.Errorf("look: %w", errors.Join(errors.New("other"), fmt.Errorf("open: %w", fork))), []schema.Code{"log-fork"}},
		{"one that names none is of its class", fmt.Errorf("entry #3 puts nothing in force: %w", ErrDoubt), []schema.Code{"log-chain"}},
		{"what is no doubt gets none", errors.New("no route to host"), nil},
	} {
		if _, got := problems(row.err); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %v, want %v", row.sentence, got, row.want)
		}
	}
}
