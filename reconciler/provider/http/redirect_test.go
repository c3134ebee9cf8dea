package http_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	httpsource "github.com/sluice-gitops/sluice/reconciler/provider/http"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// TestARedirectElsewhereIsNotFollowed: headers may be credentials of this server, and a redirect from https to http would
// show them to everybody.
func TestARedirectElsewhereIsNotFollowed(t *testing.T) {
	var elsewhere []*http.Request
	record := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere = append(elsewhere, r) })
	plain, other := httptest.NewServer(record), httptest.NewTLSServer(record)
	defer plain.Close()
	defer other.Close()
	held := providertest.New(map[string]any{"app.yaml": map[string]any{}})
	raw, _, err := held.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var to string
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved/head" {
			_, _ = w.Write(raw)
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	}))
	defer web.Close()
	defer web.Client().CloseIdleConnections()
	source, err := httpsource.New(web.URL + "/pay")
	if err != nil {
		t.Fatal(err)
	}
	source.Client, source.Header = web.Client(), http.Header{"X-Token": {"hunter2"}, "Authorization": {"Bearer hunter2"}}

	for name, target := range map[string]string{
		"plain http": plain.URL + "/head?sig=hunter3", "another port": other.URL + "/head?sig=hunter3",
		"another name": strings.Replace(web.URL, "127.0.0.1", "localhost", 1) + "/moved/head?sig=hunter3",
	} {
		to = target
		_, _, err := source.Head(t.Context())
		if err == nil || !strings.Contains(err.Error(), "redirects to") || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s: got %v", name, err)
		}
		if len(elsewhere) > 0 {
			t.Errorf("%s: asked with %v", name, elsewhere[0].Header)
		}
	}
	to = "/moved/head"
	if got, _, err := source.Head(t.Context()); err != nil || string(got) != string(raw) {
		t.Errorf("on the same server: %v", err)
	}

	to = "/moved/head"
	source.Client = web.Client()
	source.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if _, _, err := source.Head(t.Context()); err == nil || !strings.Contains(err.Error(), "302") {
		t.Errorf("a client that follows nothing: %v", err)
	}
}

func TestASourceDoesNotPrintItsHeaders(t *testing.T) {
	source, err := httpsource.New("https://config.example.com/pay")
	if err != nil {
		t.Fatal(err)
	}
	source.Header = http.Header{"Authorization": {"Bearer hunter2"}}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("opened", "source", source)
	text := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		text += fmt.Sprintf(verb+" "+verb, source, struct{ S any }{source})
	}
	if strings.Contains(text, "hunter2") || !strings.Contains(text, "https://config.example.com/pay") {
		t.Errorf("printed: %s", text)
	}
}
