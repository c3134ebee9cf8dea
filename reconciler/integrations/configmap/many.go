package configmap

import (
	"context"
	"sync"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// atOnce bounds the requests that are under way together: the server has others to serve.
const atOnce = 8

// ReadMany implements [integrations.Batcher].
func (t *Target) ReadMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	return together(ctx, wants, t.Read)
}

// WriteMany implements [integrations.Batcher]. Kubernetes has no transaction over objects: each cell is written for itself.
func (t *Target) WriteMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	return together(ctx, wants, t.Write)
}

func together(ctx context.Context, wants []integrations.Release, do func(context.Context, integrations.Release) (integrations.Observation, error)) []integrations.Result {
	results := make([]integrations.Result, len(wants))
	next := make(chan int)
	var silence integrations.Silence
	var group sync.WaitGroup
	for range min(atOnce, len(wants)) {
		group.Go(func() {
			for i := range next {
				results[i].Observation, results[i].Err = silence.Ask(func() (integrations.Observation, error) { return do(ctx, wants[i]) })
			}
		})
	}
	for i := range wants {
		next <- i
	}
	close(next)
	group.Wait()
	return results
}
