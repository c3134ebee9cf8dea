package reconciler

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"sync/atomic"
)

// traces gives each log line the trace of the pass in which it was written, so that all that one pass said can be found. The
// names are OpenTelemetry's: trace_id and span_id, lower-case hex.
type traces struct {
	slog.Handler
	now *atomic.Pointer[trace]
}

// trace names one pass.
type trace struct{ id, span string }

// traced makes the log of a project whose lines carry the trace that begin sets.
func traced(log *slog.Logger) (*slog.Logger, *atomic.Pointer[trace]) {
	now := &atomic.Pointer[trace]{}
	return slog.New(traces{log.Handler(), now}), now
}

// newTrace draws the names of a pass.
func newTrace() *trace {
	var b [24]byte
	_, _ = rand.Read(b[:]) // it never fails: crypto/rand ends the process instead
	return &trace{hex.EncodeToString(b[:16]), hex.EncodeToString(b[16:])}
}

// Handle adds the trace, if a pass has begun.
func (t traces) Handle(ctx context.Context, r slog.Record) error {
	if now := t.now.Load(); now != nil {
		r.AddAttrs(slog.String("trace_id", now.id), slog.String("span_id", now.span))
	}
	return t.Handler.Handle(ctx, r)
}

// WithAttrs keeps the trace.
func (t traces) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traces{t.Handler.WithAttrs(attrs), t.now}
}

// WithGroup keeps the trace.
func (t traces) WithGroup(name string) slog.Handler { return traces{t.Handler.WithGroup(name), t.now} }
