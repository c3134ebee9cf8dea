package reconciler

import (
	"sync/atomic"
	"testing"
)

// TestWhatThePassIsAt: the page says it before there is anything else to say.
func TestWhatThePassIsAt(t *testing.T) {
	r := &Reconciler{spans: &spans{now: &atomic.Pointer[trace]{}}}
	if got := r.Starting(); got.Doing != "" || got.Done != 0 {
		t.Errorf("before the first pass: %+v", got)
	}
	ctx, whole := r.spans.whole(t.Context(), "pass")
	for _, row := range []struct {
		phase, want string
		done        int
	}{
		{"fetch", "the repository is fetched", 0}, {"judge", "what is new is judged", 1}, {"judge", "what is new is judged", 2}, {"something new", "what is new is judged", 2}, {"converge", "the targets are compared and written", 2},
	} {
		_, span := phase(ctx, row.phase)
		if got := r.Starting(); got.Doing != row.want || got.Done != row.done || got.Since.IsZero() {
			t.Errorf("%s: %+v, want %q and %d", row.phase, got, row.want, row.done)
		}
		span.end(nil)
	}
	whole.end(nil)
}
