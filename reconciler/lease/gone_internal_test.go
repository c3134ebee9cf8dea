package lease

import (
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
)

// TestWhoWaitsLooksAgain: servers that came back from a backup are not as far as the watch of whoever waits, which is told of nothing
// then, though the leader has long gone.
func TestWhoWaitsLooksAgain(t *testing.T) {
	s, err := etcd.StartEmbedded(t.TempDir(), etcd.EmbeddedOptions{Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{s.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	over := make(chan error, 1)
	go func() { over <- gone(t.Context(), c, "/leader", 1000, 100*time.Millisecond) }()
	select {
	case err := <-over:
		if err != nil {
			t.Errorf("got %v, want that it is looked at again", err)
		}
	case <-time.After(time.Minute):
		t.Error("it waits for a revision that is far off")
	}
}
