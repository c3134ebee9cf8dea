package reconciler

import (
	"errors"
	"testing"
	"time"
)

// TestThatAProjectIsNotSealedWasRead: Git told it. Where Git told nothing, that is not known.
func TestThatAProjectIsNotSealedWasRead(t *testing.T) {
	for _, row := range []struct {
		sentence string
		err      error
		read     bool
	}{
		{"Git has no ledger and no request", errors.Join(ErrNotSealed, errors.New("a tag of nobody")), true},
		{"Git does not answer", errors.New("no route"), false},
	} {
		r := &Reconciler{cfg: Config{Now: func() time.Time { return watchedAt }}}
		r.publish(t.Context(), nil, Report{AdmitErr: row.err})
		if got := r.View().Looked; got.IsZero() == row.read {
			t.Errorf("%s: looked %v", row.sentence, got)
		}
	}
}
