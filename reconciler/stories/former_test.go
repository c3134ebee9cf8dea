package stories_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestAnUnreadableFormerProjectIsTold once, with its entry, that after which it was over, what is wrong with the file, and what comes of it.
func TestAnUnreadableFormerProjectIsTold(t *testing.T) {
	w := newWorld(t, schema.DirectoryLayout, story{method: "ff", targets: []string{"files"}})
	for _, line := range []string{"seal dev/a=r1", "ledger later"} {
		w.do(strings.Fields(line))
	}
	var told strings.Builder
	w.log = slog.NewTextHandler(&told, &slog.HandlerOptions{Level: slog.LevelWarn})
	for _, line := range []string{"restart", "pass", "pass"} {
		w.do(strings.Fields(line))
	}
	if n := strings.Count(told.String(), "a project file that was in force cannot be read"); n != 1 {
		t.Fatalf("told %d times: %s", n, told.String())
	}
	for _, part := range []string{"seq=3", "until=5", "version 2 is not known", "as if its stage had been away"} {
		if !strings.Contains(told.String(), part) {
			t.Errorf("it does not say %q: %s", part, told.String())
		}
	}
}
