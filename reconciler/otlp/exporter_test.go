package otlp_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/sluice-gitops/sluice/reconciler/otlp"
	"github.com/sluice-gitops/sluice/schema"
)

// pass is a pass with one part, which ends first.
func pass(n int) []schema.Span {
	trace, began := fmt.Sprintf("%032x", n), time.Unix(1_700_000_000, 0)
	return []schema.Span{
		{Trace: trace, ID: "00000000000000aa", Parent: "00000000000000bb", Name: "judge", Began: began, Ended: began.Add(time.Second), Texts: map[string]string{"app": "pay\x1b[31m\u202e\xff" + strings.Repeat("x", 5000)}, Failed: "\x00no"},
		{Trace: trace, ID: "00000000000000bb", Name: "pass", Began: began, Ended: began.Add(2 * time.Second), Counts: map[string]int64{"entries": 3}},
	}
}

func tell(e *otlp.Exporter, spans []schema.Span) {
	for _, s := range spans {
		e.Ended(s)
	}
}

func closed(t *testing.T, e *otlp.Exporter) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := e.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestAPassIsSentTogether(t *testing.T) {
	var got []*collectorv1.ExportTraceServiceRequest
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t0ken" || r.URL.Path != "/v1/traces" {
			t.Errorf("%s came with %v", r.URL.Path, r.Header)
		}
		got = append(got, decoded(t, r))
	}))
	defer server.Close()
	headers := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(headers, []byte("Authorization: Bearer t0ken\nX-Scope: acme\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := otlp.New(otlp.Config{Endpoint: server.URL, HeadersFile: headers, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	tell(e, pass(1))
	tell(e, []schema.Span{{Trace: "no trace", Name: "pass"}})
	closed(t, e)
	if sent, lost := e.Counts(); len(got) != 1 || sent != 2 || lost != 0 {
		t.Fatalf("%d requests, %d spans sent, %d lost", len(got), sent, lost)
	}
	spans := got[0].ResourceSpans[0].ScopeSpans[0].Spans
	judge, whole := spans[0], spans[1]
	if string(judge.ParentSpanId) != string(whole.SpanId) || len(whole.ParentSpanId) != 0 || whole.Attributes[0].Key != "sluice.entries" || whole.Attributes[0].Value.GetIntValue() != 3 {
		t.Errorf("spans are %v", spans)
	}
	if app := judge.Attributes[0].Value.GetStringValue(); !strings.HasPrefix(app, `pay\x1b[31m\u{202e}�xxx`) || len([]rune(app)) != 1000 || judge.Status.Message != `\x00no` {
		t.Errorf("what others named is sent as %.80q and %q", app, judge.Status.Message)
	}
}

func decoded(t *testing.T, r *http.Request) *collectorv1.ExportTraceServiceRequest {
	t.Helper()
	data, err := uncompressed(r)
	out := &collectorv1.ExportTraceServiceRequest{}
	if err == nil {
		err = proto.Unmarshal(data, out)
	}
	if err != nil {
		t.Error(err)
	}
	return out
}

// TestACollectorThatIsDownHoldsNobodyUp lets it hang, and tells more passes than are kept.
func TestACollectorThatIsDownHoldsNobodyUp(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	e, err := otlp.New(otlp.Config{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	const passes = 500
	for n := range passes {
		tell(e, pass(n))
	}
	if _, lost := e.Counts(); lost == 0 || lost > 2*passes {
		t.Errorf("%d spans of %d are lost", lost, 2*passes)
	}
	close(release)
	closed(t, e)
	if sent, lost := e.Counts(); sent == 0 || sent+lost != 2*passes {
		t.Errorf("%d spans sent and %d lost, want %d together", sent, lost, 2*passes)
	}
	tell(e, pass(passes)) // after the end it is nobody's
}

func TestAnEndIsNotHeldUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // then it is seen when the client goes away
		<-r.Context().Done()
	}))
	defer server.Close()
	e, err := otlp.New(otlp.Config{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	tell(e, pass(1))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Close(ctx); err != nil {
		t.Error(err)
	}
	if _, lost := e.Counts(); lost != 2 {
		t.Errorf("%d spans are lost, want 2", lost)
	}
}

func TestTroubleIsToldOnce(t *testing.T) {
	var mu sync.Mutex
	ok := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if !ok {
			http.Error(w, "no", http.StatusForbidden)
		}
	}))
	defer server.Close()
	var log strings.Builder
	e, err := otlp.New(otlp.Config{Endpoint: server.URL, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	tell(e, pass(1))
	tell(e, pass(2))
	await(t, func() bool { _, lost := e.Counts(); return lost == 4 })
	mu.Lock()
	ok = true
	mu.Unlock()
	tell(e, pass(3))
	closed(t, e)
	if got := log.String(); strings.Count(got, "traces are not sent") != 1 || strings.Count(got, "traces are sent again") != 1 {
		t.Errorf("the log says\n%s", got)
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, bad := file("good", "Authorization: Bearer secret-canary\n"), file("bad", "secret-canary\n")
	rows := []struct {
		sentence string
		cfg      otlp.Config
		want     string
	}{
		{"no address", otlp.Config{}, "no URL"},
		{"another protocol", otlp.Config{Endpoint: "grpc://127.0.0.1:4317"}, "no URL"},
		{"a password in the address", otlp.Config{Endpoint: "https://u:secret-canary@otel.example.com"}, "no URL"},
		{"headers in the open", otlp.Config{Endpoint: "http://otel.example.com", HeadersFile: good}, "https, or to this machine"},
		{"a line that is no header", otlp.Config{Endpoint: "http://127.0.0.1:4318", HeadersFile: bad}, "bad:1 is no header"},
		{"headers that are not there", otlp.Config{Endpoint: "http://127.0.0.1:4318", HeadersFile: filepath.Join(dir, "none")}, "no such file"},
		{"certificates that are none", otlp.Config{Endpoint: "https://127.0.0.1:4318", CAFile: bad}, "holds no certificate"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			_, err := otlp.New(row.cfg)
			if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "secret-canary") {
				t.Errorf("New: %v, want %q", err, row.want)
			}
		})
	}
}
