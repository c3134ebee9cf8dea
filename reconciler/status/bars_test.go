package status_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestOneCauseIsOneBar: a target that is away is not told of cell by cell above every page.
func TestOneCauseIsOneBar(t *testing.T) {
	v := sample(t)
	v.Problems = []string{"open merge requests are unknown: GitLab answered 503 [forge-unavailable]"}
	for i := range 61 {
		for _, stage := range v.Stages {
			why := "unavailable: not asked: it did not answer about others"
			if i == 30 {
				why = "/config/a/head: unavailable: connection refused"
			}
			v.Problems = append(v.Problems, fmt.Sprintf("deliver app%d in %s: target etcd: %s", i, stage, why))
		}
	}
	for i := range 30 {
		v.Problems = append(v.Problems, fmt.Sprintf("deliver bad%d in gray: document of bad%d in gray: app.yaml:1:4: odd [number]", i, i), fmt.Sprintf("cause %d", i))
	}
	h := site(t, &v, now)
	for _, path := range []string{"/", "/apps", "/wall", "/promotions", "/health"} {
		page := body(t, ask(h, "GET", path))
		bars := strings.Count(page, "<section class=\"alarm wait\"")
		if want := fmt.Sprintf("last pass: %d cells: target etcd: unavailable: connection refused", 61*len(v.Stages)); bars > 5 || !strings.Contains(page, want) ||
			!strings.Contains(page, "30 cells, as bad0 in gray: ") || !strings.Contains(page, `And 30 more that was not found out: <a href="/health">`) {
			t.Errorf("%s has %d bars in %d bytes, want %q", path, bars, len(page), want)
		}
		if path == "/wall" && !strings.Contains(page, ">draft<") {
			t.Errorf("%s has no lanes", path)
		}
	}
	if page := body(t, ask(h, "GET", "/health")); !strings.Contains(page, "cause 10") || !strings.Contains(page, "13 more, which the log has") {
		t.Error("/health has not what stands above no page")
	}
	if page := body(t, ask(h, "GET", "/cell/gray/catalog")); strings.Contains(page, "etcd: unavailable") || strings.Contains(page, "[number]") {
		t.Error("the page of a cell has the bars of others")
	}
}

// TestWhatWasNeverReadIsNotKnown: not whether the project is sealed, and no time at which anything was read.
func TestWhatWasNeverReadIsNotKnown(t *testing.T) {
	v := schema.View{Repository: "config", At: now, StaleAfter: time.Minute, Pulse: &schema.Pulse{}, Problems: []string{"fetch config: remote unreachable: no route [repository-unreachable]"},
		ProblemCodes: []schema.Code{"repository-unreachable"}}
	h := site(t, &v, now)
	for _, path := range []string{"/", "/apps", "/wall", "/health"} {
		page := body(t, ask(h, "GET", path))
		if strings.Contains(page, "Not sealed") || strings.Contains(page, "from the ledger alone") || strings.Contains(page, "0001-01-01") || !strings.Contains(page, "not looked yet") || !strings.Contains(page, "no route") {
			t.Errorf("%s: %s", path, page)
		}
	}
}
