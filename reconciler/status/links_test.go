package status_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestMergeRequestsAreLinks: wherever a page or the API names a merge request, it leads there, and nowhere but to the forge that the
// operator named.
func TestMergeRequestsAreLinks(t *testing.T) {
	v := pastOf(troubled(t))
	v.Requests = "https://git.example.com/acme/config/-/merge_requests/"
	v.Apps[0].Cells[0].MergeRequest = 4098
	v.Drafts = []schema.DraftView{{IID: 5001, Title: "a draft", URL: "https://evil.example.org/5001", Author: "ann"}}
	entry := schema.Record{}
	for _, r := range v.Journal.Records {
		if r.MergeRequest != 0 && r.App != "" && r.Result == schema.Passed {
			entry = r
		}
	}
	held := schema.CellView{}
	for _, app := range v.Apps {
		for _, c := range app.Cells {
			if c.Held != nil && c.Held.MergeRequest != 0 && held.Held == nil {
				held = c
			}
		}
	}
	if entry.Seq == 0 || held.Held == nil {
		t.Fatal("the sample names no merge request")
	}
	waits, passed, first := number(held.Held.MergeRequest), number(entry.MergeRequest), v.Apps[0].Cells[0].Cell
	for path, want := range map[string][]string{
		"/":                           {`href="` + v.Requests + waits + `"`, `href="` + v.Requests + `5001"`},
		"/promotions":                 {`href="` + v.Requests + waits + `"`, `href="` + v.Requests + passed + `"`},
		"/audit":                      {`href="` + v.Requests + passed + `"`},
		"/audit/" + number(entry.Seq): {`href="` + v.Requests + passed + `"`},
		"/app/" + string(first.App):   {`href="` + v.Requests + `4098"`},
		"/cell/" + string(first.Stage) + "/" + string(first.App): {`href="` + v.Requests + `4098"`},
		"/api/v1/apps/" + string(first.App):                      {`"url":"` + v.Requests + `4098"`},
		"/api/v1/records":                                        {`"url":"` + v.Requests + passed + `"`},
		"/api/v1/records/" + number(entry.Seq):                   {`"url":"` + v.Requests + passed + `"`},
	} {
		text := body(t, ask(site(t, &v, now), "GET", path))
		for _, want := range want {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s:\n%s", path, want, text)
			}
		}
		if strings.Contains(text, "evil.example.org") {
			t.Errorf("%s leads to another host", path)
		}
	}
	for _, hostile := range []string{"", "javascript:alert(1)//", "data:text/html,", "//evil.example.org/"} {
		v.Requests, v.Drafts = hostile, nil
		if text := body(t, ask(site(t, &v, now), "GET", "/promotions")); hostile != "" && strings.Contains(text, hostile) || !strings.Contains(text, "!"+waits) {
			t.Errorf("of %q: %s", hostile, text)
		}
	}
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
