package status_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestBeforeAnythingIsKnown: the page says what goes on, and shows no zero as if it were a fact.
func TestBeforeAnythingIsKnown(t *testing.T) {
	doing := func() schema.Starting {
		return schema.Starting{Doing: "what is new is judged", Since: ago(12 * time.Second), Done: 412}
	}
	h, err := status.New(status.Config{View: func() *schema.View { return nil }, Now: func() time.Time { return now }, Starting: doing})
	if err != nil {
		t.Fatal(err)
	}
	const want = "Starting: what is new is judged, since 07:30:08 UTC; 412 changes judged so far. Nothing is known yet."
	page := body(t, ask(h, "GET", "/apps"))
	if !strings.Contains(page, want) || strings.Contains(page, "0 cells") || !strings.Contains(page, `http-equiv="refresh" content="2"`) {
		t.Errorf("the page: %s", page)
	}
	if r := ask(h, "GET", "/api/v1/apps"); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body(t, r), want) {
		t.Errorf("the API: %d", r.StatusCode)
	}
	part := status.Access{Header: "X-User", Groups: "X-Groups", Networks: proxied.Networks, Visible: proxied.Visible}
	h, err = status.NewProjects(status.Config{Now: func() time.Time { return now }}, []status.Project{{Name: "config", View: func() *schema.View { return nil }, Starting: doing}}, part)
	if err != nil {
		t.Fatal(err)
	}
	if page := body(t, ask(h, "GET", "/apps", "X-User", "bob", "X-Groups", "pay")); strings.Contains(page, "412") || !strings.Contains(page, "Starting") {
		t.Errorf("who sees a part is told how many there are: %s", page)
	}
}

// TestInstancesStandOnThePage: how many run what is admitted, and which do not.
func TestInstancesStandOnThePage(t *testing.T) {
	v := sample(t)
	v.Apps[0].Cells[3].Instances = &schema.InstancesView{Stage: "gray", At: ago(time.Minute), Total: 12, Running: 9, Refused: 1, Quiet: 1,
		Refusing: []schema.RefusalView{{Instance: "pod-<b>7</b>", Why: "rejected", Entry: 31}}, Other: []schema.OtherInstance{{Instance: "pod-8", Seq: 30}}}
	h := site(t, &v, now)
	for path, wants := range map[string][]string{
		"/apps":                      {"9 of 12 run it"},
		"/cell/gray/catalog":         {"9 of 12 instances in gray run it", "pod-&lt;b&gt;7&lt;/b&gt;: entry #31 does not fit the program", "pod-8: runs entry #30", "not all"},
		"/api/v1/cells/gray/catalog": {`"instances":{"at":"2026-11-23T07:29:20Z","total":12,"running":9,"refused":1,"quiet":1}`},
	} {
		text := body(t, ask(h, "GET", path))
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	}
	d := readDescription(t, h)
	d.holds("/api/v1/cells/{stage}/{app}", ask(h, "GET", "/api/v1/cells/gray/catalog"))
	c := &v.Apps[0].Cells[3]
	was := *c
	c.Instances.Content = content("9")
	if text := body(t, ask(site(t, &v, now), "GET", "/cell/gray/catalog")); !strings.Contains(text, "9 of 12 instances in gray ran what was there before") {
		t.Error("what was counted of what was there before is said of what came")
	}
	c.Seq, c.Revision = 50, schema.None
	if text := body(t, ask(site(t, &v, now), "GET", "/cell/gray/catalog")); !strings.Contains(text, "12 instances in gray still there") || strings.Contains(text, "run it") {
		t.Error("of an app that leaves it says who runs it")
	}
	*c = was
	v.Looked = ago(time.Hour)
	if text := body(t, ask(site(t, &v, now), "GET", "/apps")); strings.Contains(text, "run it") {
		t.Error("of what is old it says who runs it")
	}
}
