package etcd_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	source "github.com/sluice-gitops/sluice/reconciler/provider/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

func TestCollectReadsWhatProvidersReport(t *testing.T) {
	endpoint := embedded(t)
	target := connect(t, map[string]string{"endpoints": endpoint})
	client := dial(t, endpoint)
	cell := integrationstest.Cell("pay")
	place := source.Place(etcd.DefaultRoot, string(cell.Stage), string(cell.App))
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	write(t, target, release(3, "a: 1\n"))
	for i := range 100 {
		s := source.New(client, place)
		t.Cleanup(func() { _ = s.Close() })
		r := provider.Report{V: 1, Instance: fmt.Sprintf("pod-%02d", i), Service: "pay", Labels: map[string]string{"zone": "a"}, Seq: 3, Content: "sha256:bb", Origin: "live", At: at}
		if i == 7 {
			r.Refused, r.Why = 4, "rejected"
		}
		if err := s.Report(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	put := func(key, value string) {
		t.Helper()
		if _, err := client.Put(t.Context(), place+"/consumers/"+key, value); err != nil {
			t.Fatal(err)
		}
	}
	put("zz", `{"v":1,"instance":"pod-00","seq":9,"at":"2026-11-23T10:00:00Z"}`)
	put("zzz", strings.Repeat("x", 1<<20))
	put("z/y", `{"v":1,"instance":"y","seq":9,"at":"2026-11-23T10:00:00Z"}`)
	other := integrationstest.Cell("pay/ment") // an app below a path that begins alike
	found, err := target.Collect(t.Context(), []integrations.CellPlace{{Cell: other}, {Cell: cell}})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || len(found[0].Reports)+found[0].Unread != 0 {
		t.Fatalf("of another app: %+v", found[0])
	}
	got := found[1]
	if len(got.Reports) != 100 || got.Unread != 3 || got.More {
		t.Fatalf("%d reports, %d unread, more %v; want 100, 3, false", len(got.Reports), got.Unread, got.More)
	}
	want := schema.Consumer{Instance: "pod-07", Service: "pay", Labels: map[string]string{"zone": "a"}, Seq: 3, Content: "sha256:bb", Refused: 4, Why: "rejected", At: at}
	if fmt.Sprint(got.Reports[7]) != fmt.Sprint(want) {
		t.Errorf("got %+v\nwant %+v", got.Reports[7], want)
	}
	// What programs write there is nothing that a reconciler would compare.
	if o, err := target.Read(t.Context(), release(3, "a: 1\n")); err != nil || !o.Equal || len(o.Foreign) > 0 {
		t.Errorf("the cell is %+v, %v", o, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := target.Collect(gone, []integrations.CellPlace{{Cell: cell}}); err == nil {
		t.Error("not finding out was no error")
	}
	if _, err := target.Collect(t.Context(), []integrations.CellPlace{{Cell: schema.Cell{Stage: "..", App: "pay"}}}); err == nil {
		t.Error("a place that is none was looked at")
	}
}
