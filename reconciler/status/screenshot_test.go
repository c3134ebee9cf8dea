package status_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestScreenshot writes the pages as files for a browser, to be looked at after a change of templates or style:
//
//	SLUICE_SCREENSHOTS=/tmp/shots go test -run Screenshot ./reconciler/status
func TestScreenshot(t *testing.T) {
	dir := os.Getenv("SLUICE_SCREENSHOTS")
	if dir == "" {
		return // the pages are tested elsewhere; this only writes them down
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	calm, trouble, stale := sample(t), troubled(t), sample(t)
	calm.Apps = calm.Apps[:1]
	stale.Looked = ago(18 * time.Minute)
	unsealed := schema.View{Repository: "config", At: now, Looked: now, StaleAfter: time.Minute}
	nasty := poisoned(t, strings.Repeat("W", 400)+"<b>\u202e")
	shots := []struct {
		name, path string
		view       *schema.View
	}{
		{"calm", "/", &calm}, {"matrix", "/", &trouble}, {"stale", "/", &stale}, {"unsealed", "/", &unsealed}, {"starting", "/", nil},
		{"app", "/app/payments/ledger", &trouble}, {"missing", "/app/payments", &trouble}, {"nasty", "/", &nasty},
	}
	for _, s := range shots {
		w := httptest.NewRecorder()
		site(t, s.view, now).ServeHTTP(w, httptest.NewRequest("GET", s.path, nil))
		page := strings.NewReplacer(`href="/style.css"`, `href="style.css"`, `href="/icon.svg"`, `href="icon.svg"`).Replace(w.Body.String())
		write(t, filepath.Join(dir, s.name+".html"), page)
		write(t, filepath.Join(dir, s.name+"-open.html"), strings.ReplaceAll(page, "<details>", "<details open>"))
	}
	for _, name := range []string{"style.css", "icon.svg"} {
		write(t, filepath.Join(dir, name), body(t, ask(site(t, &calm, now), "GET", "/"+name)))
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
