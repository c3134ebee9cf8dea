package etcd_test

import (
	"errors"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// TestNoReaderOfAStageSeesTheCheckpoint: it lies beside the stages, where no name of ours can lead.
func TestNoReaderOfAStageSeesTheCheckpoint(t *testing.T) {
	endpoint := embedded(t)
	target := connect(t, map[string]string{"endpoints": endpoint})
	write(t, target, release(1, "a"))
	if _, err := target.KeepCheckpoint(t.Context(), "3f2a9c1e", integrationstest.Checkpoint(t, "3f2a9c1e", 5, "five", integrationstest.Key())); err != nil {
		t.Fatal(err)
	}
	all, err := dial(t, endpoint).Get(t.Context(), "/config/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		t.Fatal(err)
	}
	beside := 0
	for _, kv := range all.Kvs {
		if key := string(kv.Key); key == etcd.CheckpointKey("/config", "3f2a9c1e") {
			beside++
		} else if !strings.HasPrefix(key, "/config/production/") {
			t.Errorf("unexpected key %s", key)
		}
	}
	if beside != 1 || len(all.Kvs) != 2 {
		t.Errorf("%d keys, %d checkpoints; want 2 and 1", len(all.Kvs), beside)
	}
	for _, root := range []string{"/config/.sluice", "/config/.sluice/3f2a9c1e"} {
		if _, err := etcd.New(integrationstest.Spec("etcd", map[string]string{"endpoints": endpoint, "root": root})); err == nil {
			t.Errorf("root %s: accepted", root)
		}
		want := release(1, "a")
		want.Settings = map[string]string{"root": root}
		if v := target.Fits(want); v.Outcome != schema.Deny {
			t.Errorf("a stage with root %s fits", root)
		}
	}
	if err := schema.CheckSegment(".sluice"); err == nil {
		t.Error("a stage may be called .sluice")
	}
}

// TestACheckpointNeedsARole: a user that may write a stage alone cannot keep the checkpoint, and is told where.
func TestACheckpointNeedsARole(t *testing.T) {
	endpoint := embedded(t)
	admin, ctx := dial(t, endpoint), t.Context()
	for _, step := range []func() error{
		func() error { _, err := admin.UserAdd(ctx, "root", "r"); return err },
		func() error { _, err := admin.UserGrantRole(ctx, "root", "root"); return err },
		func() error { _, err := admin.RoleAdd(ctx, "stage"); return err },
		func() error {
			_, err := admin.RoleGrantPermission(ctx, "stage", "/config/production/", clientv3.GetPrefixRangeEnd("/config/production/"), clientv3.PermissionType(clientv3.PermReadWrite))
			return err
		},
		func() error { _, err := admin.UserAdd(ctx, "sluice", "s3cret"); return err },
		func() error { _, err := admin.UserGrantRole(ctx, "sluice", "stage"); return err },
		func() error { _, err := admin.AuthEnable(ctx); return err },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	target := connect(t, map[string]string{"endpoints": endpoint, "username": "sluice", "password_file": file(t, "password", "s3cret\n")})
	write(t, target, release(1, "a"))
	_, err := target.KeepCheckpoint(ctx, "3f2a9c1e", integrationstest.Checkpoint(t, "3f2a9c1e", 5, "five", integrationstest.Key()))
	var where *integrations.Error
	if !errors.Is(err, integrations.ErrForbidden) || !errors.As(err, &where) || where.Key != "/config/.sluice/3f2a9c1e/checkpoint" {
		t.Errorf("got %v, want ErrForbidden at the checkpoint's key", err)
	}
}

// BenchmarkCheckpoint measures what the mark costs a pass, one read, and an append, one read and one write, on a server that
// syncs its disk.
func BenchmarkCheckpoint(b *testing.B) {
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
	size := int64(0)
	keep := func() {
		size++
		if wrote, err := target.KeepCheckpoint(b.Context(), "3f2a9c1e", integrationstest.Checkpoint(b, "3f2a9c1e", size, "root", integrationstest.Key())); err != nil || !wrote {
			b.Fatal(wrote, err)
		}
	}
	b.Run("keep", func(b *testing.B) {
		for b.Loop() {
			keep()
		}
	})
	keep()
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := target.Checkpoint(b.Context(), "3f2a9c1e"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
