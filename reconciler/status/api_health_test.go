package status_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/schema"
)

// told is what a program keeps of /api/v1/health.
type told struct {
	Checks []struct {
		Name, Result, Text string
		Because            []struct{ Code, Text, Fix string }
	}
}

func health(t *testing.T, v *schema.View) (results map[string]string, all told) {
	t.Helper()
	if err := json.Unmarshal([]byte(body(t, ask(site(t, v, now), "GET", "/api/v1/health"))), &all); err != nil {
		t.Fatal(err)
	}
	results = map[string]string{}
	for _, c := range all.Checks {
		results[c.Name] = c.Result
	}
	return results, all
}

// A program learns what the page says of each thing that sluice depends on: what is well, and of what is not the code and what to do.
func TestHealthForPrograms(t *testing.T) {
	v := pastOf(sample(t))
	v.Apps, v.Compared = v.Apps[:1], ago(2*time.Second)
	got, all := health(t, &v)
	if diff := cmp.Diff(map[string]string{"git": "ok", "targets": "ok", "questions": "ok", "ledger": "ok"}, got); diff != "" {
		t.Errorf("all is well (-want +got):\n%s", diff)
	}
	for _, c := range all.Checks {
		if c.Text == "" || strings.Contains(c.Text, "\u00a0") || len(c.Because) > 0 {
			t.Errorf("all is well, and it says %+v", c)
		}
	}
	if page := body(t, ask(site(t, &v, now), "GET", "/health")); !strings.Contains(page, `href="/api/v1/health"`) {
		t.Errorf("the page does not name its JSON: %s", page)
	}
	for i := range v.Apps[0].Cells {
		if c := &v.Apps[0].Cells[i]; len(c.Targets) > 0 {
			c.State, c.Targets = schema.Unverified, []schema.TargetView{{Name: "etcd", Code: "target-unavailable", Unknown: ago(2 * time.Minute)}}
		}
	}
	v.Looked = ago(time.Hour)
	for n := range 5 {
		v.Problems = append(v.Problems, fmt.Sprintf("decide app-%d in gray: cause %d", n, n))
	}
	got, all = health(t, &v)
	if diff := cmp.Diff(map[string]string{"git": "fails", "targets": "fails", "questions": "fails", "ledger": "ok"}, got); diff != "" {
		t.Errorf("much is wrong (-want +got):\n%s", diff)
	}
	for _, c := range all.Checks {
		switch because := c.Because; c.Name {
		case "targets":
			if len(because) != 1 || because[0].Code != "target-unavailable" || !strings.Contains(because[0].Text, "etcd: ") || because[0].Fix == "" {
				t.Errorf("got %+v, want the target with its code and what to do", because)
			}
		case "questions":
			if len(because) != 5 || because[0].Text != "decide app-0 in gray: cause 0" {
				t.Errorf("got %+v, want each cause, also those that the pages have bars for", because)
			}
		}
	}
}
