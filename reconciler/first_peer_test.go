package reconciler_test

import (
	"runtime/debug"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
)

// bareAgain puts what the target holds into another etcd that waits for its disk, with a bare client in transactions of 100, 8 at
// once, and says what that took. The reconciler is gone by then, so that the peer carries nothing of its memory.
func (s *scale) bareAgain(b *testing.B) (took, processor time.Duration) {
	from, err := s.target.Client()
	if err != nil {
		b.Fatal(err)
	}
	puts := allPuts(b, from)
	s.reconciler = nil
	debug.FreeOSMemory()
	server, err := etcd.StartEmbedded(b.TempDir(), etcd.EmbeddedOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	to, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		b.Fatal(err)
	}
	defer to.Close()
	began := now()
	var group sync.WaitGroup
	slots := make(chan struct{}, 8)
	for len(puts) > 0 {
		next := puts[:min(100, len(puts))]
		puts = puts[len(next):]
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if _, err := to.Txn(b.Context()).Then(next...).Commit(); err != nil {
				b.Error(err)
			}
		})
	}
	group.Wait()
	ended := now()
	return ended.at.Sub(began.at), ended.processor - began.processor
}

// allPuts are what would bring another etcd to hold the same.
func allPuts(b *testing.B, c *clientv3.Client) (puts []clientv3.Op) {
	from := "/"
	for {
		answer, err := c.Get(b.Context(), from, clientv3.WithFromKey(), clientv3.WithLimit(5000))
		if err != nil {
			b.Fatal(err)
		}
		for _, kv := range answer.Kvs {
			puts = append(puts, clientv3.OpPut(string(kv.Key), string(kv.Value)))
			from = string(kv.Key) + "\x00"
		}
		if !answer.More {
			return puts
		}
	}
}
