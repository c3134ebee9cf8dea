package lifecycle

import (
	"errors"
	"fmt"
	"slices"
)

// Definition declares a state machine. The zero Definition has no states and does not compile.
type Definition[S, E comparable] struct {
	Initial S
	States  []S // every state, in the order in which people read them
	Final   []S // nothing leads out of these
	Steps   []Step[S, E]
}

// Step allows one transition. From one state an event leads to one state only.
type Step[S, E comparable] struct {
	From   S
	On     E
	To     S
	Guards []string // names of guards that all have to let it pass, asked in this order
}

// The classes of what is wrong with a definition. Every error of Check and Compile is one or several [*Flaw].
var (
	ErrNoInitial   = errors.New("the initial state is none of the states")
	ErrTwice       = errors.New("is declared twice")
	ErrUnknown     = errors.New("is not declared")
	ErrAmbiguous   = errors.New("one event leads to two states")
	ErrNotFinal    = errors.New("a final state has a step out of it")
	ErrUnreachable = errors.New("nothing leads there from the initial state")
	ErrNoWayOut    = errors.New("no final state can be reached from there")
	ErrNoGuard     = errors.New("has no policy behind it")
	ErrTooMany     = errors.New("too many states")
)

// Flaw is one thing that is wrong with a definition: what, and where.
type Flaw struct {
	Where string
	Class error // one of the Err values above
}

// Error reads "state staging: nothing leads there from the initial state".
func (f *Flaw) Error() string { return f.Where + ": " + f.Class.Error() }

// Unwrap gives errors.Is the class.
func (f *Flaw) Unwrap() error { return f.Class }

// maxStates bounds a definition, so that checking it stays cheap whoever wrote it.
const maxStates = 1024

// Check returns everything that is wrong with the definition, joined, apart from guards: those are known to [Compile].
func (d Definition[S, E]) Check() error {
	if len(d.States) > maxStates {
		return &Flaw{fmt.Sprintf("%d states, more than %d", len(d.States), maxStates), ErrTooMany}
	}
	flaws := d.checkStates()
	steps := d.checkSteps()
	flaws = append(flaws, steps...)
	if len(steps) == 0 && slices.Contains(d.States, d.Initial) {
		flaws = append(flaws, d.checkWays()...)
	}
	return errors.Join(flaws...)
}

func (d Definition[S, E]) checkStates() []error {
	var flaws []error
	if !slices.Contains(d.States, d.Initial) {
		flaws = append(flaws, &Flaw{fmt.Sprintf("state %v", d.Initial), ErrNoInitial})
	}
	for i, s := range d.States {
		if slices.Contains(d.States[:i], s) {
			flaws = append(flaws, &Flaw{fmt.Sprintf("state %v", s), ErrTwice})
		}
	}
	for i, s := range d.Final {
		switch {
		case !slices.Contains(d.States, s):
			flaws = append(flaws, &Flaw{fmt.Sprintf("final state %v", s), ErrUnknown})
		case slices.Contains(d.Final[:i], s):
			flaws = append(flaws, &Flaw{fmt.Sprintf("final state %v", s), ErrTwice})
		}
	}
	return flaws
}

func (d Definition[S, E]) checkSteps() []error {
	var flaws []error
	for i, s := range d.Steps {
		where := s.String()
		for _, end := range []S{s.From, s.To} {
			if !slices.Contains(d.States, end) {
				flaws = append(flaws, &Flaw{fmt.Sprintf("step %s: state %v", where, end), ErrUnknown})
			}
		}
		if slices.Contains(d.Final, s.From) {
			flaws = append(flaws, &Flaw{"step " + where, ErrNotFinal})
		}
		if slices.ContainsFunc(d.Steps[:i], func(o Step[S, E]) bool { return o.From == s.From && o.On == s.On }) {
			flaws = append(flaws, &Flaw{"step " + where, ErrAmbiguous})
		}
		for j, guard := range s.Guards {
			if slices.Contains(s.Guards[:j], guard) {
				flaws = append(flaws, &Flaw{fmt.Sprintf("step %s: guard %s", where, guard), ErrTwice})
			}
		}
	}
	return flaws
}

// checkWays asks that every state can be reached, and that from each a final one can be.
func (d Definition[S, E]) checkWays() []error {
	forward := func(s Step[S, E]) (S, S) { return s.From, s.To }
	back := func(s Step[S, E]) (S, S) { return s.To, s.From }
	reached, ending := d.closure([]S{d.Initial}, forward), d.closure(d.Final, back)
	var flaws []error
	for _, s := range d.States {
		if !reached[s] {
			flaws = append(flaws, &Flaw{fmt.Sprintf("state %v", s), ErrUnreachable})
		}
		if !ending[s] {
			flaws = append(flaws, &Flaw{fmt.Sprintf("state %v", s), ErrNoWayOut})
		}
	}
	return flaws
}

// closure returns the states that steps lead to from some, these included.
func (d Definition[S, E]) closure(from []S, ends func(Step[S, E]) (S, S)) map[S]bool {
	next := map[S][]S{}
	for _, s := range d.Steps {
		a, b := ends(s)
		next[a] = append(next[a], b)
	}
	seen, todo := map[S]bool{}, slices.Clone(from)
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[s] {
			seen[s] = true
			todo = append(todo, next[s]...)
		}
	}
	return seen
}

// String reads "gray → production on promote".
func (s Step[S, E]) String() string { return fmt.Sprintf("%v → %v on %v", s.From, s.To, s.On) }
