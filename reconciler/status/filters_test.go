package status_test

import (
	"strings"
	"testing"
)

// misunderstood are addresses with a filter that can mean nothing, with the page that has the same.
var misunderstood = []struct{ api, page, why string }{
	{"/api/v1/records?before=x", "/audit?before=x", "before=x"},
	{"/api/v1/records?before=0", "/audit?before=0", "before=0"},
	{"/api/v1/records?before=-3", "/promotions?before=-3", "before=-3"},
	{"/api/v1/records?before=99999999999999999999", "/audit?before=99999999999999999999", "before=99999999999999999999"},
	{"/api/v1/records?window=3d", "/audit?window=3d", "window=3d"},
	{"/api/v1/records?result=bogus", "/audit?result=bogus", "result=bogus"},
	{"/api/v1/records?kind=bogus", "/audit?kind=bogus", "kind=bogus"},
	{"/api/v1/records?from=moon", "/audit?from=moon", "from=moon"},
	{"/api/v1/records?to=moon&kind=admit", "/audit?to=moon", "to=moon"},
	{"/audit.csv?result=bogus", "", ""},
	{"/audit.csv?before=x", "", ""},
	{"/transitions.csv?window=1h", "/transitions?window=1h", "window=1h"},
	{"/transitions.csv?result=ok", "/transitions?result=ok", "result=ok"},
	{"/api/v1/transitions?result=bogus", "/transitions?result=bogus", "result=bogus"},
	{"/api/v1/diff?app=catalog&after=x", "/diff?app=catalog&after=x", "after=x"},
	{"/api/v1/diff?app=catalog&from=gray", "", ""},
	{"/api/v1/diff?app=catalog&to=gray", "", ""},
	{"/api/v1/values/gray/catalog?after=100", "/values/gray/catalog?after=100", "after=100"},
	{"/api/v1/apps?q=%zz", "/apps?q=%zz", "the address"},
	{"/api/v1/apps?state=held;stage=gray", "/apps?state=held;stage=gray", "the address"},
	{"/api/v1/apps?label=a=b&label=c=d", "/apps?label=a=b&label=c=d", "label="},
	{"/apps.csv?state=held&state=live", "/apps?state=held&state=live", "state="},
	{"/api/v1/apps?q=" + strings.Repeat("x", 101), "/apps?q=" + strings.Repeat("x", 101), "q=x"},
	{"/api/v1/apps?state=bogus", "/apps?state=bogus", "state=bogus"},
	{"/api/v1/apps?label=x", "/apps?label=x", "label=x"},
	{"/api/v1/apps?differs=x", "/apps?differs=x", "differs=x"},
	{"/api/v1/apps?order=best", "/apps?order=best", "order=best"},
	{"/api/v1/apps?stat=held", "/apps?stat=held", "stat=held (there is no such filter here: it is one of q, stage, state,"},
	{"/audit.csv?limit=3", "/audit?sate=held", "sate=held"},
	{"/api/v1/version?q=x", "/health?q=x", "q=x (there is no such filter here)"},
	{"/view.json?state=held", "", ""},
	{"/feed.atom?app=catalog", "", ""},
	{"/view.json?%zz", "", ""},
	{"/api/v1/policies?%zz", "/policies?%zz", "the address"},
}

// TestWhatAFilterCannotMeanIsNotPassedOver: a program gets an error where it would take the answer for what it asked, and a
// person reads what was left out.
func TestWhatAFilterCannotMeanIsNotPassedOver(t *testing.T) {
	v := filed(t, pastOf(troubled(t)))
	h := readable(t, &v, true)
	for _, row := range misunderstood {
		if r := ask(h, "GET", row.api); r.StatusCode != 400 || r.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d as %s, want a problem that is 400", row.api, r.StatusCode, r.Header.Get("Content-Type"))
		}
		if row.page == "" {
			continue
		}
		r := ask(h, "GET", row.page)
		if text := body(t, r); r.StatusCode != 200 || !strings.Contains(text, "Left out, for it can mean nothing here: "+row.why) {
			t.Errorf("%s: %d, and does not say that %s is left out", row.page, r.StatusCode, row.why)
		}
	}
	for _, path := range []string{
		"/apps", "/apps?q=&state=&stage=&label=", "/audit?kind=break-glass", "/audit?kind=admit&before=40&window=90d&result=ok", "/transitions?window=24h&result=held", "/diff?app=catalog&from=gray&to=staging&all",
		"/api/v1/records?kind=break-glass&from=draft&to=archived", "/api/v1/transitions?result=held", "/apps.csv?label=a=b", "/api/v1/apps?state=held&limit=", "/apps?still", "/api/v1/diff?app=catalog&from=gray&to=staging&all&limit=1",
	} {
		r := ask(h, "GET", path)
		if text := body(t, r); r.StatusCode != 200 || strings.Contains(text, "Left out") {
			t.Errorf("%s is understood, and answers %d: %.200s", path, r.StatusCode, text)
		}
	}
}
