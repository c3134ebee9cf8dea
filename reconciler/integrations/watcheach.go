package integrations

import (
	"context"
	"errors"
	"sync"

	"github.com/sluice-gitops/sluice/schema"
)

// WatchEach is [Watcher]'s Watch for who watches each place by itself: one at a time wakes, and the first that fails ends them all.
// What one sends after that is still read, so that none is left behind.
func WatchEach(ctx context.Context, places []Place, watch func(context.Context, Place, chan<- schema.Cell) error, wake func(schema.Cell)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cells, errs := make(chan schema.Cell), make(chan error, len(places))
	var group sync.WaitGroup
	for _, p := range places {
		group.Go(func() {
			if err := watch(ctx, p, cells); err != nil {
				errs <- err
				cancel()
			}
		})
	}
	go func() { group.Wait(); close(cells) }()
	for cell := range cells {
		wake(cell)
	}
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}
