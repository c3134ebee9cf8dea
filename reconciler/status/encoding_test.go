package status_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestAnswersArePackedForWhoTakesThem: the bytes are those of the plain answer, the tag is another one, and each tag is known again.
func TestAnswersArePackedForWhoTakesThem(t *testing.T) {
	v := filed(t, pastOf(troubled(t)))
	h := readable(t, &v, true)
	for _, path := range []string{"/", "/apps", "/view.json", "/api/v1/apps", "/style.css", "/live.js", "/api/v1/openapi.yaml", "/audit.csv", "/feed.atom"} {
		plain, small := ask(h, "GET", path), ask(h, "GET", path, "Accept-Encoding", "br, gzip;q=0.8, *;q=0")
		want, got := body(t, plain), body(t, small)
		if plain.Header.Get("Content-Encoding") != "" || small.Header.Get("Content-Encoding") != "gzip" || len(got) >= len(want) {
			t.Errorf("%s: %q and %q, %d and %d bytes", path, plain.Header.Get("Content-Encoding"), small.Header.Get("Content-Encoding"), len(want), len(got))
			continue
		}
		for name, r := range map[string]*http.Response{"plain": plain, "packed": small} {
			if !slices.Contains(r.Header.Values("Vary"), "Accept-Encoding") {
				t.Errorf("%s, %s: Vary is %q", path, name, r.Header.Values("Vary"))
			}
		}
		if text := unpacked(t, got); text != want {
			t.Errorf("%s: packed it is another: %.200s", path, text)
		}
		one, other := plain.Header.Get("ETag"), small.Header.Get("ETag")
		if one == other {
			t.Errorf("%s: other bytes have the same tag", path)
		}
		for _, row := range []struct {
			tag, takes string
			want       int
		}{{one, "", 304}, {other, "gzip", 304}, {"W/" + other, "gzip", 304}, {one, "gzip", 200}, {other, "", 200}, {`"x", ` + other, "gzip", 304}, {"*", "gzip", 304}, {"*", "", 304}} {
			r := ask(h, "GET", path, "If-None-Match", row.tag, "Accept-Encoding", row.takes)
			if text := body(t, r); r.StatusCode != row.want || row.want == 304 && (text != "" || r.Header.Get("Content-Encoding") != "" || r.Header.Get("ETag") == "" || r.Header.Get("Vary") == "") {
				t.Errorf("%s with %s, taking %q: %d, %d bytes as %q", path, row.tag, row.takes, r.StatusCode, len(text), r.Header)
			}
		}
		head := ask(h, "HEAD", path, "Accept-Encoding", "gzip")
		if text := body(t, head); text != "" || head.Header.Get("Content-Length") != small.Header.Get("Content-Length") || head.Header.Get("ETag") != other {
			t.Errorf("HEAD %s: %d bytes, %v", path, len(text), head.Header)
		}
	}
}

// TestLongAnswersArePackedQuickly: and hold the same.
func TestLongAnswersArePackedQuickly(t *testing.T) {
	v := thousand(t, 2000)
	h := site(t, &v, now)
	want, got := body(t, ask(h, "GET", "/view.json")), body(t, ask(h, "GET", "/view.json", "Accept-Encoding", "gzip"))
	if len(want) < 256<<10 || len(got) > len(want)/4 || unpacked(t, got) != want {
		t.Errorf("%d bytes, %d packed", len(want), len(got))
	}
}

func unpacked(t *testing.T, text string) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestWhoGetsAnAnswerPacked(t *testing.T) {
	v := sample(t)
	h := site(t, &v, now)
	for _, row := range []struct {
		sentence string
		path     string
		header   []string
		want     string
	}{
		{"who takes it", "/apps", []string{"Accept-Encoding", "gzip"}, "gzip"},
		{"who takes anything", "/apps", []string{"Accept-Encoding", "*"}, "gzip"},
		{"in any case", "/apps", []string{"Accept-Encoding", "deflate, GZIP;Q=1.0"}, "gzip"},
		{"who says nothing", "/apps", nil, ""},
		{"who takes another", "/apps", []string{"Accept-Encoding", "br"}, ""},
		{"who does not take it", "/apps", []string{"Accept-Encoding", "gzip;q=0, *"}, ""},
		{"who takes nothing", "/apps", []string{"Accept-Encoding", "*;q=0"}, ""},
		{"who likes it better plain", "/apps", []string{"Accept-Encoding", "identity, gzip;q=0.5"}, ""},
		{"who says what nobody understands", "/apps", []string{"Accept-Encoding", "gzip;q=x"}, ""},
		{"what is short anyway", "/icon.svg", []string{"Accept-Encoding", "gzip"}, ""},
		{"a stream", "/api/v1/events", []string{"Accept-Encoding", "gzip"}, ""},
		{"what a page of another site asks for", "/apps?q=guess", []string{"Accept-Encoding", "gzip", "Sec-Fetch-Site", "cross-site"}, ""},
		{"what a page of this site asks for", "/apps?q=guess", []string{"Accept-Encoding", "gzip", "Sec-Fetch-Site", "same-origin"}, "gzip"},
	} {
		if got := ask(h, "GET", row.path, row.header...).Header.Get("Content-Encoding"); got != row.want {
			t.Errorf("%s: %q, want %q", row.sentence, got, row.want)
		}
	}
}

// TestWhoCameByTLSComesByNothingElse: also if TLS ends at the proxy that asks who looks, and not on the word of anybody else.
func TestWhoCameByTLSComesByNothingElse(t *testing.T) {
	v := sample(t)
	h := shared(t, proxied, map[string]*schema.View{"config": &v}, "config")
	alone := shared(t, status.Access{}, map[string]*schema.View{"config": &v}, "config")
	for _, row := range []struct {
		sentence   string
		h          http.Handler
		host, from string
		tls        bool
		header     []string
		want       bool
	}{
		{"TLS to here", alone, "sluice.example", "198.51.100.9:1", true, nil, true},
		{"none", alone, "sluice.example", "192.0.2.9:1", false, nil, false},
		{"TLS to here by the host's own name", alone, "localhost:8443", "127.0.0.1:1", true, nil, false},
		{"TLS to the proxy", h, "sluice.example", "192.0.2.9:1", false, []string{"X-User", "ann", "X-Forwarded-Proto", "https"}, true},
		{"none to the proxy", h, "sluice.example", "192.0.2.9:1", false, []string{"X-User", "ann", "X-Forwarded-Proto", "http"}, false},
		{"who was refused there", h, "sluice.example", "192.0.2.9:1", false, []string{"X-Forwarded-Proto", "https"}, true},
		{"on somebody's own word", h, "sluice.example", "198.51.100.9:1", false, []string{"X-Forwarded-Proto", "https"}, false},
		{"where no proxy is known", alone, "sluice.example", "192.0.2.9:1", false, []string{"X-Forwarded-Proto", "https"}, false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host, r.RemoteAddr = row.host, row.from
		if row.tls {
			r.TLS = &tls.ConnectionState{}
		}
		for i := 0; i+1 < len(row.header); i += 2 {
			r.Header.Set(row.header[i], row.header[i+1])
		}
		w := httptest.NewRecorder()
		row.h.ServeHTTP(w, r)
		if got := w.Header().Get("Strict-Transport-Security"); (got == "max-age=31536000") != row.want {
			t.Errorf("%s: %q", row.sentence, got)
		}
	}
}
