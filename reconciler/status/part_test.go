package status_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestWhoSeesAPartIsToldNothingEmpty: what is not for him is left out, and not said to be null or nothing.
func TestWhoSeesAPartIsToldNothingEmpty(t *testing.T) {
	v := secretive(t)
	h := shared(t, proxied, map[string]*schema.View{"config": &v}, "config")
	for path, want := range map[string]struct{ has, not string }{
		"/policies":          {"<b>approvals</b>", "null"},
		"/api/v1/checkpoint": {`"ledger":`, "000000"},
		"/health":            {"version", "ledger commit"},
		"/transitions":       {"Transitions in the last 30d", "are kept here"},
	} {
		text := body(t, ask(h, "GET", path, "X-User", "bob", "X-Groups", "pay"))
		if !strings.Contains(text, want.has) || strings.Contains(text, want.not) {
			t.Errorf("%s lacks %q or has %q: %.3000s", path, want.has, want.not, text)
		}
	}
	d := readDescription(t, site(t, &v, now))
	d.holds("/api/v1/checkpoint", ask(h, "GET", "/api/v1/checkpoint", "X-User", "bob", "X-Groups", "pay"))
	d.holds("/api/v1/policies", ask(h, "GET", "/api/v1/policies", "X-User", "bob", "X-Groups", "pay"))
	if text := body(t, ask(h, "GET", "/policies", "X-User", "ann", "X-Groups", "all")); !strings.Contains(text, "observed") {
		t.Error("whoever sees everything is not told what a policy is set to")
	}
}

// TestAnEntryAboutTheControlFilesIsAboutNoApp: it leads to no cell, and says what it is about.
func TestAnEntryAboutTheControlFilesIsAboutNoApp(t *testing.T) {
	v := pastOf(troubled(t))
	v.Journal.Records[47] = schema.Record{Seq: 48, Kind: "hold", Result: schema.Waiting, At: ago(time.Hour), Change: schema.Edit, Becomes: revision("5"), Authors: []string{"alice"}}
	for _, path := range []string{"/audit", "/audit/48", "/promotions"} {
		text := body(t, ask(site(t, &v, now), "GET", path))
		if !strings.Contains(text, "control files r:55555555") || strings.Contains(text, "/cell//") || strings.Contains(text, " in :") {
			t.Errorf("%s: %.6000s", path, text[strings.Index(text, "<main"):])
		}
	}
}

// TestTimesAreNotUnderstated: what took 4.6 seconds took at most 5, on the page as in the table; and what was not let in took none.
func TestTimesAreNotUnderstated(t *testing.T) {
	v := pastOf(troubled(t))
	for i := range v.Journal.Records {
		if r := &v.Journal.Records[i]; r.From == schema.DraftNode && r.To == "development" {
			r.Opened = r.At.Add(-4600 * time.Millisecond)
		}
	}
	h := site(t, &v, now)
	if text := body(t, ask(h, "GET", "/transitions?window=90d")); !strings.Contains(text, `<td data-name="Half took at most">5 s</td>`) {
		t.Errorf("the page: %.6000s", text)
	}
	if text := body(t, ask(h, "GET", "/transitions?window=90d&result=held")); strings.Contains(text, "Half took") {
		t.Error("the page says how long what was held took to be let in")
	}
	for result, want := range map[string]string{"": "5", "admitted": "5", "held": ""} {
		lines, err := csv.NewReader(strings.NewReader(body(t, ask(h, "GET", "/transitions.csv?window=90d&result="+result)))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, line := range lines {
			if line[1] == "draft" && line[2] == "development" {
				if found = true; line[6] != want {
					t.Errorf("result %q: p50 is %q, want %q", result, line[6], want)
				}
			}
		}
		if !found {
			t.Errorf("result %q: no line of the step", result)
		}
	}
}

// TestWhoSeesNothingIsToldNoTimeAndNoNumber: there is no entry to have them of.
func TestWhoSeesNothingIsToldNoTimeAndNoNumber(t *testing.T) {
	v := schema.View{Project: "k3p9", Repository: "config", At: ago(time.Second), Looked: ago(time.Second), StaleAfter: time.Minute, Narrowed: true, Ledger: schema.LedgerView{Size: 1}, Stages: stages, Journal: &schema.Journal{Read: 1}}
	h := site(t, &v, now)
	for path, wrong := range map[string]string{"/": "ledger #1", "/health": "unknown time", "/feed.atom": "0001-01-01"} {
		if text := body(t, ask(h, "GET", path)); strings.Contains(text, wrong) {
			t.Errorf("%s says %q: %s", path, wrong, text)
		}
	}
	if text := body(t, ask(h, "GET", "/health")); !strings.Contains(text, "there is no entry that you may see") {
		t.Errorf("/health: %s", text)
	}
}
