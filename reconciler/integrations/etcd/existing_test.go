package etcd_test

import (
	"context"
	"errors"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// TestWhatOthersKeepIsRead: keys of people, more than a page of them, and neither what we wrote nor what a lease takes away.
func TestWhatOthersKeepIsRead(t *testing.T) {
	endpoint := embedded(t)
	settings := map[string]string{"endpoints": endpoint}
	target, client := connect(t, settings), dial(t, endpoint)
	want := integrationstest.Release(schema.Cell{Stage: "production", App: "pay"}, 1, map[string]string{"app.yaml": "a: 1\n"})
	want.Settings = map[string]string{"mirror": "files"}
	if _, err := target.Write(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	lease, err := client.Grant(t.Context(), 600)
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string, options ...clientv3.OpOption) {
		if _, err := client.Put(t.Context(), key, "x", options...); err != nil {
			t.Fatal(err)
		}
	}
	put("/config/production/shop/lock", clientv3.WithLease(lease.ID))
	put("/config/production2/shop/a")
	const n = 1200
	for i := range n {
		put("/config/production/shop/" + string(rune('a'+i%26)) + "/" + string(rune(0x4e00+i)))
	}
	found, err := etcd.ReadExisting(t.Context(), settings, "/config/production")
	if err != nil || len(found.Items) != n {
		t.Fatalf("read %d keys, %v, want %d", len(found.Items), err, n)
	}
	left := map[string]bool{}
	for _, l := range found.Left {
		left[l.Place] = true
	}
	for _, key := range []string{"/config/production/pay/head", "/config/production/pay/kv/app.yaml", "/config/production/pay/kv/_complete", "/config/production/shop/lock"} {
		if !left[key] {
			t.Errorf("%s is not left: %v", key, found.Left)
		}
	}
}

// TestAUserWhoCannotLogInIsNoWrongSetting: a server that is down is, whoever asks.
func TestAUserWhoCannotLogInIsNoWrongSetting(t *testing.T) {
	settings := map[string]string{"endpoints": "http://" + real.FreeAddress(t), "username": "pay", "password_file": file(t, "password", "s3cret")}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := etcd.ReadExisting(ctx, settings, "/config"); !errors.Is(err, integrations.ErrUnavailable) {
		t.Errorf("nobody is there: got %v, want ErrUnavailable", err)
	}
}
