package policies

import (
	"cmp"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Rollbacks are what is known of an app's rollbacks; one that knows none is an answer, nil is none.
type Rollbacks struct{ Of []Rollback } // oldest first

// Rollback is one rollback with what came of it.
type Rollback struct {
	Stage  schema.StageName
	At     time.Time // admitted
	LiveAt time.Time // when every required target had it; zero: not yet
	Left   bool      // it was rolled back from since
}

// Sort brings them into the order of time, and of stages where that is equal.
func (r *Rollbacks) Sort() {
	slices.SortFunc(r.Of, func(a, b Rollback) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Stage, b.Stage)) })
}

// rate is how many rollbacks there were and how many of them restored. None is no success and no failure.
type rate struct{ rollbacks, restored int }

// below reports whether too few restored; without any nobody knows.
func (r rate) below(percent int) bool { return r.rollbacks > 0 && r.restored*100 < percent*r.rollbacks }

func (r rate) percent() string {
	if r.rollbacks == 0 {
		return "unknown"
	}
	return number(r.restored * 100 / r.rollbacks)
}

// rateAt counts the rollbacks of the window that ends at a time.
func (b Breaker) rateAt(at time.Time, all []Rollback) rate {
	var out rate
	for _, r := range all {
		if !r.At.After(at.Add(-b.Window)) {
			continue
		}
		out.rollbacks++
		if b.restored(r) {
			out.restored++
		}
	}
	return out
}

// restored: what was not read back yet is no success, however young it is.
func (b Breaker) restored(r Rollback) bool {
	return !r.Left && !r.LiveAt.IsZero() && r.LiveAt.Sub(r.At) <= b.Restore
}

// recovers is when enough of the rollbacks that did not restore have left the window, should nothing else happen.
func (b Breaker) recovers(all []Rollback) time.Time {
	for _, r := range all {
		if at := r.At.Add(b.Window); !b.rateAt(at, all).below(b.Success) {
			return at.UTC()
		}
	}
	return time.Time{}
}
