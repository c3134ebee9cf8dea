package status_test

import (
	"encoding/csv"
	"html"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestTablesAreSafeToOpen: everything that matches is in them, and no text of others is a formula.
func TestTablesAreSafeToOpen(t *testing.T) {
	v := pastOf(troubled(t))
	v.Journal.Records[3].Authors = []string{"=cmd|' /C calc'!A1"}
	v.Apps[0].App = "@SUM(A1)"
	h := site(t, &v, now)
	for path, want := range map[string]int{"/apps.csv": 20, "/apps.csv?state=held": 10, "/apps.csv?state=held&stage=gray": 5, "/audit.csv": 48, "/audit.csv?kind=expunge": 0, "/transitions.csv?window=90d": 1} {
		r := ask(h, "GET", path)
		lines, err := csv.NewReader(strings.NewReader(body(t, r))).ReadAll()
		if err != nil || r.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("%s: %v, %v", path, err, r.Header)
		}
		if n := len(lines) - 1; n != want && !(strings.HasPrefix(path, "/transitions") && n >= want) {
			t.Errorf("%s: %d lines, want %d", path, n, want)
		}
		for _, line := range lines {
			for _, cell := range line {
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
					t.Errorf("%s has the formula %q", path, cell)
				}
			}
		}
	}
}

// TestAPartOfATableDoesNotLookWhole: what is not read or not understood is an error, and what is not kept is in the file's name.
func TestAPartOfATableDoesNotLookWhole(t *testing.T) {
	v := pastOf(troubled(t))
	h := site(t, &v, now)
	for _, path := range []string{"/apps.csv?state=well", "/apps.csv?stage=moon", "/apps.csv?order=best", "/apps.csv?differs=moon..gray"} {
		if r := ask(h, "GET", path); r.StatusCode != 400 || r.Header.Get("Content-Disposition") != "" {
			t.Errorf("%s: %d, %v", path, r.StatusCode, r.Header)
		}
	}
	if said := ask(h, "GET", "/audit.csv").Header.Get("Content-Disposition"); !strings.Contains(said, `"audit.csv"`) {
		t.Errorf("all that there is is saved as %s", said)
	}
	kept := v
	journal := *v.Journal
	journal.Records = journal.Records[5:]
	kept.Journal = &journal
	for path, want := range map[string]string{"/audit.csv": "audit-from-entry-6.csv", "/transitions.csv": "transitions-from-entry-6.csv", "/apps.csv": "apps.csv"} {
		if said := ask(site(t, &kept, now), "GET", path).Header.Get("Content-Disposition"); !strings.Contains(said, `"`+want+`"`) {
			t.Errorf("%s of what is kept is saved as %s", path, said)
		}
	}
	part := v
	half := *v.Journal
	half.Read, half.Records = 20, half.Records[:20]
	part.Journal = &half
	for _, path := range []string{"/audit.csv", "/transitions.csv"} {
		for _, view := range []schema.View{part, {Stages: v.Stages, Apps: v.Apps, Ledger: v.Ledger}} {
			r := ask(site(t, &view, now), "GET", path)
			if text := body(t, r); r.StatusCode != 503 || r.Header.Get("Content-Disposition") != "" || !strings.Contains(text, "read") {
				t.Errorf("%s of a part: %d, %s", path, r.StatusCode, text)
			}
		}
	}
}

// TestEveryPageSaysWhereProgramsFindIt: the address is there, and answers.
func TestEveryPageSaysWhereProgramsFindIt(t *testing.T) {
	v := filed(t, pastOf(troubled(t)))
	h := readable(t, &v, true)
	for _, path := range append(everyPage(), "/diff?app=catalog&from=gray&to=staging", "/values/gray/catalog", "/apps?order=worst+first&differs=staging..gray") {
		page := body(t, ask(h, "GET", path))
		_, rest, found := strings.Cut(page, `<link rel="alternate" type="application/json" href="`)
		if !found {
			if path != "/wall" && path != "/nowhere" && !strings.HasPrefix(path, "/errors/") {
				t.Errorf("%s does not say where programs find it", path)
			}
			continue
		}
		address, _, _ := strings.Cut(rest, `"`)
		if r := ask(h, "GET", html.UnescapeString(address)); r.StatusCode != 200 {
			t.Errorf("%s says %s, which answers %d", path, address, r.StatusCode)
		}
	}
}

// TestWhoSignedARollbackIsNamedAndFound: whoever wrote what comes back did not bring it back.
func TestWhoSignedARollbackIsNamedAndFound(t *testing.T) {
	v := pastOf(troubled(t))
	r := &v.Journal.Records[47]
	r.Kind, r.Change, r.Authors, r.Signers, r.Approvers, r.Operator = "rollback", schema.Rollback, []string{"ann"}, []string{"bob"}, nil, "carol"
	h := site(t, &v, now)
	for path, want := range map[string]string{
		"/audit?who=bob&kind=rollback":          "signed by bob, content by ann",
		"/audit/48":                             "signed by bob, content by ann",
		"/feed.atom":                            "signed by bob, content by ann",
		"/api/v1/records?who=bob&kind=rollback": `"seq":48,"kind":"rollback"`,
		"/audit.csv?who=bob&kind=rollback":      ",ann,,bob,carol,",
	} {
		if said := body(t, ask(h, "GET", path)); !strings.Contains(said, want) {
			t.Errorf("%s does not say %q:\n%s", path, want, said)
		}
	}
	if said := body(t, ask(h, "GET", "/audit?who=alice")); !strings.Contains(said, "by alice, approved by bob, carol") || strings.Contains(said, "content by") {
		t.Error("who signed what he wrote himself is named otherwise than before")
	}
}
