package main

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestThePageAloneIsNoSignOfLife: the ledger says nothing while nothing happens. The page says that, and knows nothing of now when the
// clone it reads is old, or when nobody judges what Git holds.
func TestThePageAloneIsNoSignOfLife(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	r := h.run("200ms")
	h.brings(5000)
	h.await("the ledger", func() bool { return strings.Contains(h.get(r.page+"/view.json"), `"state":"live"`) })
	r.stop()
	origin := h.forge.RepoDir(h.team.Path())
	watch := func(repository string) *watcher {
		op := schema.Operator{StateDir: t.TempDir(), Poll: schema.Poll{Interval: time.Second}, Projects: []schema.OperatorProject{{Repository: repository, Anchor: h.team.Anchor()}}}
		w, err := openWatcher(t.Context(), op, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = w.Close() })
		return w
	}
	look := func(w *watcher) schema.View {
		w.look(t.Context())
		return *w.view.Load()
	}
	t.Run("a clone is as old as its last fetch", func(t *testing.T) {
		clone := filepath.Join(t.TempDir(), "clone")
		git := func(args ...string) {
			t.Helper()
			if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
				t.Fatalf("git %v: %v\n%s", args, err, out)
			}
		}
		git("clone", "-q", origin, clone)
		w := watch(clone)
		if v := look(w); v.Stale(now()) || !v.Alone.Clone || len(v.Problems) > 0 {
			t.Errorf("just cloned: stale %v, %+v, %v", v.Stale(now()), v.Alone, v.Problems)
		}
		git("-C", clone, "fetch", "-q")
		if err := os.RemoveAll(filepath.Join(clone, ".git", "logs")); err != nil {
			t.Fatal(err)
		}
		long := now().Add(-time.Hour).Truncate(time.Second)
		if err := os.Chtimes(filepath.Join(clone, ".git", "FETCH_HEAD"), long, long); err != nil {
			t.Fatal(err)
		}
		if v := look(w); !v.Stale(now()) || !v.Looked.Equal(long) || !slices.Equal(v.ProblemCodes, []schema.Code{"clone-old"}) {
			t.Errorf("fetched an hour ago: stale %v, looked %s, %v", v.Stale(now()), v.Looked, v.Problems)
		}
		if err := os.Remove(filepath.Join(clone, ".git", "FETCH_HEAD")); err != nil {
			t.Fatal(err)
		}
		if v := look(w); !v.Stale(now()) || !v.Looked.IsZero() || !slices.Equal(v.ProblemCodes, []schema.Code{"clone-old"}) {
			t.Errorf("nobody knows when: stale %v, looked %s, %v", v.Stale(now()), v.Looked, v.Problems)
		}
		git("-C", clone, "fetch", "-q")
		if v := look(w); v.Stale(now()) || len(v.Problems) > 0 {
			t.Errorf("fetched again: stale %v, %v", v.Stale(now()), v.Problems)
		}
	})
	t.Run("what nobody judges makes the rest unknown", func(t *testing.T) {
		w := watch(origin)
		if v := look(w); v.Stale(now()) || v.Alone == nil || !v.Alone.Waits.IsZero() {
			t.Fatalf("all is judged: stale %v, %+v", v.Stale(now()), v.Alone)
		}
		if _, err := h.bring(t.Context(), "development", "limit 6000", limit(6000)); err != nil {
			t.Fatal(err)
		}
		cell := schema.Cell{Stage: "development", App: "payments"}
		v := look(w)
		if c, _ := v.Cell(cell); v.Stale(now()) || v.Alone.Waits.IsZero() || c.State != schema.Live {
			t.Errorf("it came just now: stale %v, %+v, %s", v.Stale(now()), v.Alone, c.State)
		}
		for ref, waits := range w.waits {
			waits.since = waits.since.Add(-time.Minute)
			w.waits[ref] = waits
		}
		v = look(w)
		heard := v
		heard.Ledger.At = now()
		if c, _ := v.Cell(cell); c.State != schema.Unjudged || c.Unjudged.Seen.IsZero() || heard.Stale(now()) {
			t.Errorf("a minute later, while other things are recorded: stale %v, %s, %+v", heard.Stale(now()), c.State, c.Unjudged)
		}
		v.Ledger.At = v.Ledger.At.Add(-time.Hour)
		if !v.Stale(now()) {
			t.Errorf("a minute later, and nothing is recorded: not stale, %+v", v.Alone)
		}
		r := h.run("200ms")
		h.await("a reconciler", func() bool { v = look(w); return v.Alone.Waits.IsZero() })
		r.stop()
		if c, _ := v.Cell(cell); v.Stale(now()) || c.State == schema.Unjudged {
			t.Errorf("it is judged: stale %v, %s", v.Stale(now()), c.State)
		}
	})
}
