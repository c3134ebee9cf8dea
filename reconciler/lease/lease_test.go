package lease_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/lease"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "/config/.sluice/0123456789abcdef/leader"

func server(t *testing.T) *etcd.Embedded {
	t.Helper()
	s, err := etcd.StartEmbedded(t.TempDir(), etcd.EmbeddedOptions{Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func dial(t *testing.T, endpoint string) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// candidate is one process's part, with the func that ends the process. All have one name, so that none is favoured.
func candidate(t *testing.T, c *clientv3.Client, _ string) (e *lease.Election, leave func()) {
	t.Helper()
	e, err := lease.New(lease.Config{Client: func() (*clientv3.Client, error) { return c, nil }, Key: key, Name: "one of the same name", TTL: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { e.Run(ctx) })
	leave = func() { cancel(); group.Wait() }
	t.Cleanup(leave)
	return e, leave
}

// until waits for an answer that has to come; the minute is for loaded machines.
func until(t *testing.T, e *lease.Election, leads bool) context.Context {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		if lead, ok := e.Leading(); ok == leads {
			return lead
		}
		select {
		case <-e.Changed():
		case <-limit:
			t.Fatalf("leads: never %v", leads)
		}
	}
}

// waits makes sure that a candidate is in the queue and does not lead.
func waits(t *testing.T, c *clientv3.Client, e *lease.Election, candidates int) {
	t.Helper()
	for t.Context().Err() == nil {
		response, err := c.Get(t.Context(), key, clientv3.WithPrefix())
		if err != nil {
			t.Fatal(err)
		}
		if len(response.Kvs) == candidates {
			break
		}
	}
	if _, ok := e.Leading(); ok {
		t.Fatal("two lead")
	}
}

func TestOneLeadsAndTheNextOneFollows(t *testing.T) {
	s := server(t)
	defer s.Close()
	c := dial(t, s.Endpoint())
	first, leave := candidate(t, c, "first")
	lead := until(t, first, true)
	second, _ := candidate(t, c, "second")
	waits(t, c, second, 2)
	leave()
	if lead.Err() == nil {
		t.Error("the first one left, and what it leads by goes on")
	}
	until(t, second, true)
	if _, ok := first.Leading(); ok {
		t.Error("the one that left still leads")
	}
}

func TestALostLeaseEndsTheLead(t *testing.T) {
	s := server(t)
	defer s.Close()
	c := dial(t, s.Endpoint())
	first, _ := candidate(t, c, "first")
	lead := until(t, first, true)
	second, _ := candidate(t, c, "second")
	waits(t, c, second, 2)
	leader, err := c.Get(t.Context(), key, clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByCreateRevision, clientv3.SortAscend), clientv3.WithLimit(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Revoke(t.Context(), clientv3.LeaseID(leader.Kvs[0].Lease)); err != nil {
		t.Fatal(err)
	}
	until(t, second, true)
	<-lead.Done()
	waits(t, c, first, 2) // it is a candidate again
}

func TestAClusterThatCannotBeAskedStopsNobody(t *testing.T) {
	s := server(t)
	c := dial(t, s.Endpoint())
	first, _ := candidate(t, c, "first")
	until(t, first, true)
	second, _ := candidate(t, c, "second")
	waits(t, c, second, 2)
	s.Close()
	if lead := until(t, second, true); lead != nil {
		t.Error("it works as if it had been elected, want: as if it were alone")
	}
}

func TestNobodyLeadsWithoutTakingPart(t *testing.T) {
	var zero lease.Election
	if _, ok := zero.Leading(); ok {
		t.Error("the zero value leads")
	}
	if _, err := lease.New(lease.Config{Key: key}); err == nil {
		t.Error("an election without a client")
	}
	e, err := lease.New(lease.Config{Key: key, Client: func() (*clientv3.Client, error) { return nil, errors.New("not now") }})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := e.Leading(); ok {
		t.Error("leads before it takes part")
	}
}
