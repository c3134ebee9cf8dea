package ledger

import (
	"maps"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// MaxRevisions is how many admissions a cell's state lists. It is part of the format: the state is a pure fold of the
// entries, so a length that could be configured would make one ledger two.
const MaxRevisions = 50

// Fold returns the state of a cell after an entry about it; the zero State is a cell that no entry names yet. It changes
// nothing that s refers to. An entry about another cell leaves s as it is.
func Fold(s State, e Entry) State {
	if s.App == "" {
		s.Stage, s.App = e.Stage, e.App
	}
	if e.Stage != s.Stage || e.App != s.App {
		return s
	}
	s.Live, s.Down, s.Revisions, s.Tainted = maps.Clone(s.Live), maps.Clone(s.Down), slices.Clone(s.Revisions), slices.Clone(s.Tainted)
	s.fold(e)
	if n := len(s.Revisions); n > 0 {
		s.Revisions[n-1] = s.Admitted
	}
	return s
}

// Fold returns the state of a cell after an entry about it, as a ledger of this form keeps it: older ones do not keep who brought
// an admission in, and their states have to come out as they were written.
func (f Form) Fold(s State, e Entry) State {
	s = Fold(s, e)
	if f != Volumes || e.Decision == nil || s.Admitted.Seq != e.Seq {
		return s
	}
	s.Admitted.By = e.Decision.Operator
	s.Revisions[len(s.Revisions)-1] = s.Admitted // which Fold has cloned
	return s
}

func (s *State) fold(e Entry) {
	switch e.Kind {
	case Admit, Rollback, Retire, BreakGlass:
		s.admit(e)
	case Hold, Deny:
		s.Held = held(s.Held, e)
	case Apply:
		s.apply(e)
	case Drift:
		s.drift(e)
	case TargetDown:
		s.down(e)
	case Observe:
		switch {
		case e.Code == Settled:
			s.Held = nil
		case e.adopts():
			s.adopt(e.Code == Overwritten, e.Order.Taken)
		}
	case Widen:
		s.widen(e)
	case Archive:
		s.flag(e.Order.Revision, Archived)
	case Taint:
		s.taint(e)
	case Suspend:
		s.Suspended = &Suspension{Seq: e.Seq, Since: e.At, Until: e.Order.Until}
	case Resume:
		s.Suspended = nil
	}
}

// taint marks a revision, or takes a mark back. A review lets the rollback gate serve what broke the glass.
func (s *State) taint(e Entry) {
	switch e.Code {
	case Acknowledged:
		s.forget(e.Order.Revision)
		s.unflag(e.Order.Revision, Tainted)
		s.flag(e.Order.Revision, TaintAcknowledged)
	case Reviewed:
		s.eachOf(e.Order.Revision, func(a *Admission) {
			if a.Flagged(Unreviewed) {
				a.Full, a.Review = a.LetIn == "", nil
			}
		})
		s.unflag(e.Order.Revision, Unreviewed)
	default:
		s.unflag(e.Order.Revision, TaintAcknowledged)
		s.flag(e.Order.Revision, Tainted)
	}
}

// admit lets the decision's content in. What was admitted before stays in the list with the soak it has reached.
func (s *State) admit(e Entry) {
	s.pause(e.At)
	s.keep()
	left, to := s.Admitted, e.Decision.Change.To
	letIn := s.letIn(e)
	full := letIn == "" && s.full(e)
	switch {
	case e.Kind == Rollback && left.Seq > 0 && left.Revision != to.Revision:
		s.withdraw(to.Revision)
	case e.Kind == Admit && entersByFullGate(e.Decision.Change.Kind) && e.allowed():
		s.unflag(to.Revision, Withdrawn)
		s.unflag(to.Revision, Archived)
	}
	flags, review := s.flagsOf(to.Revision), (*time.Time)(nil)
	if e.Kind == BreakGlass {
		flags = slices.Sorted(slices.Values(append(without(flags, Unreviewed), Unreviewed)))
		if e.Order != nil {
			review = e.Order.Review
		}
	}
	s.forget(to.Revision) // it is listed again, with that mark
	s.spread(e)
	s.enter(Admission{
		Seq: e.Seq, Kind: e.Decision.Change.Kind, Review: review,
		Revision: to.Revision, Content: to.Content, Manifest: e.Decision.Manifest,
		Commit: e.Decision.Landing.Tip, At: e.At,
		Authors: e.Decision.Authors, Required: e.Decision.Required,
		Full: full, Flags: flags, LetIn: letIn, Observed: e.Decision.Mode == schema.Observe, MergeRequest: iid(e.Decision.MergeRequest),
	})
	s.Held = nil
}

// enter makes a the admitted one. Without required targets it is live at once (RULES R12).
func (s *State) enter(a Admission) {
	if len(a.Required) == 0 && s.Whole() {
		a.LiveAt, a.LiveSeq, a.SoakingSince = a.At, a.Seq, a.At
	}
	s.Admitted = a
	s.Revisions = append(s.Revisions, a)
	if over := len(s.Revisions) - MaxRevisions; over > 0 {
		gone := s.Revisions[:over]
		s.Revisions = s.Revisions[over:]
		for _, old := range gone {
			if _, listed := s.last(old.Revision); !listed && old.Flagged(Tainted) {
				s.Tainted = append(s.Tainted, old)
			}
		}
	}
}

// withdraw marks what a rollback to a revision leaves, and what it goes past: all that came in since that was here. Else the
// rollback gate would serve a way forward again.
func (s *State) withdraw(to schema.Revision) {
	s.flag(s.Admitted.Revision, Withdrawn)
	since, _ := s.last(to)
	for _, a := range slices.Clone(s.Revisions[since:]) {
		if a.Revision != to && a.Revision != schema.None {
			s.flag(a.Revision, Withdrawn)
		}
	}
}

// last is the place of the last admission of a revision in the list.
func (s *State) last(r schema.Revision) (int, bool) {
	for i, a := range slices.Backward(s.Revisions) {
		if a.Revision == r {
			return i, true
		}
	}
	return len(s.Revisions), false
}

func entersByFullGate(k schema.Kind) bool { return k == schema.Edit || k == schema.Promote }

// full says whether what an entry admits has passed its full gate in this stage: by this entry, or before.
func (s *State) full(e Entry) bool {
	change := e.Decision.Change
	switch {
	case change.To.Revision == schema.None:
		return false // absence is no rollback goal: what removes an app is asked for its own gate each time
	case e.Kind == Rollback:
		return slices.ContainsFunc(s.Revisions, func(a Admission) bool {
			return a.Revision == change.To.Revision && a.Full
		})
	case e.Kind != Admit:
		return false // break-glass is no rollback goal before its review
	case change.Kind == schema.Tune:
		return s.Admitted.Seq == 0 || s.Admitted.Full
	}
	return entersByFullGate(change.Kind)
}

// adopt makes what is admitted as good as sealed. It holds for this admission alone.
func (s *State) adopt(overwrite bool, taken int64) {
	s.Admitted.LetIn = ""
	s.Admitted.Full = s.Admitted.Full || s.Admitted.Revision != schema.None
	if overwrite {
		s.Admitted.Overwrite, s.Admitted.OverwriteTaken = true, taken
	}
}

// allowed reports whether the gate let an admission in, and not the mode of its stage alone.
func (e Entry) allowed() bool {
	return e.Decision.Mode == "" || e.Decision.Verdict.Outcome == schema.Allow
}

// letIn is the mode that alone let in what an entry admits, or something of what it stands on: a tune, an edit and what breaks the
// glass change what was there and answer for nothing else. A promotion comes whole, and so does what was clean here before.
func (s *State) letIn(e Entry) schema.StageMode {
	change, from := e.Decision.Change, s.Admitted
	switch {
	case e.Kind != BreakGlass && !e.allowed():
		return e.Decision.Mode
	case change.Kind == schema.Tune && from.Revision == change.To.Revision:
		return from.LetIn
	case e.Kind != BreakGlass && (change.Kind == schema.Promote || change.Kind == schema.Retire):
		return ""
	case s.clean(from.Revision), s.clean(change.To.Revision):
		return ""
	}
	return from.LetIn
}

// clean reports whether the gate or the admins let the whole of a revision in before. Absence brings nothing along.
func (s *State) clean(r schema.Revision) bool {
	return r == schema.None || slices.ContainsFunc(s.Revisions, func(a Admission) bool { return a.Revision == r && a.Full })
}

// keep writes what was changed of the admitted one into its place in the list.
func (s *State) keep() {
	if n := len(s.Revisions); n > 0 {
		s.Revisions[n-1] = s.Admitted
	}
}

// flag marks every admission of the revision, the admitted one included.
func (s *State) flag(r schema.Revision, f Flag) {
	s.eachOf(r, func(a *Admission) {
		if !a.Flagged(f) {
			a.Flags = append(slices.Clone(a.Flags), f)
			slices.Sort(a.Flags)
		}
	})
}

func (s *State) unflag(r schema.Revision, f Flag) {
	s.eachOf(r, func(a *Admission) {
		a.Flags = without(a.Flags, f)
	})
}

// forget drops what a mark alone kept of a revision.
func (s *State) forget(r schema.Revision) {
	s.Tainted = slices.DeleteFunc(s.Tainted, func(a Admission) bool { return a.Revision == r }) // which Fold has cloned
}

func without(flags []Flag, f Flag) []Flag {
	var rest []Flag
	for _, have := range flags {
		if have != f {
			rest = append(rest, have)
		}
	}
	return rest
}

func (s *State) eachOf(r schema.Revision, change func(*Admission)) {
	for i := range s.Revisions {
		if s.Revisions[i].Revision == r {
			change(&s.Revisions[i])
		}
	}
	if s.Admitted.Revision == r {
		change(&s.Admitted)
	}
}

// flagsOf returns the flags that a revision carries in this stage.
func (s *State) flagsOf(r schema.Revision) []Flag {
	for _, a := range slices.Backward(s.Known()) {
		if a.Revision == r {
			return slices.Clone(a.Flags)
		}
	}
	return nil
}

// held returns what a hold or deny entry leaves: since counts from the first entry about the same landing.
func held(before *Held, e Entry) *Held {
	d := e.Decision
	h := &Held{
		Seq: e.Seq, Base: d.Landing.Base, Tip: d.Landing.Tip,
		Change: d.Change, Verdict: d.Verdict, Since: e.At,
	}
	h.IID = iid(d.MergeRequest)
	if before != nil && before.Tip == h.Tip {
		h.Since = before.Since
	}
	return h
}

func iid(mr *MergeRequest) int64 {
	if mr == nil {
		return 0
	}
	return mr.IID
}

// Happened is when what the entry tells of was seen: earlier than the entry where it took a while to record it (RULES R34).
func (e Entry) Happened() time.Time {
	if e.ObservedAt != nil && e.ObservedAt.Before(e.At) {
		return *e.ObservedAt
	}
	return e.At
}
