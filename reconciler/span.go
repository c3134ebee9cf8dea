package reconciler

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Tracer is told of each span of a pass as soon as it has ended, of the pass itself last. It must not block, and what becomes
// of it changes nothing.
type Tracer interface {
	Ended(span schema.Span)
}

// maxSpans of one pass are told; of the others the pass says how many there were. A pass over ten thousand held cells is no
// reason to send ten thousand spans twice a minute.
const maxSpans = 2_000

// spans names the pass under way and its parts, and measures how long they take. It measures the machine's time, whatever
// the ledger calls now.
type spans struct {
	tracer  Tracer // nil: nobody is told
	project string
	now     *atomic.Pointer[trace] // what log lines name
	doing   atomic.Pointer[schema.Starting]

	mu   sync.Mutex // guards took and made: targets are visited side by side
	took map[string]schema.Durations
	made int
}

// span is one that has not ended. A nil span measures nothing.
type span struct {
	all   *spans
	is    schema.Span
	outer *trace // what log lines named before, of a phase
	phase bool
}

type spanKey struct{}

// whole begins a pass, or a look: a trace of its own.
func (s *spans) whole(ctx context.Context, name string) (context.Context, *span) {
	s.mu.Lock()
	s.made = 0
	s.mu.Unlock()
	begun := &span{all: s, is: schema.Span{Trace: randomHex(16), ID: randomHex(8), Name: name, Began: time.Now(), Texts: map[string]string{"project": s.project}}}
	s.now.Store(&trace{begun.is.Trace, begun.is.ID})
	return context.WithValue(ctx, spanKey{}, begun), begun
}

// part begins a span below the one in ctx, which may run beside others. Outside of a pass it is nil.
func part(ctx context.Context, name string) (context.Context, *span) {
	outer, _ := ctx.Value(spanKey{}).(*span)
	if outer == nil {
		return ctx, nil
	}
	begun := &span{all: outer.all, is: schema.Span{Trace: outer.is.Trace, ID: randomHex(8), Parent: outer.is.ID, Name: name, Began: time.Now(), Texts: map[string]string{}}}
	return context.WithValue(ctx, spanKey{}, begun), begun
}

// phase is a part that the pass does by itself, so that what is logged meanwhile names it.
func phase(ctx context.Context, name string) (context.Context, *span) {
	ctx, begun := part(ctx, name)
	if begun != nil {
		begun.phase, begun.outer = true, begun.all.now.Load()
		begun.all.now.Store(&trace{begun.is.Trace, begun.is.ID})
		begun.all.tell(name, begun.is.Began)
	}
	return ctx, begun
}

// text and count say more of a span.
func (s *span) text(key, value string) *span {
	if s != nil {
		s.is.Texts[key] = value
	}
	return s
}

func (s *span) count(key string, n int) *span {
	if s == nil {
		return s
	}
	if s.is.Counts == nil {
		s.is.Counts = map[string]int64{}
	}
	s.is.Counts[key] = int64(n)
	return s
}

// end measures it, and tells of it. It returns how long it took.
func (s *span) end(err error) time.Duration {
	if s == nil {
		return 0
	}
	s.is.Ended = time.Now()
	if err != nil {
		s.is.Failed = err.Error()
	}
	if s.phase {
		s.all.now.Store(s.outer)
	}
	took := s.is.Ended.Sub(s.is.Began)
	if s.all.measured(s, took) && s.all.tracer != nil {
		s.all.tracer.Ended(s.is)
	}
	return took
}

// measured takes a span into the histograms and reports whether it is told: not one of too many. The pass always is.
func (s *spans) measured(ended *span, took time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.took == nil {
		s.took = map[string]schema.Durations{}
	}
	name := ended.is.Name
	s.took[name] = s.took[name].Within(schema.PartBounds, took, schema.Exemplar{Trace: ended.is.Trace, At: ended.is.Ended})
	if ended.is.Parent == "" {
		if s.made > maxSpans {
			ended.count("spans_left_out", s.made-maxSpans)
		}
		return true
	}
	s.made++
	return s.made <= maxSpans
}

// Timings returns how long passes and their parts took since the start, by name, in the buckets of schema.PartBounds. It may
// be called while a pass runs.
func (r *Reconciler) Timings() map[string]schema.Durations {
	r.spans.mu.Lock()
	defer r.spans.mu.Unlock()
	return maps.Clone(r.spans.took)
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // it never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b)
}
