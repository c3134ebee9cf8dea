package reconciler

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// traces gives each log line the trace of the pass in which it was written, and the span of what the pass was at, so that all
// that one pass said can be found. The names are OpenTelemetry's: trace_id and span_id, lower-case hex.
type traces struct {
	slog.Handler
	now *atomic.Pointer[trace]
}

// trace names a pass and what it is at.
type trace struct{ id, span string }

// traced makes the log of a project whose lines carry the trace that now holds.
func traced(log *slog.Logger, now *atomic.Pointer[trace]) *slog.Logger {
	return slog.New(traces{log.Handler(), now})
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
