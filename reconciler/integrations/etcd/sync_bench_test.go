package etcd_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// BenchmarkFirstSync brings 50,000 files (10,000 apps in 5 stages) to an empty etcd that syncs its disk, as converging does:
// looked at, judged, signed, written and read back. The peer is a bare client that puts the same bytes in transactions of 100,
// 8 at once. Both are measured in turns, three times, and the medians told. The documents are made before, and told apart, as
// signing is. How much of it all are the processor's seconds, the server's among them, a busy machine changes less.
// What the ledger takes is in the reconciler's BenchmarkFirstPass.
func BenchmarkFirstSync(b *testing.B) {
	apps := 10_000
	if testing.Short() {
		apps = 200
	}
	var wants []integrations.Release
	documents := measured(b, func() { wants = firstReleases(b, apps) })
	for b.Loop() {
		var ours, bare []cost
		for range 3 {
			o, heads := syncOurs(b, wants)
			ours, bare = append(ours, o), append(bare, syncBare(b, heads))
		}
		keys := float64(len(wants))
		report := func(unit string, of func(i int) float64) { b.ReportMetric(median(of), unit) }
		report("keys/s", func(i int) float64 { return keys / ours[i].took.Seconds() })
		report("s-bare", func(i int) float64 { return bare[i].took.Seconds() })
		report("s-cpu", func(i int) float64 { return ours[i].processor.Seconds() })
		report("s-cpu-documents", func(int) float64 { return documents.processor.Seconds() })
		report("s-cpu-signing", func(i int) float64 { return ours[i].signing.Seconds() })
		report("s-cpu-bare", func(i int) float64 { return bare[i].processor.Seconds() })
		report("MB-peak", func(i int) float64 { return float64(ours[i].peak) / (1 << 20) })
		report("B/key", func(i int) float64 { return float64(ours[i].allocated) / keys })
		report("x-bare-etcd", func(i int) float64 { return ours[i].took.Seconds() / bare[i].took.Seconds() })
		report("x-bare-etcd-cpu", func(i int) float64 { return ours[i].processor.Seconds() / bare[i].processor.Seconds() })
		report("x-bare-etcd-cpu-without-signing", func(i int) float64 {
			return (ours[i].processor - ours[i].signing).Seconds() / bare[i].processor.Seconds()
		})
	}
}

// median is of three.
func median(of func(i int) float64) float64 {
	found := []float64{of(0), of(1), of(2)}
	slices.Sort(found)
	return found[1]
}

// firstReleases are in the order in which converging asks for them.
func firstReleases(b *testing.B, apps int) []integrations.Release {
	wants := make([]integrations.Release, 0, 5*apps)
	for n := range 5 * apps {
		cell := schema.Cell{Stage: schema.StageName(fmt.Sprint("stage-", n/apps)), App: schema.App(fmt.Sprintf("app-%06d", n%apps))}
		text := fmt.Sprintf("number: %d\n", n)
		for line := range 19 {
			text += fmt.Sprintf("key-%02d: v\n", line)
		}
		want := integrationstest.Release(cell, int64(n+1), map[string]string{"app.yaml": text})
		document, found := schema.NewDocument([]schema.DocumentFile{{Path: "app.yaml", Mode: schema.Regular, Data: []byte(text)}})
		if err := found.Err(); err != nil {
			b.Fatal(err)
		}
		want.Document = document.Encode()
		want.Doc = schema.DigestOf(want.Document)
		wants = append(wants, want)
	}
	return wants
}

type pairs struct{ keys, values []string }

func syncOurs(b *testing.B, wants []integrations.Release) (c cost, heads pairs) {
	server, err := etcd.StartEmbedded(b.TempDir(), etcd.EmbeddedOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	spec := integrationstest.Spec("etcd", map[string]string{"endpoints": server.Endpoint()})
	var signing stopwatch
	spec.Keys = integrations.NewLogKeys(signing.timed(integrationstest.Key()))
	target, err := etcd.New(spec)
	if err != nil {
		b.Fatal(err)
	}
	defer target.Close()
	c = measured(b, func() {
		for _, r := range target.ReadMany(b.Context(), wants) {
			if r.Err != nil || r.Present() {
				b.Fatal(r)
			}
		}
		for _, r := range target.WriteMany(b.Context(), wants) {
			if r.Err != nil || !r.Equal {
				b.Fatal(r)
			}
		}
	})
	c.signing = signing.all()
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
