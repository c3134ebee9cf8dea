package reconciler

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// hanging is a forge that never answers by itself.
type hanging struct{ asked int }

func (h *hanging) wait(ctx context.Context) error {
	h.asked++
	<-ctx.Done()
	return ctx.Err()
}

func (h *hanging) Landings(ctx context.Context, _ schema.Hash, _ string) ([]schema.MergeRequest, error) {
	return nil, h.wait(ctx)
}

func (h *hanging) Opened(ctx context.Context) ([]schema.MergeRequest, error) { return nil, h.wait(ctx) }

func (h *hanging) Guards(ctx context.Context, _ []schema.GuardedRef) (schema.Guards, error) {
	return schema.Guards{}, h.wait(ctx)
}

func (h *hanging) Health(ctx context.Context, _ []schema.GuardedRef) (schema.Guards, error) {
	return schema.Guards{}, h.wait(ctx)
}

// TestAForgeThatHangsEndsNoPass lets everything after the decisions meet a forge that never answers: the pass goes on, asks
// what is open once, and what was known of guard rails is not taken for true any longer.
func TestAForgeThatHangsEndsNoPass(t *testing.T) {
	project, found := schema.LoadProject("sluice.yaml", []byte("version: 1\ntargets: {etcd: {}}\n"))
	if len(found) > 0 {
		t.Fatal(found)
	}
	forge := &hanging{}
	r := &Reconciler{
		cfg:  Config{Forge: forge, Guards: forge, GuardsEvery: time.Minute, Patience: 20 * time.Millisecond, Log: slog.New(slog.DiscardHandler)},
		told: map[string]bool{}, guarded: &schema.Guards{Rails: []schema.GuardRail{{Name: schema.RailProtected, State: schema.GuardOK}}},
	}
	p := &pass{Reconciler: r, now: time.Now(), rules: &rules{project: project}}
	p.afterwards(t.Context(), true)
	for range 3 {
		if _, err := p.opened(t.Context()); err == nil {
			t.Error("a forge that hangs answered")
		}
	}
	if forge.asked != 2 {
		t.Errorf("asked %d times, want the guard rails and what is open, once each", forge.asked)
	}
	if r.guarded == nil || len(r.guarded.Rails) != 1 || r.guarded.Rails[0].State != schema.GuardUnknown {
		t.Errorf("guard rails: %+v", r.guarded)
	}
}
