package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	target "github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// TestAMirrorKeepsItsWord hunts in the mirror of plain keys, and counts what its documentation says: up to 125 keys no
// listing is torn; beyond, none that finds the marker is, and neither is one key by key between two equal markers. What a reader
// meets that asks for no marker is printed, because it is no promise.
func TestAMirrorKeepsItsWord(t *testing.T) {
	server := embedded(t, t.TempDir(), "")
	defer server.Close()
	for keys, reads := range huntReads(t) {
		t.Run(fmt.Sprintf("%d keys", keys), func(t *testing.T) {
			cell := integrationstest.Cell(schema.App(fmt.Sprintf("flat-%d", keys)))
			h := &mirrorHunt{hunt: hunt{keys: keys, cell: cell, mirror: "leaves", client: dial(t, server.Endpoint()), compacting: make(chan struct{})}}
			h.left.Store(int64(reads))
			h.run(t, server.Endpoint())
			t.Logf("%d keys: %d listings, %d of them with the marker: 0 torn; %d without it: %d torn; %d reads key by key between equal markers: 0 torn, between others: %d torn of %d; %d flips, %d compactions",
				keys, h.marked.Load()+h.bare.Load(), h.marked.Load(), h.bare.Load(), h.bareTorn.Load(), h.single.Load(), h.singleTorn.Load(), h.singleMoved.Load(), h.flips.Load(), h.storms.Load())
			if h.marked.Load() == 0 || h.single.Load() == 0 || h.flips.Load() < 3 {
				t.Error("the hunt hunted nothing")
			}
			if keys <= 125 && h.bare.Load() != 0 {
				t.Errorf("%d listings of a small mirror found no marker", h.bare.Load())
			}
		})
	}
}

type mirrorHunt struct {
	hunt

	marked, bare, bareTorn          atomic.Int64 // listings with the marker, without it, and how many of these mixed releases
	single, singleMoved, singleTorn atomic.Int64 // reads of two keys between equal markers, between others, and how many of these mixed
}

func (h *mirrorHunt) run(t *testing.T, endpoint string) {
	writer, err := target.New(integrationstest.Spec("etcd", map[string]string{"endpoints": endpoint}))
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	h.flip(t, writer, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var readers, others sync.WaitGroup
	for range 2 {
		readers.Go(func() { h.list(t) })
		readers.Go(func() { h.byKey(t) })
	}
	others.Go(func() {
		for seq := int64(2); ctx.Err() == nil && !t.Failed(); seq++ {
			h.flip(t, writer, seq)
			h.compact(t)
		}
	})
	readers.Wait()
	cancel()
	others.Wait()
}

// more says whether to go on: for the reads that were asked for, and until every kind was seen.
func (h *mirrorHunt) more(t *testing.T) bool {
	left := h.left.Add(-1)
	return !t.Failed() && (left >= 0 || h.flips.Load() < 3 || h.marked.Load() == 0 || h.single.Load() == 0)
}

func (h *mirrorHunt) flat() string { return h.place() + "/kv/" }

// list reads the whole mirror in one request, as confd, koanf and viper do.
func (h *mirrorHunt) list(t *testing.T) {
	for h.more(t) {
		answer, err := h.client.Get(t.Context(), h.flat(), clientv3.WithPrefix())
		if err != nil {
			t.Errorf("list: %v", err)
			return
		}
		whole, releases := false, map[string]int{}
		for _, kv := range answer.Kvs {
			if string(kv.Key) == h.flat()+"_complete" {
				whole = true
				continue
			}
			releases[string(kv.Value)]++
		}
		torn := len(releases) != 1 || len(answer.Kvs) < h.keys
		switch {
		case whole && torn:
			t.Errorf("torn although the marker is there: %d keys of %d, of the releases %v", len(answer.Kvs)-1, h.keys, releases)
		case whole:
			h.marked.Add(1)
		default:
			h.bare.Add(1)
			if torn {
				h.bareTorn.Add(1)
			}
		}
	}
}

// byKey reads the marker, the first and the last key, and the marker again, each in a request of its own.
func (h *mirrorHunt) byKey(t *testing.T) {
	for h.more(t) {
		var got [4]string
		for i, key := range []string{"_complete", "app.json/" + keyName(0), "app.json/" + keyName(h.keys-1), "_complete"} {
			value, err := h.one(t.Context(), h.flat()+key)
			if err != nil {
				t.Errorf("read %s: %v", key, err)
				return
			}
			got[i] = value
		}
		switch {
		case got[0] == "" || got[0] != got[3]:
			h.singleMoved.Add(1)
			if got[1] != got[2] {
				h.singleTorn.Add(1)
			}
		case got[1] != got[2] || got[1] == "":
			t.Errorf("torn between two equal markers: entries %q and %q", got[1], got[2])
		default:
			h.single.Add(1)
		}
	}
}

func (h *mirrorHunt) one(ctx context.Context, key string) (string, error) {
	answer, err := h.client.Get(ctx, key)
	if err != nil && !errors.Is(err, rpctypes.ErrCompacted) {
		return "", err
	}
	if err != nil || len(answer.Kvs) == 0 {
		return "", nil
	}
	return string(answer.Kvs[0].Value), nil
}
