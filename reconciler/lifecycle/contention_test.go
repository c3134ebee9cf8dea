package lifecycle_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
)

// TestOneOfManyMoves lets many goroutines take one step of one subject at once: exactly one may.
func TestOneOfManyMoves(t *testing.T) {
	const rounds, movers = 300, 8
	var hooked atomic.Int64
	m := locked(t, func(transition) { hooked.Add(1) })
	for round := range rounds {
		in, err := m.Begin(m.Cause(noon, "alice", "made"))
		if err != nil {
			t.Fatal(err)
		}
		var moved, lost atomic.Int64
		race(movers, func(n int) {
			err := in.Move("shut", "push", facts{key: true}, m.Cause(noon, fmt.Sprint(n), "race"))
			switch {
			case err == nil:
				moved.Add(1)
			case errors.Is(err, lifecycle.ErrMoved):
				lost.Add(1)
			}
		})
		if moved.Load() != 1 || lost.Load() != movers-1 || hooked.Load() != int64(round+1) {
			t.Fatalf("round %d: %d moved, %d lost, hooks heard %d in all", round, moved.Load(), lost.Load(), hooked.Load())
		}
	}
}

// TestTransitionsFormAChain lets goroutines push one subject to and fro, with a shared cause and with their own, and asks
// that what happened is one walk: each state was entered as often as it was left, give or take the ends. A ghost, a
// transition from a state in which the subject was not, breaks that.
func TestTransitionsFormAChain(t *testing.T) {
	const movers, tries = 4, 5000
	var mu sync.Mutex
	balance := map[string]int{}
	m := locked(t, func(tr transition) {
		mu.Lock()
		defer mu.Unlock()
		balance[tr.From]--
		balance[tr.To]++
	})
	shared := m.Cause(noon, "all", "shared")
	in, err := m.Begin(shared)
	if err != nil {
		t.Fatal(err)
	}
	race(movers, func(n int) {
		cause := shared
		if n%2 == 0 {
			cause = m.Cause(noon, fmt.Sprint(n), "own")
		}
		for range tries {
			_ = in.Move("shut", "push", facts{key: true}, cause)
			_ = in.Move("open", "pull", facts{}, cause)
		}
	})
	want := map[string]int{"shut": -1, "open": 1}
	if in.State() == "shut" {
		want = map[string]int{"shut": 0, "open": 0}
	}
	if balance["shut"] != want["shut"] || balance["open"] != want["open"] {
		t.Errorf("it is %s, but entered minus left is %v", in.State(), balance)
	}
}

// TestAgainstTheDumbTwin plays random events to the machine and to a map behind a lock that says what they should do.
func TestAgainstTheDumbTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawn(t)
		m, err := lifecycle.Compile(d, map[string]lifecycle.Guard[string, string, facts]{})
		if err != nil {
			t.Fatal(err)
		}
		cause := m.Cause(noon, "alice", "twin")
		in, err := m.Begin(cause)
		if err != nil {
			t.Fatal(err)
		}
		twin := d.Initial
		for _, on := range rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c"})).Draw(t, "events") {
			from := rapid.SampledFrom(d.States).Draw(t, "from")
			err := in.Move(from, on, facts{}, cause)
			to, ok := "", false
			for _, s := range d.Steps {
				if s.From == twin && from == twin && s.On == on {
					to, ok = s.To, true
				}
			}
			if ok != (err == nil) {
				t.Fatalf("%s from %s, it is in %s: got %v, the twin says %v", on, from, twin, err, ok)
			}
			if ok {
				twin = to
			}
			if in.State() != twin {
				t.Fatalf("it is in %s, the twin in %s", in.State(), twin)
			}
		}
	})
}

// drawn is a random definition of a few states. One step of each leads on to the next, so that it always holds together: every
// state is reached, and from each the final one.
func drawn(t *rapid.T) definition {
	d := definition{Initial: "0", States: []string{"0", "1", "2", "3"}, Final: []string{"3"}}
	for i, from := range d.States[:3] {
		ahead := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "ahead")
		for _, on := range []string{"a", "b", "c"} {
			switch {
			case on == ahead:
				d.Steps = append(d.Steps, step{From: from, On: on, To: d.States[i+1]})
			case rapid.Bool().Draw(t, "has"):
				d.Steps = append(d.Steps, step{From: from, On: on, To: rapid.SampledFrom(d.States).Draw(t, "to")})
			}
		}
	}
	return d
}

func race(n int, do func(int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}
