package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	etcdsource "github.com/sluice-gitops/sluice/reconciler/provider/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// patience is how long a reader waits for one answer.
const patience = 2 * time.Second

// pace is between two reads of one reader: the machine has other things to do as well.
const pace = 20 * time.Millisecond

// readers hammer the places while things fail. What they must never see is counted as wrong, with what it was.
type readers struct {
	client    *clientv3.Client
	kube      *kube // instead
	apps      []string
	keys      provider.Keys
	project   string
	tampering *atomic.Bool

	reads, silent, refused, again, partly atomic.Int64
	looking                               sync.RWMutex // held by every look, so that one can wait for those under way

	mu    sync.Mutex
	wrong []string // guarded by mu
}

func (r *readers) report(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// taken returns what was wrong since the last time.
func (r *readers) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	wrong := r.wrong
	r.wrong = nil
	return wrong
}

// start lets them read until the test ends: each app with a plain client, with the provider, and two by the mirror of plain keys.
func (r *readers) start(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	t.Cleanup(func() { stop(); group.Wait() })
	if r.kube != nil {
		for _, look := range r.inCluster() {
			group.Go(func() { look(ctx) })
		}
		return
	}
	for _, app := range r.apps {
		plain := &plainReader{readers: r, place: "/config/development/" + app, app: app}
		group.Go(func() { r.every(ctx, plain.look) })
		group.Go(func() { r.provided(ctx, app, etcdsource.New(r.client, "/config/development/"+app)) })
	}
	for _, app := range []string{small, many} {
		mirror := &mirrorReader{readers: r, place: "/mirror/development/" + app, app: app}
		group.Go(func() { r.every(ctx, mirror.look) })
	}
}

// every calls a look at its pace, until ctx ends.
func (r *readers) every(ctx context.Context, look func(context.Context)) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		limited, stop := context.WithTimeout(ctx, patience)
		r.looking.RLock()
		look(limited)
		r.looking.RUnlock()
		stop()
	}
}

// plainReader is the client that TARGETS.md describes: the head, its parts at the same revision, every digest and the signature;
// never back, and what does not verify is not taken.
type plainReader struct {
	*readers
	place, app string

	seq   int64
	doc   schema.Digest
	value string
}

func (p *plainReader) look(ctx context.Context) {
	head, document, err := p.read(ctx)
	p.reads.Add(1)
	switch {
	case errors.Is(err, errNotYet) && p.seq == 0:
	case errors.Is(err, rpctypes.ErrCompacted):
		p.again.Add(1)
	case errors.Is(err, errUntrue) || errors.Is(err, errNotYet) || err == nil && head.Seq < p.seq:
		if p.tampering.Load() {
			p.refused.Add(1) // and goes on with what it has
			return
		}
		p.report("%s: entry %d after entry %d: %v", p.place, head.Seq, p.seq, err)
	case err != nil:
		p.silent.Add(1)
	default:
		p.take(head, document)
	}
}

// take swaps in what was read, and looks whether it is one release whole.
func (p *plainReader) take(head integrations.Head, document []byte) {
	if head.Doc != p.doc {
		value, err := valueOf(document)
		if err != nil {
			p.report("%s: entry %d: %v", p.place, head.Seq, err)
		}
		p.value = value
	}
	p.seq, p.doc = head.Seq, head.Doc
}

var (
	errNotYet = errors.New("there is no head")
	errUntrue = errors.New("not what was signed")
)

func (p *plainReader) read(ctx context.Context) (integrations.Head, []byte, error) {
	answer, err := p.client.Get(ctx, p.place+"/head")
	if err != nil {
		return integrations.Head{}, nil, err
	}
	if len(answer.Kvs) == 0 {
		return integrations.Head{}, nil, errNotYet
	}
	head, err := integrations.DecodeHead(answer.Kvs[0].Value)
	if err == nil {
		err = head.Verify(p.keys[head.Key])
	}
	if err != nil {
		return head, nil, fmt.Errorf("%w: %w", errUntrue, err)
	}
	document := head.Inline
	if head.Blobs > 0 {
		parts, err := p.client.Get(ctx, p.place+"/rel/"+head.Doc.Hex()+"/blob/", clientv3.WithPrefix(), clientv3.WithRev(answer.Header.Revision))
		if err != nil {
			return head, nil, err
		}
		for _, kv := range parts.Kvs {
			document = append(document, kv.Value...)
		}
	}
	if got := schema.DigestOf(document); got != head.Doc {
		return head, nil, fmt.Errorf("%w: %d bytes in %d parts are not its document", errUntrue, len(document), head.Blobs)
	}
	return head, document, nil
}

// valueOf is the one value that every line of every file says.
func valueOf(document []byte) (string, error) {
	var d struct {
		Files map[string]struct{ Base64 []byte }
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return "", err
	}
	value := ""
	for path, file := range d.Files {
		for line := range bytes.Lines(file.Base64) {
			if value == "" {
				value = string(line)
			}
			if string(line) != value {
				return "", fmt.Errorf("torn: %s says %q beside %q", path, line, value)
			}
		}
	}
	return strings.TrimSpace(strings.TrimPrefix(value, "value: ")), nil
}

// provided is a program with the provider library: what it holds is whole and never goes back, whatever its source does.
func (r *readers) provided(ctx context.Context, app string, from provider.Source) {
	var p *provider.Provider
	for p == nil && ctx.Err() == nil {
		p, _ = provider.Open(ctx, provider.Options{
			Source: from, Project: r.project, Stage: "development", App: app, Keys: r.keys,
			Patience: time.Minute, Timeout: patience,
		})
	}
	if p == nil {
		return
	}
	defer p.Close()
	last := p.Snapshot()
	r.every(ctx, func(ctx context.Context) {
		err := p.Refresh(ctx)
		r.reads.Add(1)
		s := p.Snapshot()
		switch {
		case err != nil && r.tampering.Load():
			r.refused.Add(1)
		case err != nil:
			r.silent.Add(1)
		}
		if s.Seq() < last.Seq() {
			r.report("provider of %s: entry %d after entry %d", app, s.Seq(), last.Seq())
		}
		if s.Seq() != last.Seq() {
			r.whole(app, s)
		}
		last = s
	})
}

// whole looks whether a snapshot is one release.
func (r *readers) whole(app string, s *provider.Snapshot) {
	value := ""
	for _, path := range s.Files() {
		text, _ := s.File(path)
		for line := range bytes.Lines(text) {
			if value == "" {
				value = string(line)
			}
			if string(line) != value {
				r.report("provider of %s: torn: entry %d: %s says %q beside %q", app, s.Seq(), path, line, value)
				return
			}
		}
	}
}

// mirrorReader reads plain keys at one revision. A mirror that moves with its head is always that of the head; of a larger one
// only the marker says so.
type mirrorReader struct {
	*readers
	place, app string
}

func (m *mirrorReader) look(ctx context.Context) {
	answer, err := m.client.Get(ctx, m.place+"/", clientv3.WithPrefix())
	m.reads.Add(1)
	if err != nil {
		m.silent.Add(1)
		return
	}
	var head integrations.Head
	marker, values, mixed := "", "", false
	for _, kv := range answer.Kvs {
		switch name := strings.TrimPrefix(string(kv.Key), m.place+"/"); {
		case name == "head":
			head, _ = integrations.DecodeHead(kv.Value)
		case name == "kv/_complete":
			marker = string(kv.Value)
		case strings.HasPrefix(name, "kv/"):
			mixed = mixed || values != "" && values != string(kv.Value)
			values = string(kv.Value)
		}
	}
	switch {
	case head.Seq == 0 || m.tampering.Load():
	case marker == string(head.Doc) && mixed:
		m.report("mirror of %s: entry %d: marked as whole, and mixed", m.app, head.Seq)
	case marker != string(head.Doc) && m.app == small:
		m.report("mirror of %s: entry %d: its marker says %s", m.app, head.Seq, marker)
	case marker != string(head.Doc):
		m.partly.Add(1)
	}
}

// await waits until every look under way is over.
func (r *readers) await() {
	r.looking.Lock()
	defer r.looking.Unlock()
}
