package status_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestATargetThatDoesNotAnswerIsNeitherLiveNorAnother: what it holds is unknown, since it does not answer.
func TestATargetThatDoesNotAnswerIsNeitherLiveNorAnother(t *testing.T) {
	v := sample(t)
	c := &v.Apps[0].Cells[0]
	c.State, c.Since, c.LiveAt = schema.Unverified, ago(72*time.Hour), ago(72*time.Hour)
	c.Targets = []schema.TargetView{{Name: "etcd", At: ago(72 * time.Hour), Code: "target-unavailable", Unknown: ago(time.Hour)}, {Name: "disk", At: ago(72 * time.Hour), Code: "target-full"}}
	h, err := status.New(status.Config{View: func() *schema.View { return &v }, Now: func() time.Time { return now }, Badges: true})
	if err != nil {
		t.Fatal(err)
	}
	place := string(c.Cell.Stage) + "/" + string(c.Cell.App)
	page := body(t, ask(h, "GET", "/cell/"+place))
	for _, want := range []string{"Since 2026-11-23 06:30 UTC, 59 min ago", `<span class="mark wait">unknown</span> <b>etcd</b> etcd: cannot be reached <span class="soft">since 2026-11-23 06:30 UTC, 59 min ago</span>`, `<span class="mark bad">not written</span> <b>disk</b>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "not as admitted") {
		t.Error("the page says that it is another")
	}
	api := body(t, ask(h, "GET", "/api/v1/cells/"+place))
	for _, want := range []string{`"state":"unverified"`, `"since":"2026-11-23T06:30:20Z"`, `{"name":"etcd","live":false,"code":"target-unavailable","unknown_since":"2026-11-23T06:30:20Z"}`} {
		if !strings.Contains(api, want) {
			t.Errorf("the API lacks %s:\n%s", want, api)
		}
	}
	if badge := body(t, ask(h, "GET", "/badge/"+place+".json")); !strings.Contains(badge, "unverified") {
		t.Errorf("the badge: %s", badge)
	}
}
