package etcd_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// TestWatchSurvivesARestore: servers that come back from a backup have less history, and the client's watch waits in silence until they
// have made up for it. All of the stage is compared anew, and what changes then is seen.
func TestWatchSurvivesARestore(t *testing.T) {
	address := real.FreeAddress(t)
	begin := func() *etcd.Embedded {
		server, err := etcd.StartEmbedded(t.TempDir(), etcd.EmbeddedOptions{Quick: true, Listen: address})
		if err != nil {
			t.Fatal(err)
		}
		return server
	}
	server := begin()
	target := connect(t, map[string]string{"endpoints": server.Endpoint()})
	ctx, cancel := context.WithCancel(t.Context())
	woken, ended := make(chan schema.Cell, 100), make(chan error, 1)
	go func() {
		ended <- target.Watch(ctx, []integrations.Place{{Stage: "production"}}, func(c schema.Cell) { woken <- c })
	}()
	all, pay := schema.Cell{Stage: "production"}, release(1, "a").Cell
	wakes := func(what string, want schema.Cell) {
		t.Helper()
		for limit := time.After(time.Minute); ; {
			select {
			case got := <-woken:
				if got == want {
					return
				}
			case <-limit:
				t.Fatalf("%s: never woken for %v", what, want)
			}
		}
	}
	wakes("first", all)
	for seq := range int64(20) { // a long history
		write(t, target, release(seq+1, fmt.Sprint("v", seq)))
		wakes("a write", pay)
	}
	server.Close()
	server = begin() // nothing of it is there
	defer server.Close()
	wakes("the servers are back", all)
	c := raw{dial(t, server.Endpoint()), "/config"}
	if _, err := c.Put(t.Context(), "/config/production/pay/head", "by hand"); err != nil {
		t.Fatal(err)
	}
	wakes("an edit", pay)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("watch ended with %v", err)
	}
}
