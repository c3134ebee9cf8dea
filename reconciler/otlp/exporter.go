// Package otlp sends what passes did, as spans, to an OpenTelemetry collector over HTTP. An [Exporter] is told of spans by the
// reconcilers of a process; nothing that becomes of them holds a pass up or changes what it decides.
package otlp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/sluice-gitops/sluice/schema"
)

// Config says where spans go, and who says so there.
type Config struct {
	// Endpoint is the collector's URL; without a path it is /v1/traces there.
	Endpoint string
	// HeadersFile holds a header to send on each line, as "Name: value". They go over https, or to this machine.
	HeadersFile string
	CAFile      string // certificates to trust; empty: the system's
	Service     string // service.name; sluice by default
	Version     string
	Host        string
	Log         *slog.Logger // is told once when the collector takes nothing, and once when it does again; nil: silent
}

const (
	// waiting is how many passes are kept while the collector does not answer; of more the newest are left out.
	waiting = 64
	// patience is how long one pass's spans are offered to the collector.
	patience = 10 * time.Second
)

// Exporter sends the spans of a pass together when the pass has ended.
type Exporter struct {
	cfg    Config
	client otlptrace.Client
	queue  chan []*tracev1.Span
	stop   context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex // guards open and closed
	open   map[string][]*tracev1.Span
	closed bool

	sent, lost atomic.Uint64
}

// New checks the settings and begins to send. It asks nothing of the collector yet: one that is down is no reason not to start.
func New(cfg Config) (*Exporter, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Service = cmp.Or(cfg.Service, "sluice")
	options, err := cfg.options()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	e := &Exporter{
		cfg: cfg, client: otlptracehttp.NewClient(options...), stop: stop, done: make(chan struct{}),
		queue: make(chan []*tracev1.Span, waiting), open: map[string][]*tracev1.Span{},
	}
	if err := e.client.Start(ctx); err != nil {
		stop()
		return nil, fmt.Errorf("traces: %w", err)
	}
	go e.run(ctx)
	return e, nil
}

// Ended takes a span. With the pass itself, which comes last, those of its trace are sent.
func (e *Exporter) Ended(span schema.Span) {
	made := spanOf(span)
	if made == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	all := append(e.open[span.Trace], made)
	if span.Parent != "" {
		e.open[span.Trace] = all
		return
	}
	delete(e.open, span.Trace)
	if e.closed {
		return
	}
	select {
	case e.queue <- all:
	default:
		e.lost.Add(uint64(len(all)))
	}
}

// Counts returns how many spans the collector took, and how many it did not.
func (e *Exporter) Counts() (sent, lost uint64) { return e.sent.Load(), e.lost.Load() }

// Close sends what waits, for as long as ctx lasts.
func (e *Exporter) Close(ctx context.Context) error {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		close(e.queue)
	}
	e.mu.Unlock()
	select {
	case <-e.done:
	case <-ctx.Done():
	}
	e.stop()
	<-e.done
	return e.client.Stop(context.WithoutCancel(ctx))
}

// run sends until the queue is closed and empty.
func (e *Exporter) run(ctx context.Context) {
	defer close(e.done)
	failing := false
	for spans := range e.queue {
		err := e.send(ctx, spans)
		switch {
		case err == nil:
			e.sent.Add(uint64(len(spans)))
			if failing {
				e.cfg.Log.Info("traces are sent again")
			}
		case !failing && !errors.Is(err, context.Canceled):
			e.cfg.Log.Warn("traces are not sent; the passes go on without", "endpoint", e.cfg.Endpoint, "error", err)
		}
		if failing = err != nil; failing {
			e.lost.Add(uint64(len(spans)))
		}
	}
}

func (e *Exporter) send(ctx context.Context, spans []*tracev1.Span) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return e.client.UploadTraces(ctx, []*tracev1.ResourceSpans{{
		Resource:   e.cfg.resource(),
		ScopeSpans: []*tracev1.ScopeSpans{{Scope: e.cfg.scope(), Spans: spans}},
	}})
}
