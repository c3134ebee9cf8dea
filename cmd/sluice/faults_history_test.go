package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// history is every write to the places in the order that etcd gave them: no old one may come after a new one, and none twice.
type history struct {
	client    *clientv3.Client
	tampering *atomic.Bool
	report    func(format string, args ...any)
	roots     []string

	mu     sync.Mutex // guards what is below
	seqs   map[string]int64
	writes map[string]int   // of a head, by "KEY#SEQ"
	at     map[string]int64 // by root, the revision seen
}

func (h *history) start(t *testing.T) {
	h.seqs, h.writes, h.at = map[string]int64{}, map[string]int{}, map[string]int64{}
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	t.Cleanup(func() { stop(); group.Wait() })
	for _, root := range h.roots {
		group.Go(func() { h.follow(ctx, root) })
	}
}

// follow watches, and begins again behind what it has seen.
func (h *history) follow(ctx context.Context, root string) {
	next := int64(1)
	for ctx.Err() == nil {
		watching, stop := context.WithCancel(clientv3.WithRequireLeader(ctx))
		for response := range h.client.Watch(watching, root, clientv3.WithPrefix(), clientv3.WithRev(next)) {
			next = max(next, response.CompactRevision)
			for _, event := range response.Events {
				next = event.Kv.ModRevision + 1
				h.saw(string(event.Kv.Key), event)
			}
			h.upTo(root, next-1)
		}
		stop()
		select {
		case <-ctx.Done():
		case <-time.After(pace):
		}
	}
}

func (h *history) saw(key string, event *clientv3.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key, seq, err := headIn(key, event.Kv.Value)
	if key == "" {
		return
	}
	switch {
	case h.tampering.Load():
	case event.Type == mvccpb.DELETE || err != nil:
		h.report("%s: deleted, or no head any more: %v", key, err)
		return
	case seq < h.seqs[key]:
		h.report("%s: entry %d was written after entry %d", key, seq, h.seqs[key])
	}
	if err == nil {
		h.seqs[key] = seq
		h.writes[fmt.Sprint(key, "#", seq)]++
	}
}

func (h *history) upTo(root string, revision int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at[root] = revision
}

// seen is the revision up to which it knows everything below a root.
func (h *history) seen(root string) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at[root]
}

// written is how often the head of an admission was written to a key.
func (h *history) written(key string, seq int64) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.writes[fmt.Sprint(key, "#", seq)]
}

var (
	objectKey = regexp.MustCompile(`^/registry/configmaps/development/([a-z]+)-(config|rolling)$`)
	seqIn     = regexp.MustCompile(`"seq":(\d+),"revision"`)
)

// headIn is the head that a key of an etcd holds, by the name of its place; the name is empty where none is meant to be. A
// kube-apiserver keeps objects in a form of its own, with the text of the head inside.
func headIn(key string, value []byte) (name string, seq int64, err error) {
	if strings.HasSuffix(key, "/head") {
		head, err := integrations.DecodeHead(value)
		return key, head.Seq, err
	}
	object := objectKey.FindStringSubmatch(key)
	if object == nil {
		return "", 0, nil
	}
	name = map[string]string{"config": "inplace", "rolling": "rolling"}[object[2]] + "/development/" + object[1] + "/head"
	found := seqIn.FindSubmatch(value)
	if found == nil {
		return name, 0, errors.New("no head in it")
	}
	seq, err = strconv.ParseInt(string(found[1]), 10, 64)
	return name, seq, err
}
