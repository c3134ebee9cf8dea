package status_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestBrowserFollowsTheWholePage: while a tab is open everything on it is as the page is now, and not the sentence alone; what nobody
// says any more is not known. Under the page's own policy, and without loading it again.
func TestBrowserFollowsTheWholePage(t *testing.T) {
	if os.Getenv("SLUICE_E2E") == "" {
		t.Skip("a browser is driven by make e2e alone")
	}
	var view atomic.Pointer[schema.View]
	publish := func(change func(*schema.View)) {
		v := pastOf(sample(t))
		v.Looked, v.StaleAfter = now, 8*time.Second
		change(&v)
		view.Store(&v)
	}
	fresh := func(*schema.View) {}
	publish(fresh)
	over := make(chan struct{})
	h, err := status.New(status.Config{View: view.Load, Now: func() time.Time { return now }, Version: "v0.1.0", Commands: options().Commands, Done: over})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	browser := real.Chromium(t, 1400, 900)
	browser.Look(1400, 900, false, true)
	until := func(expression string) {
		t.Helper()
		var last string
		browser.Evaluate(fmt.Sprintf(`new Promise((yes) => { const began = Date.now(), look = () => (%s) ? yes('') : Date.now() - began > 30000 ? yes(document.body.innerText) : setTimeout(look, 20); look() })`, expression), &last)
		if last != "" {
			t.Fatalf("%s did not come to be; the console says %q, and the page\n%s", expression, browser.Complaints(), last)
		}
	}
	lanes, bars := `[...document.querySelectorAll('.lanes li')].find((e) => e.querySelector('a').textContent === 'gray').textContent`, `[...document.querySelectorAll('.alarm')].map((e) => e.textContent).join()`
	browser.Open(server.URL + "/")
	browser.Evaluate(`window.stays = true`, nil)
	until(`document.getElementById('live').textContent === '· live'`)
	publish(func(v *schema.View) { v.Apps[0].Cells[3].State = schema.Drifted })
	until(lanes + `.includes('1 drifted')`)
	until(`document.querySelector('.attention').textContent.includes('catalog in gray')`)
	publish(func(v *schema.View) { v.ProblemCodes = []schema.Code{"log-rollback"} })
	until(bars + `.includes('The ledger is in doubt') && !` + lanes + `.includes('drifted')`)
	publish(func(v *schema.View) { v.Looked = ago(18 * time.Minute) })
	until(bars + `.includes('Stale: Git was last read') && ` + lanes + `.includes('unknown') && !document.querySelector('.attention')`)
	publish(fresh)
	until(`!` + lanes + `.includes('unknown') && !` + bars + `.includes('Stale')`)
	var stays bool
	if browser.Evaluate(`window.stays`, &stays); !stays {
		t.Error("the page was loaded again")
	}
	for _, c := range browser.Complaints() {
		t.Errorf("the console says %s", c)
	}

	browser.Open(server.URL + "/apps")
	until(`document.getElementById('live').textContent === '· live'`)
	browser.Evaluate(`document.querySelector('details').open = true; document.querySelector('[name=q]').value = 'half a wo'; document.querySelector('[name=q]').focus()`, nil)
	publish(func(v *schema.View) { v.ProblemCodes = []schema.Code{"log-rollback"} })
	until(bars + `.includes('The ledger is in doubt')`)
	until(`document.querySelector('details').open && document.activeElement.name === 'q' && document.activeElement.value === 'half a wo'`)

	publish(fresh)
	until(`document.querySelector('[data-cell].good') && !` + bars + `.includes('doubt')`)
	close(over)
	server.CloseClientConnections()
	server.Close()
	until(`document.getElementById('old') && !document.querySelector('.state.good')`)
	if text := browser.Text("main"); !strings.Contains(text, "Stale: nothing was heard from the reconciler since") || !strings.Contains(text, "Unknown.") {
		t.Errorf("after the reconciler has gone the page says:\n%s", text)
	}
}
