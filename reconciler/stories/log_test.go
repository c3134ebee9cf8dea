package stories_test

import (
	"context"
	"log/slog"
	"testing"
)

// eachKeyOnce is a log in which no line of a story may have a key twice: of two, whoever reads JSON keeps one.
type eachKeyOnce struct {
	slog.Handler
	t *testing.T
}

// Enabled lets lines through that nobody reads: they are looked at.
func (h eachKeyOnce) Enabled(context.Context, slog.Level) bool { return true }

func (h eachKeyOnce) Handle(ctx context.Context, r slog.Record) error {
	seen := map[string]bool{}
	r.Attrs(func(a slog.Attr) bool {
		if seen[a.Key] {
			h.t.Errorf("the log line %q has the key %q twice", r.Message, a.Key)
		}
		seen[a.Key] = true
		return true
	})
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h eachKeyOnce) WithAttrs(attrs []slog.Attr) slog.Handler {
	return eachKeyOnce{h.Handler.WithAttrs(attrs), h.t}
}

func (h eachKeyOnce) WithGroup(name string) slog.Handler {
	return eachKeyOnce{h.Handler.WithGroup(name), h.t}
}
