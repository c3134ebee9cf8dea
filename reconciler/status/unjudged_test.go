package status_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestAChangeThatCannotBeJudgedIsNotGreen: wherever its cell is shown it has a reason, a time and a link, and no tick.
func TestAChangeThatCannotBeJudgedIsNotGreen(t *testing.T) {
	v := pastOf(sample(t))
	c := v.Apps[1].Cells[0]
	h := site(t, &v, now)
	why := "commit dddddddd holds a change that could not be judged since 2026-11-23 07:05 UTC: GitLab answered 503"
	link := `<a class="code" href="/errors/forge-unavailable"><code>forge-unavailable</code></a>`
	for path, want := range map[string][]string{
		"/":                                    {`href="/cell/development/orders/api"`, why, "1 unjudged", "Wait: nothing is admitted until it answers"},
		"/apps?state=unjudged":                 {why, link, "unjudged 1", `title="2026-11-23 07:05 UTC"`},
		"/app/orders/api":                      {why, link, "Since 2026-11-23 07:05 UTC, 24 min ago."},
		"/cell/development/orders/api":         {why, link, "<span>unjudged</span>"},
		"/api/v1/cells/development/orders/api": {`"state":"unjudged"`, `"since":"2026-11-23T07:05:20Z"`, `"unjudged":{"commit":"dddddddddddddddddddddddddddddddddddddddd","since":"2026-11-23T07:05:20Z","code":"forge-unavailable","why":"GitLab answered 503"}`},
	} {
		text := body(t, ask(h, "GET", path))
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %s", path, w)
			}
		}
	}
	var b bytes.Buffer
	if exit := status.WriteWhy(&b, v, c.Cell, options()); exit != 1 || !strings.Contains(b.String(), why+" [forge-unavailable]") {
		t.Errorf("sluice why: exit %d\n%s", exit, &b)
	}
	b.Reset()
	if status.WriteStatus(&b, v, "orders/api", options()); !strings.Contains(b.String(), "unjudged    25 min") || !strings.Contains(b.String(), why[:70]) {
		t.Errorf("sluice status:\n%s", &b)
	}
	v.Unjudged = c.Unjudged
	if text := body(t, ask(site(t, &v, now), "GET", "/")); !strings.Contains(text, "The control files are not as they were judged") {
		t.Error("that the control files could not be judged is not told")
	}
}

// TestWhyAChangeCannotBeJudgedIsNotForEverybody: the words of an error may name anything; its code may not.
func TestWhyAChangeCannotBeJudgedIsNotForEverybody(t *testing.T) {
	v := secretive(t)
	h := shared(t, proxied, map[string]*schema.View{"config": &v}, "config")
	for _, path := range []string{"/cell/production/payments/ledger", "/api/v1/cells/production/payments/ledger"} {
		part, all := body(t, ask(h, "GET", path, "X-User", "bob", "X-Groups", "pay")), body(t, ask(h, "GET", path, "X-User", "ann", "X-Groups", "all"))
		if !strings.Contains(part, "forge-unavailable") || strings.Contains(part, "4711 is") || !strings.Contains(all, "4711 is unknown") {
			t.Errorf("%s: who sees a part is told %v and %v, who sees all %v", path, strings.Contains(part, "forge-unavailable"), strings.Contains(part, "4711 is"), strings.Contains(all, "4711 is unknown"))
		}
	}
}
