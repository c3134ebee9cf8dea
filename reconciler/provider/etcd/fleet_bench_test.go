package etcd_test

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	target "github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// consumers are so many programs, each of an app of its own and with a connection of its own, as they would be on as many machines.
const consumers = 1000

// BenchmarkConsumers measures what a server has to do for them: a round gives every app a release and waits until each program runs it.
// The server is a process of its own, and its figures are those that it tells of itself.
func BenchmarkConsumers(b *testing.B) {
	server := real.Etcd(b)
	writer, err := target.New(integrationstest.Spec("etcd", map[string]string{"endpoints": server.Endpoint, "timeout": "1m"}))
	if err != nil {
		b.Fatal(err)
	}
	defer writer.Close()
	give(b, writer, 1)
	empty := told(b, server.Endpoint)
	all := openAll(b, server.Endpoint)
	watching := told(b, server.Endpoint)
	for deadline := time.Now().Add(time.Minute); watching["etcd_debugging_mvcc_watcher_total"] < consumers && time.Now().Before(deadline); {
		watching = told(b, server.Endpoint) // the last of them have just begun
	}
	seq := int64(1)
	var slowest []time.Duration
	for b.Loop() {
		seq++
		began := time.Now()
		give(b, writer, seq)
		awaitAll(b, all, seq)
		slowest = append(slowest, time.Since(began))
	}
	after := told(b, server.Endpoint)
	rounds := float64(len(slowest))
	b.ReportMetric(watching["process_open_fds"]-empty["process_open_fds"], "connections")
	b.ReportMetric(watching["etcd_debugging_mvcc_watcher_total"], "watchers")
	b.ReportMetric((after["etcd_debugging_mvcc_events_total"]-watching["etcd_debugging_mvcc_events_total"])/rounds/consumers, "events/app")
	b.ReportMetric((after["process_cpu_seconds_total"]-watching["process_cpu_seconds_total"])/rounds/consumers*1e6, "server-cpu-µs/app")
	b.ReportMetric((watching["process_resident_memory_bytes"]-empty["process_resident_memory_bytes"])/consumers/1024, "server-kB/consumer")
	b.ReportMetric(float64(slices.Min(slowest).Milliseconds()), "ms-until-all-have-it")
}

// give writes a release of every app.
func give(b *testing.B, t *target.Target, seq int64) {
	b.Helper()
	wants := make([]integrations.Release, consumers)
	for i := range wants {
		wants[i] = integrationstest.Release(integrationstest.Cell(appOf(i)), seq, map[string]string{"app.yaml": fmt.Sprintf("seq: %d\n", seq)})
	}
	for i, r := range integrations.WriteMany(b.Context(), t, wants) {
		if r.Err != nil {
			b.Fatalf("app %d: %v", i, r.Err)
		}
	}
}

func appOf(i int) schema.App { return schema.App(fmt.Sprintf("app-%04d", i)) }

// openAll starts the programs, some at a time.
func openAll(b *testing.B, endpoint string) []*provider.Provider {
	b.Helper()
	out := make([]*provider.Provider, consumers)
	var group sync.WaitGroup
	slots := make(chan struct{}, 32)
	for i := range out {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
			if err != nil {
				b.Error(err)
				return
			}
			b.Cleanup(func() { _ = client.Close() })
			app := string(appOf(i))
			out[i], err = provider.Open(b.Context(), provider.Options{
				Source:  etcd.New(client, etcd.Place(target.DefaultRoot, "production", app)),
				Project: "5f0c66d1", Stage: "production", App: app, Keys: provider.Keys{"log-1": integrationstest.PublicKey()}, Timeout: time.Minute,
				Identity: provider.Identity{Instance: "pod-0", Service: "bench"},
			})
			if err != nil {
				b.Error(err)
				return
			}
			b.Cleanup(func() { out[i].Close() })
		})
	}
	group.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return out
}

// awaitAll returns when every program runs the release.
func awaitAll(b *testing.B, all []*provider.Provider, seq int64) {
	b.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for i, p := range all {
		for p.Snapshot().Seq() < seq {
			if time.Now().After(deadline) {
				b.Fatalf("program %d has entry %d, want %d: %v", i, p.Snapshot().Seq(), seq, p.Healthy())
			}
			time.Sleep(time.Millisecond) // a measurement, and the programs need the processor
		}
	}
}

// told are the figures that a server tells of itself.
func told(b *testing.B, endpoint string) map[string]float64 {
	b.Helper()
	response, err := http.Get(endpoint + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	out := map[string]float64{}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			out[name] = n
		}
	}
	for _, name := range []string{"process_open_fds", "etcd_debugging_mvcc_watcher_total", "etcd_debugging_mvcc_events_total"} {
		if _, ok := out[name]; !ok {
			b.Fatalf("the server does not tell %s", name)
		}
	}
	return out
}
