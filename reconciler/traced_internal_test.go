package reconciler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"regexp"
	"sync/atomic"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// heard keeps the spans that have ended.
type heard []schema.Span

func (h *heard) Ended(s schema.Span) { *h = append(*h, s) }

func TestLogLinesNameTheSpanThatThePassIsAt(t *testing.T) {
	var b bytes.Buffer
	var ended heard
	s := &spans{tracer: &ended, project: "config", now: &atomic.Pointer[trace]{}}
	log := traced(slog.New(slog.NewJSONHandler(&b, nil)).With("project", "config"), s.now)
	log.Info("before the first pass")
	for range 2 {
		ctx, whole := s.whole(context.Background(), "pass")
		log.With("seq", 1).Info("within")
		inner, fetch := phase(ctx, "fetch")
		log.Info("in a phase")
		_, beside := part(inner, "ask")
		log.Info("still in that phase")
		beside.end(nil)
		fetch.text("ref", "main").end(errors.New("no answer"))
		log.Info("and again")
		whole.end(nil)
	}
	type logged struct {
		Project string
		Trace   string `json:"trace_id"`
		Span    string `json:"span_id"`
	}
	var lines []logged
	for line := range bytes.Lines(b.Bytes()) {
		var l logged
		if err := json.Unmarshal(line, &l); err != nil || l.Project != "config" {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, l)
	}
	if len(lines) != 9 || len(ended) != 6 || lines[0].Trace != "" || lines[1].Trace == lines[5].Trace {
		t.Fatalf("want a trace for each of two passes, and three spans in each: %+v\n%+v", lines, ended)
	}
	for i, name := range []string{"ask", "fetch", "pass"} {
		if ended[i].Name != name || ended[i].Trace != lines[1].Trace || !regexp.MustCompile(`^[0-9a-f]{32} [0-9a-f]{16}$`).MatchString(ended[i].Trace+" "+ended[i].ID) {
			t.Errorf("span %d is %+v, want %s of the trace that the lines name", i, ended[i], name)
		}
	}
	ask, fetch, pass := ended[0], ended[1], ended[2]
	if ask.Parent != fetch.ID || fetch.Parent != pass.ID || pass.Parent != "" {
		t.Errorf("parents: %+v", ended[:3])
	}
	if fetch.Failed != "no answer" || fetch.Texts["ref"] != "main" || pass.Failed != "" || pass.Texts["project"] != "config" {
		t.Errorf("spans say %+v", ended[:3])
	}
	for i, want := range []string{pass.ID, fetch.ID, fetch.ID, pass.ID} {
		if lines[1+i].Span != want {
			t.Errorf("line %d names span %s, want %s", 1+i, lines[1+i].Span, want)
		}
	}
}

func TestSpansOfAPassAreBounded(t *testing.T) {
	var ended heard
	s := &spans{tracer: &ended, now: &atomic.Pointer[trace]{}}
	for range 2 {
		ended = nil
		ctx, whole := s.whole(context.Background(), "pass")
		for range maxSpans + 7 {
			_, judge := part(ctx, "judge")
			judge.end(nil)
		}
		whole.end(nil)
		if last := ended[len(ended)-1]; len(ended) != maxSpans+1 || last.Name != "pass" || last.Counts["spans_left_out"] != 7 {
			t.Errorf("%d spans were told, the last is %+v: want %d and the pass, which says that 7 are left out", len(ended), last, maxSpans)
		}
	}
	r := &Reconciler{spans: s}
	if got := r.Timings(); got["judge"].Count != 2*(maxSpans+7) || got["pass"].Count != 2 {
		t.Errorf("measured %d and %d: what is left out is measured as well", got["judge"].Count, got["pass"].Count)
	}
}

func TestNothingIsMeasuredOutsideOfAPass(t *testing.T) {
	ctx, none := phase(context.Background(), "record")
	if none.text("app", "pay").count("entries", 1).end(errors.New("no")) != 0 || ctx != context.Background() {
		t.Error("a span without a pass")
	}
}
