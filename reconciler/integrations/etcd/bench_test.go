package etcd_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// BenchmarkCells measures what a cell costs, on a server that syncs its disk: alone, and among a thousand at once.
func BenchmarkCells(b *testing.B) {
	server, err := etcd.StartEmbedded(b.TempDir(), etcd.EmbeddedOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	target, err := etcd.New(integrationstest.Spec("etcd", map[string]string{"endpoints": server.Endpoint()}))
	if err != nil {
		b.Fatal(err)
	}
	defer target.Close()
	seq := int64(0)
	cells := func(n int) []integrations.Release {
		seq++
		wants := make([]integrations.Release, n)
		for i := range wants {
			files := map[string]string{"app.yaml": strings.Repeat("x", 300) + fmt.Sprint(seq)}
			wants[i] = integrationstest.Release(integrationstest.Cell(schema.App(fmt.Sprintf("app-%d", i))), seq, files)
		}
		return wants
	}
	check := func(results ...integrations.Result) {
		for _, r := range results {
			if r.Err != nil || !r.Equal {
				b.Fatal(r)
			}
		}
	}
	b.Run("write one", func(b *testing.B) {
		for b.Loop() {
			o, err := target.Write(b.Context(), cells(1)[0])
			check(integrations.Result{Observation: o, Err: err})
		}
	})
	b.Run("write 1000", func(b *testing.B) {
		for b.Loop() {
			check(target.WriteMany(b.Context(), cells(1000))...)
		}
	})
	same := cells(1000)
	check(target.WriteMany(b.Context(), same)...)
	b.Run("read one", func(b *testing.B) {
		for b.Loop() {
			o, err := target.Read(b.Context(), same[0])
			check(integrations.Result{Observation: o, Err: err})
		}
	})
	b.Run("read 1000", func(b *testing.B) {
		for b.Loop() {
			check(target.ReadMany(b.Context(), same)...)
		}
	})
}
