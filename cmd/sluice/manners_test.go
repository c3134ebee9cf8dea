package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheManners runs one sluice run as a process, with everything that operators ask of one: traces, logs and metrics that name
// the same pass, a file that is read again, and an end that leaves nothing half done.
func TestTheManners(t *testing.T) {
	m := newManners(t)
	m.seal()
	running := m.start("first")
	m.awaitReady()
	m.promote(5000, "development")
	t.Run("a pass is one trace in the collector, the log and the metrics", m.oneTrace)
	t.Run("the operator's file is read again", func(*testing.T) { m.readAgain(running) })
	t.Run("a process that is told to end finishes what it is writing", func(*testing.T) { m.endInTheMiddle(running) })
	m.start("second")
	m.promote(9000, "development")
}

// manners is a project with one process and what is beside it.
type manners struct {
	*endToEnd
	collector *collector
	slow      *slowPush
}

func newManners(t *testing.T) *manners {
	t.Helper()
	m := &manners{endToEnd: newEndToEnd(t, sluiceBinary(t), fmt.Sprintf(sixLines, "etcd")), collector: newCollector(t)}
	m.flags = []string{"--log-format", "json", "--admin", "127.0.0.1:0", "--traces", m.collector.URL}
	m.slow = newSlowPush(t, m.forge.URL())
	m.adapt = func(operator string) string {
		return elected(strings.Replace(operator, "repository: "+m.forge.URL(), "repository: "+m.slow.URL, 1))
	}
	return m
}

// A logLine is what a line of the log says.
type logLine struct {
	Level, Msg, Address, Service, Trace, Span, Error string
	Duration                                         *int64
}

func (l *logLine) UnmarshalJSON(data []byte) error {
	var raw struct {
		Level, Msg, Address, Error string
		Service                    string `json:"service_name"`
		Trace                      string `json:"trace_id"`
		Span                       string `json:"span_id"`
		Duration                   *int64 `json:"duration_ms"`
	}
	err := json.Unmarshal(data, &raw)
	*l = logLine{Level: raw.Level, Msg: raw.Msg, Address: raw.Address, Error: raw.Error, Service: raw.Service, Trace: raw.Trace, Span: raw.Span, Duration: raw.Duration}
	return err
}

// logged are the lines of the log with that message.
func (m *manners) logged(message string) (out []logLine) {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(m.dir, "first.log"))
	m.check(err)
	for line := range bytes.Lines(data) {
		var l logLine
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		if err := json.Unmarshal(line, &l); err != nil {
			m.t.Fatalf("the log has a line that is no JSON: %v\n%s", err, line)
		}
		if l.Msg == message {
			out = append(out, l)
		}
	}
	return out
}

// machines asks the address of metrics and health.
func (m *manners) machines(path, accept string) (int, string) {
	m.t.Helper()
	lines := m.logged("serving metrics and health")
	if len(lines) == 0 {
		return 0, ""
	}
	request, err := http.NewRequestWithContext(m.t.Context(), "GET", lines[len(lines)-1].Address+path, nil)
	m.check(err)
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "" // not yet, or not any more
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, ""
	}
	return response.StatusCode, string(data)
}

func (m *manners) awaitReady() {
	m.t.Helper()
	m.await("the process to be ready", func() bool { code, _ := m.machines("/readyz", ""); return code == http.StatusOK })
}

func (m *manners) oneTrace(t *testing.T) {
	var exemplar string
	m.await("the lead time at /metrics with the trace of its pass", func() bool {
		_, text := m.machines("/metrics", "application/openmetrics-text; version=1.0.0")
		found := regexp.MustCompile(`sluice_lead_time_seconds_bucket\{[^\n]*stage="development"[^\n]*# \{trace_id="([0-9a-f]{32})"\}`).FindStringSubmatch(text)
		if found == nil {
			return false
		}
		exemplar = found[1]
		return regexp.MustCompile(`sluice_pass_duration_seconds_bucket[^\n]*# \{trace_id="[0-9a-f]{32}"\}`).MatchString(text) && strings.Contains(text, `sluice_pass_part_duration_seconds_count{part="write"`)
	})
	m.await("the pass to be at the collector", func() bool { return len(m.collector.of(exemplar)) > 0 })
	tree := m.tree(t, exemplar)
	for _, want := range []string{
		"pass", "pass/fetch", "pass/admit", "pass/admit/judge", "pass/admit/judge/ask", "pass/admit/record", "pass/converge", "pass/converge/compare", "pass/converge/write",
		"pass/converge/record", "pass/afterwards",
	} {
		if tree[want] == 0 {
			t.Errorf("the trace has no span %s: it has %v", want, tree)
		}
	}
	spans := map[string]bool{}
	for _, s := range m.collector.of(exemplar) {
		spans[hex.EncodeToString(s.SpanId)] = true
		if s.Name == "judge" && (attribute(s, "sluice.app") != "payments" || attribute(s, "sluice.stage") != "development" || attribute(s, "sluice.outcome") != "admit") {
			t.Errorf("the judgement says %v", s.Attributes)
		}
		if s.Name == "write" && attribute(s, "sluice.target") != "etcd" {
			t.Errorf("the write says %v", s.Attributes)
		}
		if s.StartTimeUnixNano == 0 || s.EndTimeUnixNano < s.StartTimeUnixNano {
			t.Errorf("%s took from %d to %d", s.Name, s.StartTimeUnixNano, s.EndTimeUnixNano)
		}
	}
	for _, message := range []string{"admitted", "applied", "passed"} {
		lines := m.logged(message)
		if len(lines) == 0 || lines[0].Trace != exemplar || !spans[lines[0].Span] || lines[0].Service != "sluice" || lines[0].Level != "INFO" {
			t.Errorf("%q is logged as %+v, want trace %s, one of its spans and the service", message, lines, exemplar)
		}
		if message == "passed" && (len(lines) == 0 || lines[0].Duration == nil) {
			t.Errorf("%q does not say how long it took: %+v", message, lines)
		}
	}
	if m.collector.mu.Lock(); !m.collector.services["sluice"] || len(m.collector.services) != 1 {
		t.Errorf("services are %v", m.collector.services)
	}
	m.collector.mu.Unlock()
}

// tree counts the spans of a trace by their path from the pass. A parent that is none of them is an error.
func (m *manners) tree(t *testing.T, trace string) map[string]int {
	t.Helper()
	spans := m.collector.of(trace)
	name, parent := map[string]string{}, map[string]string{}
	for _, s := range spans {
		id := hex.EncodeToString(s.SpanId)
		name[id], parent[id] = s.Name, hex.EncodeToString(s.ParentSpanId)
	}
	out := map[string]int{}
	for id := range name {
		path := name[id]
		for up := parent[id]; up != ""; up = parent[up] {
			if name[up] == "" {
				t.Errorf("span %s has a parent that was not sent", path)
				break
			}
			path = name[up] + "/" + path
		}
		out[path]++
	}
	return out
}
