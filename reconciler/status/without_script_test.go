package status_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestWithoutScriptAPageSaysThatItIsOfThen: what nothing keeps fresh says as of when it is, and loads itself again or says that it does not.
func TestWithoutScriptAPageSaysThatItIsOfThen(t *testing.T) {
	v := filed(t, pastOf(sample(t)))
	h := readable(t, &v, true)
	script := regexp.MustCompile(`(?s)<noscript>.*?</noscript>`)
	for _, path := range []string{"/", "/apps", "/apps?still", "/app/catalog", "/cell/gray/catalog", "/diff?app=catalog&from=gray&to=staging", "/promotions", "/transitions", "/audit", "/audit/1", "/policies", "/health", "/wall"} {
		page := body(t, ask(h, "GET", path))
		head, _, _ := strings.Cut(page, "<main")
		inert := strings.Join(script.FindAllString(head, -1), "")
		scripted := strings.Contains(head, "<script")
		if !scripted {
			inert = head
		}
		if !strings.Contains(head, "as of 20") || strings.Contains(head, "· live<") {
			t.Errorf("%s: no time stands above it", path)
		}
		reloads, told := strings.Contains(inert, `http-equiv="refresh"`), strings.Contains(inert, "loads itself again every ")
		if reloads != told || !told && !strings.Contains(inert, `stays as it was then until you <a href="">reload it</a>`) {
			t.Errorf("%s: reloads %v and says so %v, script %v: %s", path, reloads, told, scripted, inert)
		}
		if scripted && strings.Contains(script.ReplaceAllString(head, ""), "stays as it was") {
			t.Errorf("%s: with a script it says that it stays", path)
		}
	}
}
