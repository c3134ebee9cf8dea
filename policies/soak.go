package policies

import (
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Soak asks that a promoted revision has lived in the stage before for a time, undisturbed, measured between ledger
// entries.
type Soak struct {
	For time.Duration
	// In, if given, is the only stage whose soak counts.
	In schema.StageName
	// Reset counts only the running stretch: a disturbance restarts the time instead of pausing it (RULES R12).
	Reset bool
}

// Evaluate allows what has no stage before (an edit, a rollback, a tune). While soak accrues, Earliest says when it ends.
func (s Soak) Evaluate(f Facts) schema.Verdict {
	const policy = "soak"
	if f.Change.Kind != schema.Promote && f.Change.Kind != schema.Retire || f.Change.LeavesAlone() {
		return allow(policy)
	}
	src := f.Change.Source
	if src == nil {
		return answer(policy, schema.Hold, "not-live")
	}
	if s.In != "" && s.In != src.Stage {
		return answer(policy, schema.Hold, "came-past", "in", string(s.In), "from", string(src.Stage))
	}
	if f.ClockSkew != 0 {
		return answer(policy, schema.Hold, "clock", "skew", duration(coarse(f.ClockSkew)))
	}
	v := answer(policy, schema.Hold, "soak", "need", duration(s.For), "in", string(src.Stage))
	soaked := s.soaked(f.Now, *src)
	switch {
	case soaked >= s.For:
		v.Outcome, v.Code = schema.Allow, ""
	case src.SoakingSince.IsZero():
		v.Code = "soak-paused"
	default:
		earliest := f.Now.Add(s.For - soaked).UTC().Truncate(time.Millisecond)
		v.Earliest = &earliest
	}
	return v
}

func (s Soak) soaked(now time.Time, src schema.Source) time.Duration {
	switch {
	case !s.Reset:
		return src.Soaked
	case src.SoakingSince.IsZero():
		return 0
	}
	return now.Sub(src.SoakingSince)
}

// coarse keeps a verdict about a clock from changing with every second that it is wrong.
func coarse(d time.Duration) time.Duration {
	if d.Abs() >= time.Hour {
		return d.Round(time.Hour)
	}
	return d.Round(5 * time.Minute)
}
