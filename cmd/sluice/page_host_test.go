package main

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestAPageThatAsksNobodyAnswersForThisHostAlone: a name of somebody else's that leads to a loopback address reads nothing of the page of
// `sluice web` or `sluice run`. Where it is said who may look, any name will do.
func TestAPageThatAsksNobodyAnswersForThisHostAlone(t *testing.T) {
	projects := []status.Project{{Name: "config", View: func() *schema.View { return nil }}}
	from := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for _, row := range []struct {
		sentence string
		access   schema.PageAccess
		host     string
		want     int
	}{
		{"nothing is said, by a name of this host", schema.PageAccess{}, "localhost:8080", 200},
		{"nothing is said, by another name", schema.PageAccess{}, "evil.example:8080", 421},
		{"everybody may look", schema.PageAccess{Public: true}, "evil.example:8080", 200},
		{"a proxy asks", schema.PageAccess{Header: "X-User", Networks: from}, "sluice.example", 200},
	} {
		page, err := listenPage(schema.Operator{Listen: "127.0.0.1:0", Access: row.access}, status.Config{}, projects)
		if err != nil {
			t.Fatal(err)
		}
		defer page.listener.Close()
		r := httptest.NewRequest("GET", "/style.css", nil) // which has a remote address of 192.0.2.0/24
		r.Host = row.host
		r.Header.Set("X-User", "ann")
		w := httptest.NewRecorder()
		page.server.Handler.ServeHTTP(w, r)
		if w.Code != row.want {
			t.Errorf("%s: %d, want %d: %.100s", row.sentence, w.Code, row.want, w.Body)
		}
	}
}
