package ledger

import (
	"slices"
	"time"
)

// apply records that a target was read back with an admission's content, or could not be.
func (s *State) apply(e Entry) {
	d := e.Delivery
	if d.Result == ResultFailed {
		s.down(e)
		return
	}
	if live := s.Live[d.Target]; live.Seq > d.Admission || live.Taken > d.Taken {
		return // a spooled entry about an older admission, or from before the target was taken up again
	}
	if s.Live == nil {
		s.Live = map[string]Live{}
	}
	s.Live[d.Target] = Live{Seq: d.Admission, At: e.At, Taken: d.Taken}
	delete(s.Down, d.Target)
	s.soak(e)
}

// drift records that a target no longer holds what was read back there.
func (s *State) drift(e Entry) {
	if live, ok := s.Live[e.Delivery.Target]; ok && live.Drifted == 0 {
		live.Drifted = e.Seq
		s.Live[e.Delivery.Target] = live
	}
	s.disturb(e)
}

// down records that a target cannot be written or verified; since counts from the first entry that says so.
func (s *State) down(e Entry) {
	target := e.Delivery.Target
	d := Down{Since: e.Happened(), Code: e.Code, Seq: e.Seq, Refused: e.Delivery.Refused}
	if before, ok := s.Down[target]; ok {
		d.Since = before.Since
	}
	if s.Down == nil {
		s.Down = map[string]Down{}
	}
	s.Down[target] = d
	s.disturb(e)
}

// disturb stops the soak if the entry's target is one that makes the admission live.
func (s *State) disturb(e Entry) {
	if slices.Contains(s.Admitted.Required, e.Delivery.Target) {
		s.pause(e.Happened())
	}
}

// pause adds the running stretch to what was soaked.
func (s *State) pause(at time.Time) {
	a := &s.Admitted
	if a.SoakingSince.IsZero() {
		return
	}
	if stretch := at.Sub(a.SoakingSince); stretch > 0 {
		a.Soaked += Millis(stretch.Milliseconds())
	}
	a.SoakingSince = time.Time{}
}

// soak starts or resumes the soak once every required target holds the admitted content undisturbed.
func (s *State) soak(e Entry) {
	a := &s.Admitted
	if !a.SoakingSince.IsZero() || !s.standsEverywhere() {
		return
	}
	if a.LiveAt.IsZero() {
		a.LiveAt, a.LiveSeq = e.At, e.Seq
	}
	a.SoakingSince = e.At
}

func (s *State) standsEverywhere() bool {
	for _, target := range s.Admitted.Required {
		_, down := s.Down[target]
		live := s.Live[target]
		if down || live.Drifted != 0 || live.Seq != s.Delivered() {
			return false
		}
	}
	return s.Admitted.Seq > 0 && s.Whole()
}
