package reconciler_test

import (
	"context"
	"sync"
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

	mu         sync.Mutex // guards the rest
	signatures []time.Duration
}

// timed takes the time of every signature.
func (f *firstPass) timed(sign func([]byte) ([]byte, error)) func([]byte) ([]byte, error) {
	return func(message []byte) ([]byte, error) {
		began := time.Now()
		defer func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.signatures = append(f.signatures, time.Since(began))
		}()
		return sign(message)
	}
}

// signing is what all signatures took of the processor, without the time in which others had it.
func (f *firstPass) signing() time.Duration {
	return quantile(f.signatures, 50) * time.Duration(len(f.signatures))
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
// The second and third of them are compared with a bare client that puts the same bytes: x-bare-etcd has signing in it,
// x-bare-etcd-cpu-without-signing are seconds of the processor without. It takes the time of a project whose stages differ in every
// app, and of one in which everything was promoted to the last.
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
		b.StopTimer()
		if len(p.pushed) != 2 {
			b.Fatalf("%d appends, want one that seals and one with all deliveries", len(p.pushed))
		}
		report := func(name string, took, processor time.Duration) {
			b.ReportMetric(took.Seconds(), "s-"+name)
			b.ReportMetric(processor.Seconds(), "s-cpu-"+name)
		}
		for _, phase := range []struct {
			name     string
			from, to moment
		}{{"sealing", began, p.pushed[0]}, {"documents", p.pushed[0], p.asked}, {"sync", p.asked, p.wrote}, {"ledger", p.wrote, ended}} {
			report(phase.name, phase.to.at.Sub(phase.from.at), phase.to.processor-phase.from.processor)
		}
		b.ReportMetric(heapMB(), "heap-MB")
		took, used := p.wrote.at.Sub(p.pushed[0].at), p.wrote.processor-p.pushed[0].processor
		b.ReportMetric(float64(5*apps)/took.Seconds(), "keys/s")
		b.ReportMetric(p.signing().Seconds(), "s-cpu-signing")
		bare, bareUsed := s.bareAgain(b)
		report("bare", bare, bareUsed)
		b.ReportMetric(took.Seconds()/bare.Seconds(), "x-bare-etcd")
		b.ReportMetric((used-p.signing()).Seconds()/bareUsed.Seconds(), "x-bare-etcd-cpu-without-signing")
		b.StartTimer()
	}
}
