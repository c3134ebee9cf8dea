package real_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
)

// TestChromium: it reads, chooses, clicks and leaves nothing behind.
func TestChromium(t *testing.T) {
	const form = `<!doctype html><p id=said>%s</p><div style="height:3000px"></div><form method=post>
		<select name=who><option value=a>A<option value=b>B</select><button>Go</button></form>`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, form, r.Method+" "+r.FormValue("who"))
	}))
	defer server.Close()
	b := real.Chromium(t, 800, 600)
	b.Open(server.URL)
	if got := b.Text("#said"); strings.TrimSpace(got) != "GET" {
		t.Fatalf("got %q", got)
	}
	b.Choose("select", "b")
	b.Click("button")
	if got := b.Text("#said"); got != "POST b" {
		t.Errorf("got %q, want the choice to have arrived", got)
	}
	if got := b.Text("#none"); got != "" {
		t.Errorf("got %q of what is not there", got)
	}
}
