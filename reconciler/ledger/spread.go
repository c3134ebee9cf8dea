package ledger

import (
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Step is a widening: an admission goes to more instances, or to all.
type Step struct {
	Admission int64            `json:"admission"`      // what widens
	Rule      *schema.GrayRule `json:"rule,omitempty"` // who gets it from here on; nil: all
	Verdict   schema.Verdict   `json:"verdict"`
	Control   int64            `json:"control"`          // sequence of the control entry in force
	Health    schema.Digest    `json:"health,omitempty"` // evidence blob with what instances said that they run
}

// Spread is how far the admitted content has widened.
type Spread struct {
	Base int64            `json:"base,omitempty"` // admission that the others go on running; 0: all have the admitted one
	Rule *schema.GrayRule `json:"rule,omitempty"` // who has it; nil: all
	Seq  int64            `json:"seq"`            // entry that says so: what targets are given carries its number
	At   time.Time        `json:"at"`
}

// Delivered is the number of the entry that says what targets shall have: the admission, or the last step of its widening.
func (s State) Delivered() int64 {
	if s.Spread != nil {
		return s.Spread.Seq
	}
	return s.Admitted.Seq
}

// Whole reports whether all instances shall have the admitted content.
func (s State) Whole() bool { return s.Spread == nil || s.Spread.Base == 0 }

// spread begins a widening, or ends it: whatever else is admitted goes to all at once. The others go on running what all had last.
func (s *State) spread(e Entry) {
	base := s.Admitted.Seq
	if !s.Whole() {
		base = s.Spread.Base
	}
	s.Spread = nil
	if rule := e.Decision.Gray; rule != nil && e.Kind == Admit && base > 0 {
		s.Spread = &Spread{Base: base, Rule: rule, Seq: e.Seq, At: e.At}
	}
}

// widen takes a step. Without targets that have to be read back, what is whole is live at once.
func (s *State) widen(e Entry) {
	if s.Whole() || e.Step.Admission != s.Admitted.Seq {
		return
	}
	next := &Spread{Base: s.Spread.Base, Rule: e.Step.Rule, Seq: e.Seq, At: e.At}
	if next.Rule == nil {
		next.Base = 0
	}
	s.Spread = next
	s.soak(e)
}
