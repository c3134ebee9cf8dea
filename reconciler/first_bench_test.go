package reconciler_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// moment is when something was so, in time and in this process's seconds of the processor.
type moment struct {
	at        time.Time
	processor time.Duration
}

func now() moment {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // of this process it always can be had
	}
	return moment{time.Now(), time.Duration(u.Utime.Nano() + u.Stime.Nano())}
}

// firstPass has the moments of one: it goes on one by one.
type firstPass struct {
	pushed []moment // the ledger has what was appended
	asked  moment   // the target is asked for the first time
	wrote  moment   // the last cell was read back
}

type timedRepository struct {
	reconciler.Repository
	*firstPass
}

// Push implements [reconciler.Mirror].
func (r timedRepository) Push(ctx context.Context, ref string, old, new schema.Hash, objects []schema.Object) error {
	err := r.Repository.Push(ctx, ref, old, new, objects)
	r.pushed = append(r.pushed, now())
	return err
}

type timedTarget struct {
	*etcd.Target
	*firstPass
}

// ReadMany implements [integrations.Batcher].
func (t timedTarget) ReadMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	if t.asked.at.IsZero() {
		t.asked = now()
	}
	return t.Target.ReadMany(ctx, wants)
}

// WriteMany implements [integrations.Batcher].
func (t timedTarget) WriteMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	results := t.Target.WriteMany(ctx, wants)
	t.wrote = now()
	return results
}

// BenchmarkFirstPass tells what the first pass of a project of 10,000 apps in 5 stages spends its time on: sealing, making the
// documents of what was admitted from Git, looking and writing and reading back, and recording that in the ledger, in one append.
// BenchmarkFirstSync of the etcd target compares the third of them with a bare client. It takes the time of a project whose stages
// differ in every app, and of one in which everything was promoted to the last.
func BenchmarkFirstPass(b *testing.B) {
	b.Run("all-differ", func(b *testing.B) { benchmarkFirstPass(b, false) })
	b.Run("all-promoted", func(b *testing.B) { benchmarkFirstPass(b, true) })
}

func benchmarkFirstPass(b *testing.B, promoted bool) {
	apps := 10_000
	if testing.Short() {
		apps = 200
	}
	for b.Loop() {
		b.StopTimer()
		s := &scale{t: b, dir: b.TempDir(), forge: silentForge{}, first: &firstPass{}, promoted: promoted}
		s.prepare(apps)
		b.StartTimer()
		began := now()
		if got := len(s.pass().Entries); got != 5*apps {
			b.Fatalf("%d entries, want %d", got, 5*apps)
		}
		ended, p := now(), s.first
		if len(p.pushed) != 2 {
			b.Fatalf("%d appends, want one that seals and one with all deliveries", len(p.pushed))
		}
		for _, phase := range []struct {
			name     string
			from, to moment
		}{{"sealing", began, p.pushed[0]}, {"documents", p.pushed[0], p.asked}, {"sync", p.asked, p.wrote}, {"ledger", p.wrote, ended}} {
			b.ReportMetric(phase.to.at.Sub(phase.from.at).Seconds(), "s-"+phase.name)
			b.ReportMetric((phase.to.processor - phase.from.processor).Seconds(), "s-cpu-"+phase.name)
		}
		b.ReportMetric(heapMB(), "heap-MB")
		b.ReportMetric(float64(5*apps)/p.wrote.at.Sub(p.pushed[0].at).Seconds(), "keys/s")
	}
}
