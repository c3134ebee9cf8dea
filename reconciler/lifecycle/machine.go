package lifecycle

import (
	"errors"
	"fmt"
	"slices"
)

// Guard says whether a transition may happen, by the facts that the caller of Move gave: nil lets it pass, an error is
// the reason why not. It must not change anything: it is asked again when somebody else was faster, and a transition that
// it let pass may still lose.
type Guard[S, E comparable, F any] func(t Transition[S, E], facts F) error

// Hook is told of a transition that happened. It runs once, in the goroutine that moved, after the subject moved; so the
// subject may have moved on meanwhile, and hooks of two transitions of one subject may run at the same time.
type Hook[S, E comparable] func(t Transition[S, E])

// Transition is one step of one subject.
type Transition[S, E comparable] struct {
	From, To S
	On       E
	Cause    *Cause
}

// Machine is a definition that holds together, with its guards and hooks. It never changes: any number of instances and
// goroutines share one.
type Machine[S, E comparable, F any] struct {
	definition Definition[S, E]
	rows       []row[S, E, F] // by index of the state
	hooks      []Hook[S, E]
	self       *identity
}

// identity tells the causes of one machine from those of another.
type identity struct{ _ byte }

// row is a state with the steps out of it.
type row[S, E comparable, F any] struct {
	state S
	final bool
	steps []edge[S, E, F]
	moved *Refused // what those are told who saw it elsewhere; made once, because it is frequent where many move at once
}

type edge[S, E comparable, F any] struct {
	on     E
	to     int
	names  []string
	guards []Guard[S, E, F]
}

// Compile checks the definition and binds its guards, and tells the hooks of every transition, in their order. A step
// whose guard is not among guards is refused: it would otherwise be open to everybody. Guards that no step names are
// refused too, since a name that was misspelt looks like that.
func Compile[S, E comparable, F any](d Definition[S, E], guards map[string]Guard[S, E, F], hooks ...Hook[S, E]) (*Machine[S, E, F], error) {
	flaws := []error{d.Check()}
	named := map[string]bool{}
	for _, s := range d.Steps {
		for _, name := range s.Guards {
			named[name] = true
			if guards[name] == nil {
				flaws = append(flaws, &Flaw{fmt.Sprintf("step %s: guard %s", s, name), ErrNoGuard})
			}
		}
	}
	var unused []string
	for name := range guards {
		if !named[name] {
			unused = append(unused, name)
		}
	}
	slices.Sort(unused)
	for _, name := range unused {
		flaws = append(flaws, &Flaw{"guard " + name + ": no step names it", ErrUnknown})
	}
	if err := errors.Join(flaws...); err != nil {
		return nil, err
	}
	m := &Machine[S, E, F]{definition: d, hooks: slices.Clone(hooks), self: new(identity)}
	m.rows = rowsOf(d, guards)
	return m, nil
}

func rowsOf[S, E comparable, F any](d Definition[S, E], guards map[string]Guard[S, E, F]) []row[S, E, F] {
	rows := make([]row[S, E, F], len(d.States))
	for i, state := range d.States {
		rows[i] = row[S, E, F]{state: state, final: slices.Contains(d.Final, state), moved: &Refused{At: fmt.Sprint(state), Class: ErrMoved}}
		for _, s := range d.Steps {
			if s.From != state {
				continue
			}
			e := edge[S, E, F]{on: s.On, to: slices.Index(d.States, s.To), names: slices.Clone(s.Guards)}
			for _, name := range s.Guards {
				e.guards = append(e.guards, guards[name])
			}
			rows[i].steps = append(rows[i].steps, e)
		}
	}
	return rows
}

// Definition returns what the machine was made of.
func (m *Machine[S, E, F]) Definition() Definition[S, E] { return m.definition }

// Events returns what may happen in a state, in the order of the definition, whatever the guards say.
func (m *Machine[S, E, F]) Events(state S) []E {
	var out []E
	for _, r := range m.rows {
		if r.state == state {
			for _, e := range r.steps {
				out = append(out, e.on)
			}
		}
	}
	return out
}

func (r *row[S, E, F]) step(on E) *edge[S, E, F] {
	for i := range r.steps {
		if r.steps[i].on == on {
			return &r.steps[i]
		}
	}
	return nil
}
