package etcd_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// BenchmarkFirstSync brings 50,000 files (10,000 apps in 5 stages) to an empty etcd that syncs its disk, judged, signed and
// read back; the peer is a bare client that puts the same bytes in transactions of 100, 8 at once.
func BenchmarkFirstSync(b *testing.B) {
	apps := 10_000
	if testing.Short() {
		apps = 200
	}
	wants := make([]integrations.Release, 0, 5*apps)
	for n := range 5 * apps {
		cell := schema.Cell{Stage: schema.StageName(fmt.Sprint("stage-", n%5)), App: schema.App(fmt.Sprint("app-", n/5))}
		wants = append(wants, integrationstest.Release(cell, int64(n+1), map[string]string{"app.yaml": strings.Repeat("k: v\n", 40) + fmt.Sprint("n: ", n)}))
	}
	for b.Loop() {
		ours, signing, heads := syncOurs(b, wants)
		bare := syncBare(b, heads)
		b.ReportMetric(float64(len(wants))/ours.Seconds(), "keys/s")
		b.ReportMetric(signing.Seconds(), "s-signing")
		b.ReportMetric(bare.Seconds(), "s-bare")
		b.ReportMetric(ours.Seconds()/bare.Seconds(), "x-bare-etcd")
		b.Logf("%d keys: %s, of which signing %s on all cores together; a bare client %s", len(wants), ours.Round(time.Millisecond), signing.Round(time.Millisecond), bare.Round(time.Millisecond))
	}
}

type pairs struct{ keys, values []string }

func syncOurs(b *testing.B, wants []integrations.Release) (took, signing time.Duration, heads pairs) {
	server, err := etcd.StartEmbedded(b.TempDir(), etcd.EmbeddedOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	spec := integrationstest.Spec("etcd", map[string]string{"endpoints": server.Endpoint()})
	var spent atomic.Int64
	key := integrationstest.Key()
	spec.Keys = integrations.NewLogKeys(integrations.HeadSigner{ID: "log-1", Key: integrationstest.PublicKey(), Sign: func(m []byte) ([]byte, error) {
		began := time.Now()
		defer func() { spent.Add(int64(time.Since(began))) }()
		return ed25519.Sign(key, m), nil
	}})
	target, err := etcd.New(spec)
	if err != nil {
		b.Fatal(err)
	}
	defer target.Close()
	began := time.Now()
	for part := range slices.Chunk(wants, 256) {
		for _, r := range target.WriteMany(b.Context(), part) {
			if r.Err != nil || !r.Equal {
				b.Fatal(r)
			}
		}
	}
	took = time.Since(began)
	return took, time.Duration(spent.Load()), allHeads(b, server.Endpoint())
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

func syncBare(b *testing.B, heads pairs) time.Duration {
	server, err := etcd.StartEmbedded(b.TempDir(), etcd.EmbeddedOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	c := bareClient(b, server.Endpoint())
	defer c.Close()
	began := time.Now()
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
	return time.Since(began)
}
