package policies

import (
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Soak asks that a promoted revision has lived in the stage before for a time, undisturbed, measured between ledger
// entries.
type Soak struct {
	For time.Duration
}

// Evaluate allows what has no stage before (an edit, a rollback, a tune). While soak accrues, Earliest says when it ends.
func (s Soak) Evaluate(f Facts) schema.Verdict {
	const policy = "soak"
	if f.Change.Kind != schema.Promote && f.Change.Kind != schema.Retire {
		return allow(policy)
	}
	src := f.Change.Source
	if src == nil {
		return answer(policy, schema.Hold, "not-live")
	}
	v := answer(policy, schema.Hold, "soak", "need", duration(s.For), "in", string(src.Stage))
	switch {
	case src.Soaked >= s.For:
		v.Outcome, v.Code = schema.Allow, ""
	case src.SoakingSince.IsZero():
		v.Code = "soak-paused"
	default:
		earliest := f.Now.Add(s.For - src.Soaked).UTC().Truncate(time.Millisecond)
		v.Earliest = &earliest
	}
	return v
}
