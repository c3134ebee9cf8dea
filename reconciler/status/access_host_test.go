package status_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestANameFromElsewhereIsNotAnswered: where nobody is asked who looks, a page of somebody else's whose name leads here reads nothing.
func TestANameFromElsewhereIsNotAnswered(t *testing.T) {
	v := sample(t)
	h := shared(t, status.Access{ThisHost: true}, map[string]*schema.View{"config": &v}, "config")
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:8080": 200, "127.0.0.1:8080": 200, "127.8.8.8": 200, "[::1]:8080": 200, "[::1]": 200,
		"evil.example": 421, "evil.example:8080": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example:8080": 421, "": 421, "10.0.0.1": 421, "evil.example:localhost": 421,
	} {
		for _, path := range []string{"/", "/view.json", "/api/v1/apps", "/style.css", "/api/v1/events"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if text := w.Body.String(); w.Code != want || want == 421 && (strings.Contains(text, "catalog") || !strings.Contains(text, "access: {header:")) {
				t.Errorf("%s for %q: %d, %.200s", path, host, w.Code, text)
			}
		}
	}
}
