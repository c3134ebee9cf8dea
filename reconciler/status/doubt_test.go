package status_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestWhatIsNotSoIsSaidOnEveryPage: that Git was not read for a while and that the ledger is in doubt stand on every page that a
// person reads, of whatever it is.
func TestWhatIsNotSoIsSaidOnEveryPage(t *testing.T) {
	old, doubtful := pastOf(troubled(t)), pastOf(troubled(t))
	old.Looked = ago(18 * time.Minute)
	doubtful.ProblemCodes = []schema.Code{"forge-unavailable", "log-rollback"}
	shown := func(v *schema.View) http.Handler {
		h, err := status.New(status.Config{View: func() *schema.View { return v }, Now: func() time.Time { return now }, Commands: options().Commands, Content: filesOf(t), Badges: true})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	pages := append(everyPage(), "/diff", "/diff?app=payments/ledger&from=gray&to=staging", "/values/gray/catalog", "/values/gray/nobody", "/errors/none")
	for _, path := range pages {
		if text := body(t, ask(shown(&old), "GET", path)); strings.Count(text, `<section class="alarm wait">`+"\n<p>Stale: Git was last read") != 1 {
			t.Errorf("%s does not say that it is old:\n%s", path, text)
		}
		text := body(t, ask(shown(&doubtful), "GET", path))
		if strings.Count(text, `<section class="alarm bad">`+"\n<p>The ledger is in doubt, and with it what follows, which is as of entry #48.") != 1 || !strings.Contains(text, `href="/errors/log-rollback"`) {
			t.Errorf("%s does not say that the ledger is in doubt:\n%s", path, text)
		}
		if strings.Contains(text, "ok</span> <b>ledger</b>") {
			t.Errorf("%s has a tick on the ledger", path)
		}
	}
	if text := body(t, ask(shown(&doubtful), "GET", "/audit/40")); !strings.Contains(text, `no</span> <b>ledger</b> in doubt: ledger is shorter than before [log-rollback]`) {
		t.Errorf("an entry does not say why:\n%s", text)
	}
	if text := body(t, ask(shown(&doubtful), "GET", "/badge/gray/catalog.json")); text != `{"color":"#b3261e","label":"gray","message":"ledger in doubt","schemaVersion":1}` {
		t.Errorf("the badge says %s", text)
	}
	if text := body(t, ask(shown(&doubtful), "GET", "/api/v1/version")); !strings.Contains(text, `"doubt":["log-rollback"]`) {
		t.Errorf("a program is told %s", text)
	}
}

// TestWhoSeesAPartIsToldOfDoubt: it is about all that he sees, and names nothing else.
func TestWhoSeesAPartIsToldOfDoubt(t *testing.T) {
	v := secretive(t)
	v.ProblemCodes = []schema.Code{"log-rollback", "policy-mixed"}
	h := shared(t, proxied, map[string]*schema.View{"config": &v}, "config")
	text := body(t, ask(h, "GET", "/policies", "X-User", "bob", "X-Groups", "pay"))
	if !strings.Contains(text, "The ledger is in doubt, and with it what follows.") || strings.Contains(text, "policy-mixed") {
		t.Errorf("told is:\n%s", text)
	}
}
