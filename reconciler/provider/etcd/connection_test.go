package etcd_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/ci/real"
	target "github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/etcd"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func userOf(endpoint, password string) clientv3.Config {
	return clientv3.Config{Endpoints: []string{endpoint}, Username: "pay", Password: password, DialTimeout: time.Minute, Logger: zap.NewNop()}
}

var files = map[string]any{"app.yaml": map[string]any{"port": 1}}

// secured is a server that asks who reads, with an app's place that pay may read.
func secured(t *testing.T, dir string) *target.Embedded {
	t.Helper()
	server := embedded(t, t.TempDir(), "")
	admin := dial(t, server.Endpoint())
	place{admin, dir}.put(t, providertest.SourceSigner().Release(1, files))
	ctx := t.Context()
	for _, step := range []func() error{
		func() error { _, err := admin.UserAdd(ctx, "root", "r"); return err },
		func() error { _, err := admin.UserGrantRole(ctx, "root", "root"); return err },
		func() error { _, err := admin.RoleAdd(ctx, "pay"); return err },
		func() error {
			_, err := admin.RoleGrantPermission(ctx, "pay", dir+"/", clientv3.GetPrefixRangeEnd(dir+"/"), clientv3.PermissionType(clientv3.PermReadWrite))
			return err
		},
		func() error { _, err := admin.UserAdd(ctx, "pay", "s3cret"); return err },
		func() error { _, err := admin.UserGrantRole(ctx, "pay", "pay"); return err },
		func() error { _, err := admin.AuthEnable(ctx); return err },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return server
}

// TestAWrongPasswordIsNoSilence: a try that is cut off says what the try before it was told.
func TestAWrongPasswordIsNoSilence(t *testing.T) {
	const dir = "/config/production/pay"
	server := secured(t, dir)
	connection := etcd.Connect(userOf(server.Endpoint(), "guess"))
	defer connection.Close()
	_, _, err := connection.Source(dir).Head(t.Context())
	server.Close()
	if !errors.Is(err, fs.ErrPermission) {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := connection.Source(dir).Head(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want both", err)
	}
}

// TestAUserStartsFromTheCache whatever keeps it from logging in.
func TestAUserStartsFromTheCache(t *testing.T) {
	const dir = "/config/production/pay"
	server := secured(t, dir)
	defer server.Close()
	endpoint := server.Endpoint()
	opts := providertest.New(files).Options()
	opts.Cache, opts.Start, opts.Patience = provider.DirCache(t.TempDir()), provider.AllowFallback(), time.Minute
	for _, row := range []struct {
		sentence           string
		endpoint, password string
		patience           time.Duration
		origin             provider.Origin
		health             error
	}{
		{"it logs in", endpoint, "s3cret", time.Minute, provider.Live, nil},
		{"the password is another one", endpoint, "guess", 5 * time.Second, provider.Cached, fs.ErrPermission},
		{"nobody is there", "http://" + real.FreeAddress(t), "s3cret", time.Second / 2, provider.Cached, context.DeadlineExceeded},
	} {
		connection := etcd.Connect(userOf(row.endpoint, row.password))
		opts.Source, opts.Patience = connection.Source(dir), row.patience
		p, err := provider.Open(t.Context(), opts)
		if err != nil {
			t.Fatalf("%s: %v", row.sentence, err)
		}
		if got := p.Snapshot().Origin(); got != row.origin {
			t.Errorf("%s: started with %q, want %q", row.sentence, got, row.origin)
		}
		if err := p.Healthy(); !errors.Is(err, row.health) {
			t.Errorf("%s: healthy says %v, want %v", row.sentence, err, row.health)
		}
		if err := errors.Join(p.Close(), connection.Close()); err != nil {
			t.Errorf("%s: close: %v", row.sentence, err)
		}
	}
}

// TestALoginIsTriedAgain: also after one that took longer than its request had.
func TestALoginIsTriedAgain(t *testing.T) {
	defer goleak.VerifyNone(t)
	address := real.FreeAddress(t)
	connection := etcd.Connect(userOf("http://"+address, "s3cret"))
	one, two := connection.Source("/config/production/pay"), connection.Source("/config/production/cart")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for _, source := range []*etcd.Source{one, two} {
		if _, _, err := source.Head(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nobody is there: got %v", err)
		}
	}
	server := embedded(t, t.TempDir(), address)
	defer server.Close()
	for _, source := range []*etcd.Source{one, two} {
		if _, _, err := source.Head(t.Context()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("somebody is there, who asks for no user: got %v", err)
		}
	}
	if err := errors.Join(one.Close(), two.Close(), connection.Close(), connection.Close()); err != nil {
		t.Error(err)
	}
	if _, _, err := one.Head(t.Context()); err == nil {
		t.Error("a closed connection is used")
	}
}
