package status_test

import (
	"html"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestTheMatrixIsSortedAndFiltered: by name, by who waits longest, by what is worst, and by what differs; from page to page none
// is left out or told twice.
func TestTheMatrixIsSortedAndFiltered(t *testing.T) {
	v := troubled(t)
	v.Apps[0].Owner, v.Apps[1].Owner, v.Apps[2].Owner = "team-core", "team-core", "@cfg/pay"
	v.Apps[1].Labels, v.Apps[2].Labels = map[string]string{"tier": "1"}, map[string]string{"tier": "1", "area": "pay"}
	h := site(t, &v, now)
	apps := func(query string) string {
		text := body(t, ask(h, "GET", "/api/v1/apps?"+query))
		var out []string
		for _, part := range strings.Split(text, `"app":"`)[1:] {
			name, _, _ := strings.Cut(part, `"`)
			out = append(out, name)
		}
		return strings.Join(out, " ")
	}
	for query, want := range map[string]string{
		"":                               "catalog orders/api payments/ledger search",
		"order=worst+first":              "catalog orders/api payments/ledger search",
		"order=oldest+first":             "payments/ledger orders/api search catalog",
		"differs=staging..gray":          "catalog orders/api payments/ledger search",
		"differs=gray..production":       "search",
		"owner=team-core":                "catalog orders/api",
		"owner=@cfg/pay":                 "payments/ledger",
		"owner=team":                     "",
		"label=tier=1":                   "orders/api payments/ledger",
		"label=tier=1,area=pay":          "payments/ledger",
		"label=tier%3D1&owner=team-core": "orders/api",
		"label=tier=":                    "",
		"label=tier=2":                   "",
		"order=oldest+first&limit=2&after=orders/api": "search catalog",
	} {
		if got := apps(query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, path := range []string{"/api/v1/apps?label=tier", "/apps.csv?label=tier", "/api/v1/apps?label=tier=1,", "/api/v1/apps?label==1"} {
		if r := ask(h, "GET", path); r.StatusCode != 400 {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	page := body(t, ask(h, "GET", "/apps?owner=team-core&label=tier=1"))
	for _, want := range []string{`<option selected>team-core</option>`, `<option selected>tier=1</option>`, `<option>area=pay</option>`, `href="/apps.csv?label=tier%3D1&amp;owner=team-core"`, `href="/app/orders/api"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, `href="/app/catalog"`) {
		t.Error("the page has apps that nobody asked for")
	}
	if page := body(t, ask(h, "GET", "/app/payments/ledger")); !strings.Contains(page, `<a href="/apps?owner=%40cfg%2Fpay">owner @cfg/pay</a> <a href="/apps?label=area%3Dpay">area=pay</a>`) {
		t.Errorf("the app's page does not say whose it is: %.3000s", page)
	}
	if table := body(t, ask(h, "GET", "/apps.csv?label=area=pay")); strings.Count(table, "'@cfg/pay,area=pay tier=1") != 5 {
		t.Errorf("the table: %s", table)
	}
	many := thousand(t, 450)
	slices.SortFunc(many.Apps, func(a, b schema.AppView) int { return strings.Compare(string(a.App), string(b.App)) })
	h = site(t, &many, now)
	for _, order := range []string{"", "worst+first", "oldest+first"} {
		seen, address := map[string]int{}, "/apps?order="+order
		for pages := 0; address != "" && pages < 20; pages++ {
			page := body(t, ask(h, "GET", address))
			for _, part := range strings.Split(page, `<th scope="row"><a href="`)[1:] {
				name, _, _ := strings.Cut(part, `"`)
				seen[name]++
			}
			before, _, found := strings.Cut(page, ` more</a>`)
			if address = ""; found && strings.Contains(before, `aria-label="More of the list"`) {
				address = before[strings.LastIndex(before, `href="`)+6:]
				address = html.UnescapeString(address[:strings.Index(address, `"`)])
			}
		}
		if len(seen) != 450 {
			t.Errorf("in the order %q %d apps were shown", order, len(seen))
		}
	}
}
