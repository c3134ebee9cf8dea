package reconciler

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
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
		{"what no fetch brought is of its class", fmt.Errorf("fetch config: %w: %w", gitrepo.ErrUnreachable, errors.New("connection refused")), []schema.Code{"repository-unreachable"}},
		{"what is no doubt gets none", errors.New("no route to host"), nil},
	} {
		if _, got := problems(row.err); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %v, want %v", row.sentence, got, row.want)
		}
	}
	lines, _ := problems(fmt.Errorf("fetch config: %w: %w", gitrepo.ErrUnreachable, errors.New("connection refused")))
	if want := []string{"fetch config: remote unreachable: connection refused [repository-unreachable]"}; !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}
