package status_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

func zipped(t testing.TB, text string) int {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

// TestPagesOfAThousandAppsStaySmall: what a browser has to load and lay out does not grow with the project.
func TestPagesOfAThousandAppsStaySmall(t *testing.T) {
	for _, apps := range []int{1000, 10_000} {
		v := thousand(t, apps)
		h := site(t, &v, now)
		for _, path := range []string{"/", "/apps", "/apps?state=held", "/promotions", "/transitions", "/audit", "/wall"} {
			page := body(t, ask(h, "GET", path))
			if n, nodes := zipped(t, page), strings.Count(page, "<"); n > 20<<10 || nodes > 2*3000 {
				t.Errorf("%s with %d apps: %d bytes zipped, about %d elements; want at most 20 KiB and 3000", path, apps, n, nodes/2)
			}
		}
	}
	v := sample(t)
	h := site(t, &v, now)
	if n := zipped(t, body(t, ask(h, "GET", "/style.css"))) + zipped(t, body(t, ask(h, "GET", "/live.js"))); n > 6<<10 {
		t.Errorf("style and script: %d bytes zipped, want at most 6 KiB", n)
	}
}

// BenchmarkPage makes pages anew, and answers who has them already; that is compared with a server of static files.
func BenchmarkPage(b *testing.B) {
	for _, apps := range []int{1000, 10_000} {
		v := thousand(b, apps)
		for _, path := range []string{"/", "/apps", "/apps?state=held", "/promotions", "/wall"} {
			b.Run(fmt.Sprintf("new%s/%d", strings.NewReplacer("/", "_", "?", "_").Replace(path), apps), func(b *testing.B) {
				var shown atomic.Pointer[schema.View]
				shown.Store(&v)
				h, err := status.New(status.Config{View: shown.Load, Now: func() time.Time { return now }, Commands: options().Commands})
				if err != nil {
					b.Fatal(err)
				}
				ask(h, "GET", path) // which looks at its templates
				before := spent(b)
				for b.Loop() {
					again := v
					shown.Store(&again)
					ask(h, "GET", path)
				}
				b.ReportMetric(float64(spent(b)-before)/float64(b.N)/1e6, "cpu-ms/op") // which a busy machine does not change
				page := body(b, ask(site(b, &v, now), "GET", path))
				b.ReportMetric(float64(len(page)), "bytes")
				b.ReportMetric(float64(zipped(b, page)), "bytes-zipped")
			})
		}
	}
	v := thousand(b, 1000)
	b.Run("unchanged", func(b *testing.B) {
		h := site(b, &v, now)
		tag := ask(h, "GET", "/apps").Header.Get("ETag")
		dir := b.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "apps.html"), []byte(body(b, ask(h, "GET", "/apps"))), 0o600); err != nil {
			b.Fatal(err)
		}
		static := http.FileServer(http.Dir(dir))
		since := ask(static, "GET", "/apps.html").Header.Get("Last-Modified")
		var ours, theirs time.Duration
		for b.Loop() {
			began := time.Now()
			if r := ask(h, "GET", "/apps", "If-None-Match", tag); r.StatusCode != http.StatusNotModified {
				b.Fatal(r.Status)
			}
			middle := time.Now()
			if r := ask(static, "GET", "/apps.html", "If-Modified-Since", since); r.StatusCode != http.StatusNotModified {
				b.Fatal(r.Status)
			}
			ours, theirs = ours+middle.Sub(began), theirs+time.Since(middle)
		}
		b.ReportMetric(float64(ours)/float64(theirs), "x-static-files")
	})
}

// BenchmarkViewers opens 500 streams and says what they cost, both ends together.
func BenchmarkViewers(b *testing.B) {
	v := thousand(b, 1000)
	over := make(chan struct{})
	h, err := status.New(status.Config{View: func() *schema.View { return &v }, Now: func() time.Time { return now }, Done: over})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	defer close(over)
	before := inUse()
	for range 500 {
		resp, err := http.Get(server.URL + "/api/v1/events")
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
	}
	for b.Loop() {
		runtime.Gosched() // what counts is there already
	}
	b.ReportMetric(float64(inUse()-before)/(1<<20), "MiB/500-viewers")
}

// spent is the processor time of this process so far.
func spent(t testing.TB) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
