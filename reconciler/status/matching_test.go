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
		"":                         "catalog orders/api payments/ledger search",
		"order=worst+first":        "catalog orders/api payments/ledger search",
		"order=oldest+first":       "payments/ledger orders/api search catalog",
		"differs=staging..gray":    "catalog orders/api payments/ledger search",
		"differs=gray..production": "search",
		"order=oldest+first&limit=2&after=orders/api": "search catalog",
	} {
		if got := apps(query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
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
