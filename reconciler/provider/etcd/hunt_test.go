package etcd_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	target "github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// huntReads is how many reads the hunt makes of each size together; make hunt sets SLUICE_HUNT for more.
func huntReads(t *testing.T) map[int]int {
	total := 600
	if text := os.Getenv("SLUICE_HUNT"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 100 {
			t.Fatalf("SLUICE_HUNT=%s: want a number of reads", text)
		}
		total = n
	}
	return map[int]int{5: total * 6 / 10, 400: total * 3 / 10, 5000: total / 10}
}

// TestNoReadIsTorn hunts for a read that mixes two releases, lacks a part or goes back: the reconciler's own target flips
// configurations as fast as it can, the history is compacted all the time, and plain clients and programs with the provider read.
func TestNoReadIsTorn(t *testing.T) {
	server := embedded(t, t.TempDir(), "")
	defer server.Close()
	for keys, reads := range huntReads(t) {
		t.Run(fmt.Sprintf("%d keys", keys), func(t *testing.T) {
			h := &hunt{keys: keys, cell: integrationstest.Cell(schema.App(fmt.Sprintf("app-%d", keys))), client: dial(t, server.Endpoint()), compacting: make(chan struct{})}
			h.left.Store(int64(reads))
			h.run(t, server.Endpoint())
			if !t.Failed() {
				t.Attr(fmt.Sprintf("torn-reads-hunted-%04d-keys", keys), fmt.Sprintf("%d reads by plain clients, %d by the provider, over %d flips and %d compactions: 0 torn, 0 missing, 0 backwards; %d begun again after a compaction",
					h.plain.Load(), h.provided.Load(), h.flips.Load(), h.storms.Load(), h.again.Load()))
			}
			if h.plain.Load() == 0 || h.provided.Load() == 0 || h.flips.Load() < 3 {
				t.Error("the hunt hunted nothing")
			}
		})
	}
}

type hunt struct {
	keys   int
	cell   schema.Cell
	mirror string // as the stage's setting of that name
	client *clientv3.Client

	left, plain, provided, flips, again, storms atomic.Int64
	compacting                                  chan struct{} // asks for one more compaction
}

func (h *hunt) place() string {
	return etcd.Place(target.DefaultRoot, string(h.cell.Stage), string(h.cell.App))
}

func (h *hunt) run(t *testing.T, endpoint string) {
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
		readers.Go(func() { h.readPlain(t) })
		readers.Go(func() { h.readProvided(t) })
	}
	others.Go(func() {
		for {
			select {
			case <-h.compacting:
				h.compact(t)
			case <-ctx.Done():
				return
			}
		}
	})
	others.Go(func() {
		for seq := int64(2); ctx.Err() == nil; seq++ {
			h.flip(t, writer, seq)
			h.compact(t)
		}
	})
	readers.Wait()
	cancel()
	others.Wait()
}

// flip admits a release in which every key says its entry.
func (h *hunt) flip(t *testing.T, writer *target.Target, seq int64) {
	values := make(map[string]any, h.keys)
	for k := range h.keys {
		values[keyName(k)] = seq
	}
	document, err := provider.DocumentOf(map[string]any{"app.json": values})
	if err != nil {
		t.Error(err)
		return
	}
	text, _ := document.File("app.json")
	want := integrationstest.Release(h.cell, seq, map[string]string{"app.json": string(text)})
	want.Document = document.Encoded()
	if h.mirror != "" {
		want.Settings = map[string]string{"mirror": h.mirror}
	}
	if o, err := writer.Write(context.Background(), want); err != nil || !o.Equal {
		t.Errorf("entry %d: %+v, %v", seq, o, err)
	}
	h.flips.Add(1)
}

// keyName is long enough that 5,000 keys do not fit into a head, nor into one part beside it.
func keyName(k int) string { return fmt.Sprintf("key-%04d-of-a-configuration-that-is-not-so-small", k) }

// compact makes everything unreadable that is not the newest revision.
func (h *hunt) compact(t *testing.T) {
	now, err := h.client.Put(context.Background(), "/noise", "x")
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := h.client.Compact(context.Background(), now.Header.Revision); err != nil && !errors.Is(err, rpctypes.ErrCompacted) {
		t.Error(err)
	}
	h.storms.Add(1)
}

// storm asks for a compaction about every third read, in the middle of the others.
func (h *hunt) storm(n int64) {
	if n%3 != 0 {
		return
	}
	select {
	case h.compacting <- struct{}{}:
	default: // one is under way
	}
}

// readPlain is a careful reader that knows nothing of this project but the format: the head, then its parts at the same
// revision, then the digest.
func (h *hunt) readPlain(t *testing.T) {
	last := int64(0)
	for h.left.Add(-1) >= 0 && !t.Failed() {
		seq, document, err := h.plainly(t.Context())
		switch {
		case errors.Is(err, rpctypes.ErrCompacted):
			h.again.Add(1)
			h.left.Add(1)
			continue
		case err != nil:
			t.Errorf("missing: %v", err)
		case seq < last:
			t.Errorf("backwards: entry %d after entry %d", seq, last)
		case bytes.Count(document, fmt.Appendf(nil, ":%d,", seq))+bytes.Count(document, fmt.Appendf(nil, ":%d}", seq)) != h.keys:
			t.Errorf("torn: entry %d", seq)
		}
		last = seq
		h.storm(h.plain.Add(1))
	}
}

func (h *hunt) plainly(ctx context.Context) (int64, []byte, error) {
	answer, err := h.client.Get(ctx, h.place()+"/head")
	if err != nil {
		return 0, nil, err
	}
	if len(answer.Kvs) != 1 {
		return 0, nil, errors.New("no head")
	}
	var head integrations.Head
	if err := json.Unmarshal(answer.Kvs[0].Value, &head); err != nil {
		return 0, nil, err
	}
	document := head.Inline
	if head.Blobs > 0 {
		parts, err := h.client.Get(ctx, h.place()+"/rel/"+head.Doc.Hex()+"/blob/", clientv3.WithPrefix(), clientv3.WithRev(answer.Header.Revision))
		if err != nil {
			return 0, nil, err
		}
		for _, kv := range parts.Kvs {
			document = append(document, kv.Value...)
		}
	}
	if sum := sha256.Sum256(document); "sha256:"+hex.EncodeToString(sum[:]) != string(head.Doc) {
		return 0, nil, fmt.Errorf("entry %d: %d bytes in %d parts are not its document", head.Seq, len(document), head.Blobs)
	}
	return head.Seq, document, nil
}

// readProvided looks at etcd again and again, while the provider's own goroutine watches.
func (h *hunt) readProvided(t *testing.T) {
	p, err := provider.Open(t.Context(), provider.Options{
		Source: etcd.New(h.client, h.place()), Project: "5f0c66d1", Stage: string(h.cell.Stage), App: string(h.cell.App),
		Keys: provider.Keys{"log-1": integrationstest.PublicKey()},
	})
	if err != nil {
		t.Error(err)
		return
	}
	defer p.Close()
	last, checked := int64(0), int64(0)
	for n := 0; h.left.Add(-1) >= 0 && !t.Failed(); n++ {
		err := p.Refresh(t.Context())
		s := p.Snapshot()
		switch {
		case err != nil:
			t.Errorf("missing: %v", err)
		}
		if s.Seq() < last {
			t.Errorf("backwards: entry %d after entry %d", s.Seq(), last)
		}
		last = s.Seq()
		if want := last; checked != want {
			checked = want
			for k := range h.keys {
				h.checkKey(t, s, k)
			}
		}
		h.checkKey(t, s, n%h.keys)
		h.storm(h.provided.Add(1))
	}
}

func (h *hunt) checkKey(t *testing.T, s *provider.Snapshot, k int) {
	if got, err := provider.Get[int64](s, "app.json", keyName(k)); err != nil || got != s.Seq() {
		t.Errorf("torn: key %d of entry %d says %d, %v", k, s.Seq(), got, err)
	}
}
