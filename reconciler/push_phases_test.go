package reconciler_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// phases tells where the time of a push goes: one phase after the other, from the push until the value was read. What lies
// between two calls to the outside belongs to the pass itself.
type phases struct {
	mu    sync.Mutex
	now   string
	since time.Time
	took  map[string][]time.Duration
	once  map[string]time.Duration // of the push under way; nil when none is
}

// phaseNames is the order in which they come.
var phaseNames = []string{"fetch", "marks", "judge", "diff", "push-ledger", "plan", "read-target", "write-target"}

func newPhases() *phases { return &phases{took: map[string][]time.Duration{}} }

// begin starts to take the time of a push.
func (p *phases) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.once, p.now, p.since = map[string]time.Duration{}, "fetch", time.Now()
}

// end adds what the push took.
func (p *phases) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.once[p.now] += time.Since(p.since)
	for _, name := range phaseNames {
		p.took[name] = append(p.took[name], p.once[name])
	}
	p.once = nil
}

// enter says what is done from here on.
func (p *phases) enter(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.once == nil {
		return
	}
	now := time.Now()
	p.once[p.now] += now.Sub(p.since)
	p.now, p.since = name, now
}

// report tells the median of each phase.
func (p *phases) report(b *testing.B) {
	for _, name := range phaseNames {
		b.ReportMetric(quantile(p.took[name], 50).Seconds()*1000, "ms-in-"+name)
	}
}

// phasedRepository tells when the mirror and the remote are at work.
type phasedRepository struct {
	reconciler.Repository
	phases *phases
}

func (r phasedRepository) Fetch(ctx context.Context) (map[string]schema.Hash, error) {
	r.phases.enter("fetch")
	defer r.phases.enter("judge")
	return r.Repository.Fetch(ctx)
}

func (r phasedRepository) Diff(ctx context.Context, a, b schema.Hash, visit func(schema.TreeChange) error) error {
	r.phases.enter("diff")
	defer r.phases.enter("judge")
	return r.Repository.Diff(ctx, a, b, visit)
}

func (r phasedRepository) Push(ctx context.Context, ref string, before, after schema.Hash, objects []schema.Object) error {
	r.phases.enter("push-ledger")
	defer r.phases.enter("plan")
	return r.Repository.Push(ctx, ref, before, after, objects)
}

// phasedTarget tells when the target is at work.
type phasedTarget struct {
	*etcd.Target
	phases *phases
}

func (t phasedTarget) Checkpoint(ctx context.Context, project string) ([]byte, error) {
	t.phases.enter("marks")
	defer t.phases.enter("judge")
	return t.Target.Checkpoint(ctx, project)
}

func (t phasedTarget) KeepCheckpoint(ctx context.Context, project string, signed []byte) (bool, error) {
	t.phases.enter("marks")
	defer t.phases.enter("plan")
	return t.Target.KeepCheckpoint(ctx, project, signed)
}

func (t phasedTarget) ReadMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	t.phases.enter("read-target")
	defer t.phases.enter("plan")
	return t.Target.ReadMany(ctx, wants)
}

func (t phasedTarget) WriteMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	t.phases.enter("write-target")
	return t.Target.WriteMany(ctx, wants)
}
