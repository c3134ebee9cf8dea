package status_test

import (
	"crypto/tls"
	"crypto/x509"
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
}

// TestAViewerIsOnePerson: told apart by certificates where they are asked for, and not by the addresses that somebody has many of.
func TestAViewerIsOnePerson(t *testing.T) {
	certificate := func(raw string) *tls.ConnectionState {
		leaf := &x509.Certificate{Raw: []byte(raw)}
		return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}, VerifiedChains: [][]*x509.Certificate{{leaf}}}
	}
	claimed := certificate("ann")
	claimed.VerifiedChains = nil
	for _, row := range []struct {
		sentence    string
		access      status.Access
		first, then string
		a, b        *tls.ConnectionState
		same        bool
	}{
		{"two addresses", status.Access{}, "192.0.2.1:1", "192.0.2.2:1", nil, nil, false},
		{"two ports of one", status.Access{}, "192.0.2.1:1", "192.0.2.1:2", nil, nil, true},
		{"one as IPv4 within IPv6", status.Access{}, "192.0.2.1:1", "[::ffff:192.0.2.1]:1", nil, nil, true},
		{"two of IPv4 within IPv6", status.Access{}, "[::ffff:192.0.2.2]:1", "[::ffff:192.0.2.1]:1", nil, nil, false},
		{"two of one network of IPv6", status.Access{}, "[2001:db8:1:1::1]:1", "[2001:db8:1:1:ffff::2]:1", nil, nil, true},
		{"two networks of IPv6", status.Access{}, "[2001:db8:1:1::1]:1", "[2001:db8:1:2::1]:1", nil, nil, false},
		{"one by two links", status.Access{}, "[fe80::1%eth0]:1", "[fe80::1%eth1]:1", nil, nil, true},
		{"two certificates from one address", status.Access{Certificate: true}, "192.0.2.1:1", "192.0.2.1:1", certificate("ann"), certificate("bob"), false},
		{"one certificate from two addresses", status.Access{Certificate: true}, "192.0.2.1:1", "192.0.2.2:1", certificate("ann"), certificate("ann"), true},
		{"certificates that nobody verified", status.Access{Certificate: true}, "192.0.2.1:1", "192.0.2.1:1", claimed, nil, true},
		{"certificates that nobody asks for", status.Access{}, "192.0.2.1:1", "192.0.2.1:1", certificate("ann"), certificate("bob"), true},
	} {
		h := status.NewLimit(row.access, func() time.Time { return now }).Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		get := func(from string, by *tls.ConnectionState) int {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.TLS = from, by
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Code
		}
		for range 200 {
			get(row.first, row.a)
		}
		if got := get(row.then, row.b) == http.StatusTooManyRequests; got != row.same {
			t.Errorf("%s: are one %v, want %v", row.sentence, got, row.same)
		}
	}
}

// TestManyViewersTakeNoMemoryAndGiveNoShareBack: what is kept has a bound, and whoever has used up his share has none again because
// others came.
func TestManyViewersTakeNoMemoryAndGiveNoShareBack(t *testing.T) {
	limit := status.NewLimit(status.Access{}, func() time.Time { return now })
	h := limit.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	get := func(from string) int {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = from + ":1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for range 200 {
		get("192.0.2.1")
	}
	for n := range 25_000 {
		get(fmt.Sprintf("198.51.%d.%d", n/250, n%250))
		if kept := limit.Viewers(); kept > 10_000 {
			t.Fatalf("%d viewers are kept", kept)
		}
	}
	if code := get("192.0.2.1"); code != http.StatusTooManyRequests {
		t.Errorf("whoever had asked too often may ask again: %d", code)
	}
	if code := get("198.51.99.249"); code != http.StatusOK {
		t.Errorf("the last one to come: %d", code)
	}
}

// TestOneViewerDoesNotTakeAllStreams: what he holds open is counted, and what he closed is not.
func TestOneViewerDoesNotTakeAllStreams(t *testing.T) {
	at := now
	access := status.Access{Header: "X-User", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan int)
	h := status.NewLimit(access, func() time.Time { return at }).Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		begun <- struct{}{}
		<-end
	}))
	ask := func(user string) {
		r := httptest.NewRequest(http.MethodGet, "/p/config/api/v1/events", nil)
		r.RemoteAddr = "10.0.0.1:1"
		r.Header.Set("X-User", user)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		ended <- w.Code
	}
	opens := func(user string) bool {
		go ask(user)
		select {
		case <-begun:
			return true
		case code := <-ended:
			if code != http.StatusTooManyRequests {
				t.Errorf("%s is told %d", user, code)
			}
			return false
		}
	}
	for n := range 200 {
		at = at.Add(time.Second) // the share of requests is another thing
		if !opens("ann") {
			t.Fatalf("ann was stopped after %d streams", n)
		}
	}
	at = at.Add(time.Second)
	if opens("ann") {
		t.Error("ann holds more than her share")
	}
	if !opens("bob") {
		t.Error("bob has none because of ann")
	}
	for range 201 {
		end <- struct{}{}
		<-ended
	}
	if !opens("ann") {
		t.Error("ann has closed hers, and none is opened")
	}
	close(end)
	<-ended
}
