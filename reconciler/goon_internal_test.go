package reconciler

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestWhatIsCountedSinceTheStartGoesOn: the operator's file is read again while the process runs, and counters never fall.
func TestWhatIsCountedSinceTheStartGoesOn(t *testing.T) {
	old := &Reconciler{spans: &spans{now: &atomic.Pointer[trace]{}, took: map[string]schema.Durations{"pass": schema.Durations{}.With(time.Second)}}}
	old.beat(nil, time.Now(), nil)
	old.beat(nil, time.Now(), errors.New("away"))
	r := &Reconciler{spans: &spans{now: &atomic.Pointer[trace]{}}}
	r.GoOnFrom(old)
	if got := r.Timings()["pass"].Count; got != 1 {
		t.Errorf("got %d passes that were timed, want the one before", got)
	}
	if p := r.beat(nil, time.Now(), nil); p.Passes != 3 || p.Failed != 1 {
		t.Errorf("got %d passes, %d with errors, want 3 and 1", p.Passes, p.Failed)
	}
	if r.spans.took["pass"] = (schema.Durations{}); old.Timings()["pass"].Count != 1 {
		t.Error("both count in one map")
	}
}
