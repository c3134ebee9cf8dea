package reconciler

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// mostBeside bounds how many work beside each other: each has caches of its own.
const mostBeside = 8

// simulateStretches makes all decisions again, in the order of the ledger. Each is taken by itself, by the ledger before it, so
// stretches of it are gone through side by side.
func simulateStretches(ctx context.Context, o SimulateOptions) ([]madeAgain, error) {
	n := 1
	if o.Open != nil {
		n = min(runtime.GOMAXPROCS(0), mostBeside)
	}
	stretches, err := ledger.Stretches(ctx, o.Repository, o.Tip, o.Since, n)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	made, errs := make([][]madeAgain, len(stretches)), make([]error, len(stretches))
	var wg sync.WaitGroup
	for i, stretch := range stretches {
		wg.Go(func() {
			if made[i], errs[i] = simulateStretch(ctx, o, stretch, i > 0); errs[i] != nil {
				cancel() // the others would work for nothing
			}
		})
	}
	wg.Wait()
	var out []madeAgain
	for i := range stretches {
		out = append(out, made[i]...)
	}
	return out, firstReal(errs)
}

// firstReal is the first error that is not for another one's sake.
func firstReal(errs []error) error {
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return errors.Join(errs...)
}

func simulateStretch(ctx context.Context, o SimulateOptions, stretch ledger.Stretch, beside bool) (made []madeAgain, err error) {
	at := Workplace{Repository: o.Repository, Evidence: o.Evidence}
	if beside {
		if at, err = o.Open(); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, at.Close()) }()
	}
	s, err := newSimulation(ctx, o, at, stretch)
	if err != nil {
		return nil, err
	}
	err = s.run(ctx)
	return s.made, err
}
