package status_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
)

// TestOneViewerDoesNotKeepOthersWaiting: each has a share of its own, told apart by what the proxy says and not by what anybody
// writes.
func TestOneViewerDoesNotKeepOthersWaiting(t *testing.T) {
	at := now
	access := status.Access{Header: "X-User", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	h := status.NewLimit(access, func() time.Time { return at }).Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	get := func(from, user string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = from + ":1"
		if user != "" {
			r.Header.Set("X-User", user)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	until := func(from, user func(int) string) int {
		for n := range 1000 {
			if get(from(n), user(n)).StatusCode == http.StatusTooManyRequests {
				return n
			}
		}
		return 1000
	}
	one := func(text string) func(int) string { return func(int) string { return text } }
	if n := until(one("10.0.0.1"), one("ann")); n != 200 {
		t.Errorf("ann was stopped after %d requests", n)
	}
	if r := get("10.0.0.1", "ann"); r.Header.Get("Retry-After") != "1" || r.Header.Get("Content-Type") != "application/problem+json" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("she is told %v", r.Header)
	}
	if r := get("10.0.0.1", "bob"); r.StatusCode != 200 {
		t.Errorf("bob, by the same proxy: %d", r.StatusCode)
	}
	if n := until(one("192.0.2.7"), func(n int) string { return fmt.Sprint("name", n) }); n != 200 {
		t.Errorf("somebody with a new name each time was stopped after %d requests", n)
	}
	at = at.Add(time.Second)
	if n := until(one("10.0.0.1"), one("ann")); n != 50 {
		t.Errorf("a second later ann was stopped after %d requests", n)
	}
	at = at.Add(-time.Hour) // a clock that was put back gives nobody more
	if r := get("10.0.0.1", "ann"); r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("an hour earlier: %d", r.StatusCode)
	}
	for n := range 25_000 {
		get(fmt.Sprintf("198.51.%d.%d", n/250, n%250), "")
	}
}
