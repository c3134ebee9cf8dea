package lifecycle

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// The classes of a transition that did not happen. Every error of Move is a [*Refused] with one of them.
var (
	// ErrMoved: the subject is not, or no longer, where the caller saw it.
	ErrMoved = errors.New("moved meanwhile")
	// ErrNoStep: the lifecycle has no such step.
	ErrNoStep = errors.New("no such step")
	// ErrGuard: a guard did not let it pass; its reason is wrapped too.
	ErrGuard = errors.New("not let through")
)

// Refused is a transition that did not happen, and why.
type Refused struct {
	At     string // where the subject is
	On     string // the event; empty where the subject moved, which is the same for every event
	Guard  string // name of the guard that refused
	Class  error  // one of the Err values above
	Reason error  // what the guard said
}

// Error reads "promote from gray: not let through: guard approvals: 1 of 2".
func (r *Refused) Error() string {
	switch {
	case r.Class == ErrMoved:
		return fmt.Sprintf("%v: it is in %s", r.Class, r.At)
	case r.Reason != nil:
		return fmt.Sprintf("%s from %s: %v: guard %s: %v", r.On, r.At, r.Class, r.Guard, r.Reason)
	}
	return fmt.Sprintf("%s from %s: %v", r.On, r.At, r.Class)
}

// Unwrap gives errors.Is the class and the guard's reason.
func (r *Refused) Unwrap() []error {
	if r.Reason == nil {
		return []error{r.Class}
	}
	return []error{r.Class, r.Reason}
}

// Cause is what transitions are made for: when, by whom, why. One serves any number of transitions and instances of its
// machine, and never changes.
type Cause struct {
	at     int64 // Unix milliseconds
	by     string
	why    string
	owner  *identity
	points []point // by index of the state
}

// At is when, in UTC with milliseconds.
func (c *Cause) At() time.Time { return time.UnixMilli(c.at).UTC() }

// By is who made it happen: a person's name, or the reconciler's.
func (c *Cause) By() string { return c.by }

// Why is what it happened for, such as a merge request or a ledger entry.
func (c *Cause) Why() string { return c.why }

// point is where an instance is and what brought it there: what is swapped.
type point struct {
	state int
	cause *Cause
}

// Cause makes one for transitions of this machine. It is what allocates: make it once for what happens together.
func (m *Machine[S, E, F]) Cause(at time.Time, by, why string) *Cause {
	c := &Cause{at: at.UnixMilli(), by: by, why: why, owner: m.self, points: make([]point, len(m.rows))}
	for i := range c.points {
		c.points[i] = point{i, c}
	}
	return c
}

// Instance is one subject in a machine. Its methods may be called by any number of goroutines.
type Instance[S, E comparable, F any] struct {
	machine *Machine[S, E, F]
	now     atomic.Pointer[point]
}

// Record is what is kept of an instance.
type Record[S comparable] struct {
	State S         `json:"state"`
	At    time.Time `json:"at"` // of the last transition, with milliseconds
	By    string    `json:"by"`
	Why   string    `json:"why"`
}

// Begin makes an instance in the initial state.
func (m *Machine[S, E, F]) Begin(cause *Cause) (*Instance[S, E, F], error) {
	return m.Restore(m.definition.Initial, cause)
}

// Restore makes an instance in the state that a record of it says. No guard is asked and no hook told: nothing happens.
func (m *Machine[S, E, F]) Restore(state S, cause *Cause) (*Instance[S, E, F], error) {
	if cause == nil || cause.owner != m.self {
		return nil, errOwner
	}
	i := slices.IndexFunc(m.rows, func(r row[S, E, F]) bool { return r.state == state })
	if i < 0 {
		return nil, &Flaw{fmt.Sprintf("state %v", state), ErrUnknown}
	}
	in := &Instance[S, E, F]{machine: m}
	in.now.Store(&cause.points[i])
	return in, nil
}

// State is where the subject is.
func (i *Instance[S, E, F]) State() S { return i.machine.rows[i.now.Load().state].state }

// Final reports whether nothing can happen to the subject any more.
func (i *Instance[S, E, F]) Final() bool { return i.machine.rows[i.now.Load().state].final }

// Record is the state and what brought the subject there, of one moment.
func (i *Instance[S, E, F]) Record() Record[S] {
	p := i.now.Load()
	return Record[S]{State: i.machine.rows[p.state].state, At: p.cause.At(), By: p.cause.by, Why: p.cause.why}
}

// Move takes the step from a state on an event, if the subject is in that state, the machine has the step and every guard
// lets it pass. Of several calls at once for one subject one succeeds; the others find the subject elsewhere and
// end with [ErrMoved], so nothing is done twice on what was seen once.
func (i *Instance[S, E, F]) Move(from S, on E, facts F, cause *Cause) error {
	m := i.machine
	if cause == nil || cause.owner != m.self {
		return errOwner
	}
	for {
		now := i.now.Load()
		r := &m.rows[now.state]
		if r.state != from {
			return r.moved
		}
		step := r.step(on)
		if step == nil {
			return refused(from, on, ErrNoStep)
		}
		t := Transition[S, E]{From: from, To: m.rows[step.to].state, On: on, Cause: cause}
		for n, guard := range step.guards {
			if err := guard(t, facts); err != nil {
				r := refused(from, on, ErrGuard)
				r.Guard, r.Reason = step.names[n], err
				return r
			}
		}
		// Who lost to a step that led back to the same state asks the guards again: their answer may be another now.
		if i.now.CompareAndSwap(now, &cause.points[step.to]) {
			for _, hook := range m.hooks {
				hook(t)
			}
			return nil
		}
	}
}

var errOwner = fmt.Errorf("cause of another machine: %w", ErrUnknown)

func refused[S, E comparable](from S, on E, class error) *Refused {
	return &Refused{At: fmt.Sprint(from), On: fmt.Sprint(on), Class: class}
}
