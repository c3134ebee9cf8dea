package status_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestTheNumbersOfTheAppsFollowTheFilter: a state that can be chosen says how many apps it leaves of those that are asked for,
// and the page how many of all it shows.
func TestTheNumbersOfTheAppsFollowTheFilter(t *testing.T) {
	v := pastOf(sample(t))
	h := site(t, &v, now)
	for path, want := range map[string][]string{
		"/apps":                       {`id="whole">10 of 18 cells as intended`, ">all apps 4<", ">held 2<", ">live 2<"},
		"/apps?q=payments":            {`<p class="verdict">Of the apps that match: 3 of 5 cells as intended; 1 failing; 1 held.`, ">all apps 1<", ">held 1<", ">live 1<", "1 of 4 apps match."},
		"/apps?stage=gray":            {">all apps 3<", ">held 1<", ">live 1<", "3 of 4 apps match."},
		"/apps?stage=gray&state=held": {">all apps 3<", ">held 1<", "1 of 4 apps match."},
		"/apps?q=catalog&state=held":  {">all apps 1<", ">held 0<", "No app matches."},
	} {
		text := body(t, ask(h, "GET", path))
		for _, word := range want {
			if !strings.Contains(text, word) {
				t.Errorf("%s lacks %q: %.4000s", path, word, text[strings.Index(text, "<main"):])
			}
		}
	}
	page := body(t, ask(h, "GET", "/apps"))
	if strings.Contains(page, "apps match.") {
		t.Error("the page of all apps says how many match")
	}
	for _, m := range regexp.MustCompile(`href="([^"]*state=[a-z]+)">([a-z]+) ([0-9]+)<`).FindAllStringSubmatch(page, -1) {
		if got := strings.Count(body(t, ask(h, "GET", m[1])), "<tr>") - 1; m[3] != string(rune('0'+got)) {
			t.Errorf("%s says %s and shows %d apps", m[2], m[3], got)
		}
	}
}
