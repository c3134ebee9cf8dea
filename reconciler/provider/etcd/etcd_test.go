package etcd_test

import (
	"fmt"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	target "github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/etcd"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func dial(t testing.TB, endpoint string) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func embedded(t testing.TB, dir string, listen string) *target.Embedded {
	t.Helper()
	server, err := target.StartEmbedded(dir, target.EmbeddedOptions{Quick: true, Listen: listen})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// place is one app's place on a server that many tests share.
type place struct {
	client *clientv3.Client
	dir    string
}

// put writes parts and head in one transaction, in parts of a few bytes.
func (p place) put(t *testing.T, held providertest.Held) {
	t.Helper()
	ops := []clientv3.Op{clientv3.OpPut(p.dir+"/head", string(held.Head))}
	for doc, document := range held.Beside {
		ops = append(ops, clientv3.OpPut(p.dir+"/rel/"+strings.TrimPrefix(doc, "sha256:")+"/blob/0000", string(document)))
	}
	if _, err := p.client.Txn(t.Context()).Then(ops...).Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	server := embedded(t, dir, "")
	defer func() { server.Close() }()
	n := 0
	providertest.TestSource(t, func(t *testing.T) providertest.Fixture {
		n++
		endpoint := server.Endpoint()
		p := place{dial(t, endpoint), fmt.Sprintf("/config-%d/production/pay", n)}
		return providertest.Fixture{
			Open: func(t *testing.T) provider.Source { return etcd.New(dial(t, endpoint), p.dir) },
			Put:  p.put,
			Clear: func(t *testing.T) {
				if _, err := p.client.Delete(t.Context(), p.dir+"/", clientv3.WithPrefix()); err != nil {
					t.Fatal(err)
				}
			},
			Forget: func(t *testing.T) {
				now, err := p.client.Get(t.Context(), "x")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := p.client.Compact(t.Context(), now.Header.Revision); err != nil {
					t.Fatal(err)
				}
			},
			Break: func(t *testing.T) func() {
				server.Close()
				return func() { server = embedded(t, dir, strings.TrimPrefix(endpoint, "http://")) }
			},
		}
	})
}

// TestReportsLieUnderALease: what a program reports goes away with it, and is put again when the lease was lost.
func TestReportsLieUnderALease(t *testing.T) {
	server := embedded(t, t.TempDir(), "")
	defer server.Close()
	client := dial(t, server.Endpoint())
	source, key := etcd.New(client, "/config/production/pay"), "/config/production/pay/consumers/pay-0"
	report := func(seq int64) (lease int64) {
		t.Helper()
		if err := source.Report(t.Context(), provider.Report{V: 1, Instance: "pay-0", Seq: seq}); err != nil {
			t.Fatal(err)
		}
		answer, err := client.Get(t.Context(), key)
		if err != nil || len(answer.Kvs) != 1 || !strings.Contains(string(answer.Kvs[0].Value), fmt.Sprintf(`"seq":%d`, seq)) {
			t.Fatalf("entry %d: %v, %v", seq, answer, err)
		}
		return answer.Kvs[0].Lease
	}
	first := report(1)
	if again := report(2); first == 0 || again != first {
		t.Errorf("leases %d and %d, want one", first, again)
	}
	if _, err := client.Revoke(t.Context(), clientv3.LeaseID(first)); err != nil {
		t.Fatal(err)
	}
	if other := report(3); other == first || other == 0 {
		t.Errorf("after the lease was lost: %d", other)
	}
	if err := source.Close(); err != nil {
		t.Error(err)
	}
	if answer, err := client.Get(t.Context(), key); err != nil || len(answer.Kvs) != 0 {
		t.Errorf("after Close: %v, %v", answer, err)
	}
	for _, name := range []string{"", "a/b", "a\x00", strings.Repeat("x", 201)} {
		if err := source.Report(t.Context(), provider.Report{Instance: name}); err == nil {
			t.Errorf("instance %q: accepted", name)
		}
	}
}
