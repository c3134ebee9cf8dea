package reconciler

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"regexp"
	"testing"
)

func TestLogLinesCarryTheTraceOfTheirPass(t *testing.T) {
	var b bytes.Buffer
	log, now := traced(slog.New(slog.NewJSONHandler(&b, nil)).With("project", "config"))
	log.Info("before the first pass")
	for range 2 {
		now.Store(newTrace())
		log.With("seq", 1).Info("within")
		log.Info("and again")
	}
	var ids []string
	for line := range bytes.Lines(b.Bytes()) {
		var l struct {
			Project string
			Trace   string `json:"trace_id"`
			Span    string `json:"span_id"`
		}
		if err := json.Unmarshal(line, &l); err != nil || l.Project != "config" {
			t.Fatalf("%v: %s", err, line)
		}
		if len(ids) > 0 && (!regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(l.Trace) || !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(l.Span)) {
			t.Errorf("%s names no trace", line)
		}
		ids = append(ids, l.Trace)
	}
	if len(ids) != 5 || ids[0] != "" || ids[1] != ids[2] || ids[3] != ids[4] || ids[2] == ids[3] {
		t.Errorf("traces are %q: one for each pass", ids)
	}
}
