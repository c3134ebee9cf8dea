package peers_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/looplab/fsm"
	"github.com/qmuntal/stateless"

	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
)

// The states and events, as sluice and stateless take them; looplab/fsm takes strings alone.
const (
	shut = iota
	open
	gone
)

const (
	push = iota
	pull
	remove
)

// The measured work is the same for all: one subject that every goroutine tries to move from shut to open and back, with a
// guard that reads a flag and a hook that counts.
var (
	allowed = true
	errShut = errors.New("shut")
)

func BenchmarkTransition(b *testing.B) {
	swap := perTransition(b, "bare-swap", swapper())
	own := perTransition(b, "sluice", sluiceMover(b))
	looplab := perTransition(b, "looplab-fsm", looplabMover())
	other := perTransition(b, "qmuntal-stateless", statelessMover())
	b.Run("ratios", func(b *testing.B) {
		for b.Loop() {
		}
		if own() > 0 && swap() > 0 {
			b.ReportMetric(own()/swap(), "x-bare-swap")
			b.ReportMetric(looplab()/own(), "x-faster-than-looplab-fsm")
			b.ReportMetric(other()/own(), "x-faster-than-qmuntal-stateless")
		}
	})
}

// perTransition measures move, which tries one step, under contention; the result is what one try takes, in nanoseconds.
func perTransition(b *testing.B, name string, move func(isOpen bool)) func() float64 {
	var each float64
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			opened := false
			for pb.Next() {
				move(opened)
				opened = !opened
			}
		})
		each = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	})
	return func() float64 { return each }
}

func swapper() func(bool) {
	var state atomic.Uint64
	return func(isOpen bool) {
		if isOpen {
			state.CompareAndSwap(1, 0)
			return
		}
		state.CompareAndSwap(0, 1)
	}
}

func sluiceMover(b *testing.B) func(bool) {
	var count atomic.Int64
	guard := func(_ lifecycle.Transition[int, int], ok bool) error {
		if !ok {
			return errShut
		}
		return nil
	}
	m, err := lifecycle.Compile(lifecycle.Definition[int, int]{
		Initial: shut, States: []int{shut, open, gone}, Final: []int{gone},
		Steps: []lifecycle.Step[int, int]{
			{From: shut, On: push, To: open, Guards: []string{"allowed"}},
			{From: open, On: pull, To: shut, Guards: []string{"allowed"}},
			{From: open, On: remove, To: gone},
		},
	}, map[string]lifecycle.Guard[int, int, bool]{"allowed": guard}, func(lifecycle.Transition[int, int]) { count.Add(1) })
	if err != nil {
		b.Fatal(err)
	}
	cause := m.Cause(time.Unix(0, 0), "alice", "bench")
	in, err := m.Begin(cause)
	if err != nil {
		b.Fatal(err)
	}
	return func(isOpen bool) {
		if isOpen {
			_ = in.Move(open, pull, allowed, cause)
			return
		}
		_ = in.Move(shut, push, allowed, cause)
	}
}

func looplabMover() func(bool) {
	var count atomic.Int64
	m := fsm.NewFSM("shut", fsm.Events{
		{Name: "push", Src: []string{"shut"}, Dst: "open"},
		{Name: "pull", Src: []string{"open"}, Dst: "shut"},
	}, fsm.Callbacks{
		"before_event": func(_ context.Context, e *fsm.Event) {
			if !allowed {
				e.Cancel(errShut)
			}
		},
		"after_event": func(context.Context, *fsm.Event) { count.Add(1) },
	})
	ctx := context.Background()
	return func(isOpen bool) {
		if isOpen {
			_ = m.Event(ctx, "pull")
			return
		}
		_ = m.Event(ctx, "push")
	}
}

func statelessMover() func(bool) {
	var count atomic.Int64
	m := stateless.NewStateMachine(shut)
	guard := func(context.Context, ...any) bool { return allowed }
	m.Configure(shut).Permit(push, open, guard)
	m.Configure(open).Permit(pull, shut, guard)
	m.OnTransitioned(func(context.Context, stateless.Transition) { count.Add(1) })
	return func(isOpen bool) {
		if isOpen {
			_ = m.Fire(pull)
			return
		}
		_ = m.Fire(push)
	}
}
