package reconciler

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// watched is a target that tells which stages it is asked to watch, and watches until it is told to end.
type watched struct {
	integrations.Target
	asked chan []schema.StageName
}

func (w watched) Watch(ctx context.Context, places []integrations.Place, _ func(schema.Cell)) error {
	var stages []schema.StageName
	for _, p := range places {
		stages = append(stages, p.Stage)
	}
	w.asked <- stages
	<-ctx.Done()
	return nil
}

// TestAWatchBeginsWithTheRules has an interval of which nobody sees the end.
func TestAWatchBeginsWithTheRules(t *testing.T) {
	target := watched{asked: make(chan []schema.StageName)}
	r := &Reconciler{
		cfg: Config{Interval: 24 * time.Hour, Targets: map[string]integrations.Target{"etcd": target}}, ruled: make(chan struct{}),
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.watch(ctx)
	for _, stages := range [][]schema.StageName{{"development"}, {"development", "production"}, {"production"}} {
		in := &rules{replaced: make(chan struct{})}
		for _, stage := range stages {
			in.project.Stages = append(in.project.Stages, schema.Stage{Name: stage, Targets: []schema.StageTarget{{Name: "etcd"}}})
		}
		r.putInForce(in)
		select {
		case got := <-target.asked:
			if !slices.Equal(got, stages) {
				t.Errorf("watches %v, want %v", got, stages)
			}
		case <-time.After(time.Minute):
			t.Fatalf("nobody watches %v", stages)
		}
	}
}
