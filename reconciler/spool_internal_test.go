package reconciler

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func delivery(kind ledger.Kind, app schema.App, found string) ledger.Entry {
	e := ledger.Entry{Kind: kind, Stage: "production", App: app, Delivery: &ledger.Delivery{Target: "etcd", Admission: 4, Content: "c"}}
	switch kind {
	case ledger.Apply:
		e.Delivery.Result = ledger.ResultOK
	case ledger.Drift:
		e.Delivery.Found = schema.DigestOf([]byte(found))
		e.Delivery.Keys = []ledger.DriftKey{{Key: "head", Op: "changed"}}
	}
	return e
}

func opened(t *testing.T, dir string) *spool {
	t.Helper()
	s, err := openSpool(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSpoolSurvivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	if err := s.add(monday, []ledger.Entry{delivery(ledger.Drift, "pay", "x"), delivery(ledger.Apply, "pay", "")}); err != nil {
		t.Fatal(err)
	}
	again := opened(t, dir)
	if d := cmp.Diff(s.entries(), again.entries()); d != "" {
		t.Errorf("read back (-written +read):\n%s", d)
	}
	if at := again.entries()[0].ObservedAt; at == nil || !at.Equal(monday) {
		t.Errorf("observed at %v, want %v", at, monday)
	}
	if err := again.drop(1); err != nil {
		t.Fatal(err)
	}
	if left := opened(t, dir).entries(); len(left) != 1 || left[0].Kind != ledger.Apply {
		t.Errorf("after one of two was recorded: %v is left, want the apply", left)
	}
}

func TestSpoolCutOff(t *testing.T) {
	dir := t.TempDir()
	if err := opened(t, dir).add(monday, []ledger.Entry{delivery(ledger.Drift, "pay", "x"), delivery(ledger.Drift, "search", "y")}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "spool.jsonl")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data[:len(data)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	if left := opened(t, dir).entries(); len(left) != 1 || left[0].App != "pay" {
		t.Errorf("cut off in its last line: got %v, want the first line", left)
	}
}

func TestWhatIsPutBackIsOnDiskBefore(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	drift := delivery(ledger.Drift, "pay", "x")
	if err := s.note([]ledger.Entry{drift}); err != nil {
		t.Fatal(err)
	}
	if s.len() != 0 {
		t.Error("it is told by the pass itself: it must not be told twice")
	}
	after := opened(t, dir)
	if left := after.entries(); len(left) != 1 || left[0].Kind != ledger.Drift || !after.repairs(about(drift)) {
		t.Errorf("after a crash: %v is left, want the drift", left)
	}
	if err := s.unnote([]ledger.Entry{drift, delivery(ledger.Apply, "pay", "")}); err != nil {
		t.Fatal(err)
	}
	if left := opened(t, dir).entries(); len(left) != 0 {
		t.Errorf("after it was recorded: %v is left", left)
	}
}

func TestNotesAreBounded(t *testing.T) {
	s := opened(t, t.TempDir())
	s.held = make([]ledger.Entry, maxSpooled-1)
	for i := range s.held {
		s.held[i] = delivery(ledger.Apply, "old", "")
	}
	if err := s.note([]ledger.Entry{delivery(ledger.Drift, "pay", "x"), delivery(ledger.Drift, "search", "x")}); err != nil || len(s.noted) != 1 {
		t.Errorf("got %d notes and %v, want the one there is room for", len(s.noted), err)
	}
}

func TestDriftIsObservedWhenItIsSeen(t *testing.T) {
	seen := monday.Add(40 * time.Second) // the pass began at monday
	drift := delivery(ledger.Drift, "pay", "x")
	drift.ObservedAt = &seen
	for _, r := range []struct {
		sentence string
		recorded time.Time
		told     bool
	}{
		{"recorded at once", seen, false},
		{"recorded later", seen.Add(time.Second), true},
	} {
		got := withoutNow([]ledger.Entry{drift}, r.recorded)[0].ObservedAt
		if (got != nil) != r.told || got != nil && !got.Equal(seen) {
			t.Errorf("%s: observed at %v, want it told %t", r.sentence, got, r.told)
		}
	}
	if err := opened(t, t.TempDir()).add(monday, []ledger.Entry{drift}); err != nil || !drift.ObservedAt.Equal(seen) {
		t.Errorf("spooled: observed at %v, want %v", drift.ObservedAt, seen)
	}
}

func TestSpoolNews(t *testing.T) {
	s := opened(t, t.TempDir())
	drift, apply := delivery(ledger.Drift, "pay", "x"), delivery(ledger.Apply, "pay", "")
	if err := s.add(monday, []ledger.Entry{drift, apply}); err != nil {
		t.Fatal(err)
	}
	other := delivery(ledger.Drift, "pay", "something else")
	for _, r := range []struct {
		sentence string
		entry    ledger.Entry
		news     bool
	}{
		{"the same again", apply, false},
		{"the same drift after the repair", drift, true},
		{"another drift", other, true},
		{"another app", delivery(ledger.Apply, "search", ""), true},
	} {
		if got := len(s.news([]ledger.Entry{r.entry})) == 1; got != r.news {
			t.Errorf("%s: news %t, want %t", r.sentence, got, r.news)
		}
	}
}

func TestSpoolTellsEveryRepair(t *testing.T) {
	s := opened(t, t.TempDir())
	drift, apply := delivery(ledger.Drift, "pay", "x"), delivery(ledger.Apply, "pay", "")
	for range 2 { // the same hand edit twice, repaired twice
		if err := s.add(monday, s.news([]ledger.Entry{drift, apply})); err != nil {
			t.Fatal(err)
		}
	}
	var kinds []ledger.Kind
	for _, e := range s.entries() {
		kinds = append(kinds, e.Kind)
	}
	if want := []ledger.Kind{ledger.Drift, ledger.Apply, ledger.Drift, ledger.Apply}; !slices.Equal(kinds, want) {
		t.Errorf("got %v, want %v: a drift without its repair pauses soak for ever", kinds, want)
	}
}

func TestSpoolIsBounded(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	s.held = make([]ledger.Entry, maxSpooled)
	for i := range s.held {
		s.held[i] = delivery(ledger.Apply, "old", "")
	}
	if err := s.add(monday, []ledger.Entry{delivery(ledger.Apply, "new", "")}); err != nil {
		t.Fatal(err)
	}
	if n := s.len(); n != maxSpooled || s.held[n-1].App != "new" {
		t.Errorf("got %d entries that end with %s, want %d that end with new", n, s.held[n-1].App, maxSpooled)
	}
}

func TestCheckClock(t *testing.T) {
	for _, r := range []struct {
		sentence string
		now      time.Time
		ok       bool
	}{
		{"before the last entry", monday.Add(-time.Millisecond), false},
		{"at the last entry", monday, true},
		{"after it", monday.Add(time.Hour), true},
	} {
		if err := clockAfter(r.now, 7, monday); (err == nil) != r.ok {
			t.Errorf("%s: got %v, want ok %t", r.sentence, err, r.ok)
		}
	}
}
