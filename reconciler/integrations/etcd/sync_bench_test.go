package etcd_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// BenchmarkFirstSync brings 50,000 files (10,000 apps in 5 stages) to an empty etcd that syncs its disk, as converging does:
// looked at, judged, signed, written and read back. The peer is a bare client that puts the same bytes in transactions of 100,
// 8 at once. Signing is told apart, and how much of it all are the processor's seconds, which a busy machine changes less.
func BenchmarkFirstSync(b *testing.B) {
	apps := 10_000
	if testing.Short() {
		apps = 200
	}
	wants := firstReleases(apps)
	for b.Loop() {
		ours, heads := syncOurs(b, wants)
		bare := syncBare(b, heads)
		b.ReportMetric(float64(len(wants))/ours.took.Seconds(), "keys/s")
		b.ReportMetric(ours.signing.Seconds(), "s-signing")
		b.ReportMetric(bare.took.Seconds(), "s-bare")
		b.ReportMetric(float64(ours.allocated)/float64(len(wants)), "B/key")
		b.ReportMetric(ours.took.Seconds()/bare.took.Seconds(), "x-bare-etcd")
		b.ReportMetric(ours.processor.Seconds()/bare.processor.Seconds(), "x-bare-etcd-cpu")
		b.ReportMetric((ours.processor-ours.signing).Seconds()/bare.processor.Seconds(), "x-bare-etcd-cpu-without-signing")
		b.Logf("%d keys: %s, %s of the processor, of which signing %s; a bare client %s, %s of the processor", len(wants),
			ours.took.Round(time.Millisecond), ours.processor.Round(time.Millisecond), ours.signing.Round(time.Millisecond),
			bare.took.Round(time.Millisecond), bare.processor.Round(time.Millisecond))
	}
}

// firstReleases are in the order in which converging asks for them.
func firstReleases(apps int) []integrations.Release {
	wants := make([]integrations.Release, 0, 5*apps)
	for n := range 5 * apps {
		cell := schema.Cell{Stage: schema.StageName(fmt.Sprint("stage-", n/apps)), App: schema.App(fmt.Sprintf("app-%06d", n%apps))}
		wants = append(wants, integrationstest.Release(cell, int64(n+1), map[string]string{"app.yaml": strings.Repeat("k: v\n", 40) + fmt.Sprint("n: ", n)}))
	}
	return wants
}

// cost is what something took.
type cost struct {
	took, processor, signing time.Duration
	allocated                uint64
}

// measured does something and says what it took, the server in this process with it.
func measured(b *testing.B, do func()) (c cost) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, used := time.Now(), processorTime(b)
	do()
	c.took, c.processor = time.Since(began), processorTime(b)-used
	runtime.ReadMemStats(&after)
	c.allocated = after.TotalAlloc - before.TotalAlloc
	return c
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

type pairs struct{ keys, values []string }

func syncOurs(b *testing.B, wants []integrations.Release) (c cost, heads pairs) {
	server, err := etcd.StartEmbedded(b.TempDir(), etcd.EmbeddedOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	spec := integrationstest.Spec("etcd", map[string]string{"endpoints": server.Endpoint()})
	key := integrationstest.Key()
	target, err := etcd.New(spec)
	if err != nil {
		b.Fatal(err)
	}
	defer target.Close()
	c = measured(b, func() {
		for part := range slices.Chunk(wants, 4096) {
			for _, r := range target.ReadMany(b.Context(), part) {
				if r.Err != nil || r.Present() {
					b.Fatal(r)
				}
			}
			for _, r := range target.WriteMany(b.Context(), part) {
				if r.Err != nil || !r.Equal {
					b.Fatal(r)
				}
			}
		}
	})
	c.signing = measured(b, func() {
		for range wants {
			_ = ed25519.Sign(key, make([]byte, len(integrations.HeadDomain)+sha256.Size))
		}
	}).processor
	return c, allHeads(b, server.Endpoint())
}

func allHeads(b *testing.B, endpoint string) (out pairs) {
	c := bareClient(b, endpoint)
	defer c.Close()
	from := "/"
	for {
		answer, err := c.Get(b.Context(), from, clientv3.WithFromKey(), clientv3.WithLimit(5000))
		if err != nil {
			b.Fatal(err)
		}
		for _, kv := range answer.Kvs {
			out.keys, out.values = append(out.keys, string(kv.Key)), append(out.values, string(kv.Value))
			from = string(kv.Key) + "\x00"
		}
		if !answer.More {
			return out
		}
	}
}

func bareClient(b *testing.B, endpoint string) *clientv3.Client {
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func syncBare(b *testing.B, heads pairs) cost {
	server, err := etcd.StartEmbedded(b.TempDir(), etcd.EmbeddedOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	c := bareClient(b, server.Endpoint())
	defer c.Close()
	return measured(b, func() {
		var group sync.WaitGroup
		slots := make(chan struct{}, 8)
		for from := 0; from < len(heads.keys); from += 100 {
			slots <- struct{}{}
			group.Go(func() {
				defer func() { <-slots }()
				var ops []clientv3.Op
				for i := from; i < min(from+100, len(heads.keys)); i++ {
					ops = append(ops, clientv3.OpPut(heads.keys[i], heads.values[i]))
				}
				if _, err := c.Txn(context.Background()).Then(ops...).Commit(); err != nil {
					b.Error(err)
				}
			})
		}
		group.Wait()
	})
}
