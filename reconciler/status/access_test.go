package status_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
)

func TestWhoMayLook(t *testing.T) {
	proxy := status.Access{Header: "X-Forwarded-User", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}}
	verified := &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{}}}}
	rows := []struct {
		sentence string
		access   status.Access
		from     string
		names    []string
		tls      *tls.ConnectionState
		code     int
	}{
		{"nobody is asked", status.Access{}, "192.0.2.1:5", nil, nil, 200},
		{"the proxy says who it is", proxy, "10.1.2.3:5", []string{"alice"}, nil, 200},
		{"the proxy, over IPv6", proxy, "[fd00::1]:5", []string{"alice"}, nil, 200},
		{"the proxy, as IPv4 within IPv6", proxy, "[::ffff:10.1.2.3]:5", []string{"alice"}, nil, 200},
		{"the proxy says nothing", proxy, "10.1.2.3:5", nil, nil, 403},
		{"the proxy says an empty name", proxy, "10.1.2.3:5", []string{""}, nil, 403},
		{"a header of the person's own beside the proxy's", proxy, "10.1.2.3:5", []string{"mallory", "alice"}, nil, 403},
		{"somebody else says that he is the proxy", proxy, "10.2.0.1:5", []string{"alice"}, nil, 403},
		{"from an address that is none", proxy, "pipe", []string{"alice"}, nil, 403},
		{"a header without networks is believed from nowhere", status.Access{Header: "X-Forwarded-User"}, "127.0.0.1:5", []string{"alice"}, nil, 403},
		{"a verified certificate", status.Access{Certificate: true}, "192.0.2.1:5", nil, verified, 200},
		{"a certificate that nobody verified", status.Access{Certificate: true}, "192.0.2.1:5", nil, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}}, 403},
		{"no certificate", status.Access{Certificate: true}, "192.0.2.1:5", nil, nil, 403},
		{"no certificate, and a header that is not asked for", status.Access{Certificate: true}, "10.1.2.3:5", []string{"alice"}, nil, 403},
	}
	for _, row := range rows {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr, r.TLS = row.from, row.tls
		for _, name := range row.names {
			r.Header.Add("X-Forwarded-User", name)
		}
		w := httptest.NewRecorder()
		row.access.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })).ServeHTTP(w, r)
		if w.Code != row.code {
			t.Errorf("%s: %d, want %d", row.sentence, w.Code, row.code)
		}
	}
}
