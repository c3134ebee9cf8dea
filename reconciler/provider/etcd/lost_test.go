package etcd_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/etcd"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// eventually looks again until it is so. What never comes fails the test; how soon it comes decides nothing.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestAnOutageIsNoticed: by the watch, and not only when everything is read again; and servers that come back with less history,
// as from a backup, are not waited for in silence until they have made up for it.
func TestAnOutageIsNoticed(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	address, signer := real.FreeAddress(t), providertest.NewSigner("outage")
	server := embedded(t, t.TempDir(), address)
	client := dial(t, server.Endpoint())
	here := place{client, "/config/production/pay"}
	for range 50 { // a long history
		here.put(t, signer.Release(1, map[string]any{"app.yaml": map[string]any{"port": 1}}))
	}
	p, err := provider.Open(t.Context(), provider.Options{
		Source: etcd.New(client, here.dir), Project: providertest.Project, Stage: providertest.Stage, App: providertest.App,
		Keys: signer.Keys(), Refresh: time.Hour, Timeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Healthy(); err != nil {
		t.Fatal(err)
	}

	server.Close()
	eventually(t, "the program sees that nobody answers", func() bool { return p.Healthy() != nil })

	server = embedded(t, t.TempDir(), address)
	defer server.Close()
	here.put(t, signer.Release(2, map[string]any{"app.yaml": map[string]any{"port": 2}}))
	eventually(t, "the program has what came since", func() bool { return p.Snapshot().Seq() == 2 && p.Healthy() == nil })
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestAReadWaitsForNoPauseOfTheClient: after an outage the client itself tries again after pauses that grow to minutes, here to an hour.
func TestAReadWaitsForNoPauseOfTheClient(t *testing.T) {
	pause := backoff.Config{BaseDelay: time.Hour, Multiplier: 1, MaxDelay: time.Hour}
	client, err := clientv3.New(clientv3.Config{
		Endpoints: []string{"http://" + real.FreeAddress(t)}, Logger: zap.NewNop(),
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{Backoff: pause, MinConnectTimeout: time.Second})},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	source := etcd.New(client, "/config/production/pay")
	head := func(limit time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		_, _, err := source.Head(ctx)
		return err
	}
	if err := head(100 * time.Millisecond); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("nobody is there: got %v, want that it cannot be reached", err)
	}
	eventually(t, "the client has lost the server", func() bool { return client.ActiveConnection().GetState().String() == "TRANSIENT_FAILURE" })

	server := embedded(t, t.TempDir(), strings.TrimPrefix(client.Endpoints()[0], "http://"))
	defer server.Close()
	if err := head(time.Minute); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the server is back: got %v, want that there is no head", err)
	}
}
