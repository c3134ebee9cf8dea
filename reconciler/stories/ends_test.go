package stories_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestAnEndDuringTheFirstPassWarnsOfNothing: whoever ends a process has nothing to look into.
func TestAnEndDuringTheFirstPassWarnsOfNothing(t *testing.T) {
	w := newWorld(t, schema.DirectoryLayout, story{method: "ff", targets: []string{"files"}})
	w.do(strings.Fields("seal dev/a=r1"))
	w.do(strings.Fields("pass"))
	var told strings.Builder
	w.log = slog.NewTextHandler(&told, &slog.HandlerOptions{Level: slog.LevelWarn})
	w.do(strings.Fields("restart"))
	ctx, end := context.WithCancel(w.ctx)
	end()
	if report := w.r.Pass(ctx); report.Err() == nil {
		t.Fatal("the pass did not end: this shows nothing")
	}
	if told.Len() > 0 {
		t.Errorf("it warns: %s", told.String())
	}
}
