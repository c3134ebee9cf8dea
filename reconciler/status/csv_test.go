package status_test

import (
	"encoding/csv"
	"html"
	"strings"
	"testing"
)

// TestTablesAreSafeToOpen: everything that matches is in them, and no text of others is a formula.
func TestTablesAreSafeToOpen(t *testing.T) {
	v := pastOf(troubled(t))
	v.Journal.Records[3].Authors = []string{"=cmd|' /C calc'!A1"}
	v.Apps[0].App = "@SUM(A1)"
	h := site(t, &v, now)
	for path, want := range map[string]int{"/apps.csv": 20, "/apps.csv?state=held": 10, "/apps.csv?state=held&stage=gray": 5, "/audit.csv": 48, "/audit.csv?kind=nothing": 0, "/transitions.csv?window=90d": 1} {
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
