package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
)

// tour is a walk through the demo's page: which addresses were read, and which are still to be, by the page that leads there.
type tour struct {
	t       *testing.T
	browser *real.Browser
	root    string
	seen    map[string]bool
	kinds   map[string]int
	read    []string // addresses of pages, as they were come to
}

// mostOfAKind bounds how many pages of one kind are read: all entries of the ledger look alike.
const mostOfAKind = 3

// TestBrowserClicksThroughTheDemo starts the demo and goes wherever its page leads, by clicking. Nothing overlaps or is cut on a
// desk and on a phone, axe-core finds nothing, the console stays empty, and all of it is readable without scripts.
// SLUICE_SCREENSHOTS=DIR keeps pictures.
func TestBrowserClicksThroughTheDemo(t *testing.T) {
	if os.Getenv("SLUICE_E2E") == "" && os.Getenv("SLUICE_SCREENSHOTS") == "" {
		t.Skip("a browser is driven by make e2e and make screenshots alone")
	}
	t.Parallel()
	p := play(t, "--serve")
	p.await("Still running; press Ctrl-C to end.")
	found := regexp.MustCompile(`status page\s+(http://127\.0\.0\.1:\d+)/`).FindStringSubmatch(p.said())
	if found == nil {
		t.Fatalf("the demo names no page:\n%s", p.said())
	}
	w := &tour{t: t, browser: real.Chromium(t, 1400, 900), root: found[1], seen: map[string]bool{"/": true}, kinds: map[string]int{}}
	w.browser.Open(w.root + "/")
	w.look("/")
	for i := 0; i < len(w.read); i++ {
		w.follow(w.read[i])
	}
	for _, kind := range []string{"/", "/apps", "/app", "/cell", "/values", "/diff", "/promotions", "/transitions", "/audit", "/policies", "/health", "/wall", "/errors"} {
		if w.kinds[kind] == 0 {
			t.Errorf("nothing leads to a page of the kind %s", kind)
		}
	}
	w.onAPhone()
	w.withoutScripts()
	p.interrupt(exitDone)
}

// pageKind is the first part of an address.
func pageKind(address string) string {
	path, _, _ := strings.Cut(address, "?")
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return "/" + first
}

// links are the addresses within the site that the page in the browser leads to.
func (w *tour) links() []string {
	var all []string
	w.browser.Evaluate(`[...document.links].filter(a => a.checkVisibility()).map(a => a.getAttribute('href')).filter(h => h.startsWith('/'))`, &all)
	slices.Sort(all)
	return slices.Compact(all)
}

// follow clicks each link of a page that leads to one of a kind that was not read often yet.
func (w *tour) follow(from string) {
	w.t.Helper()
	w.browser.Open(w.root + from)
	for _, link := range w.links() {
		if w.seen[link] || w.kinds[pageKind(link)] >= mostOfAKind {
			continue
		}
		w.seen[link] = true
		if w.forPrograms(link) {
			continue
		}
		w.browser.Open(w.root + from)
		w.browser.Click(fmt.Sprintf("a[href=%q]", link))
		var at string
		w.browser.Evaluate(`location.pathname + location.search`, &at)
		if want, err := url.Parse(w.root + link); err != nil || at != want.RequestURI() {
			w.t.Fatalf("the link %s of %s leads to %s", link, from, at)
		}
		w.look(link)
	}
}

// forPrograms asks for what is no page, and wants that it answers.
func (w *tour) forPrograms(link string) bool {
	w.t.Helper()
	kind := pageKind(link)
	if !strings.Contains(kind, ".") && kind != "/api" && kind != "/healthz" && kind != "/badge" {
		return false
	}
	w.kinds[kind]++
	r, err := http.Get(w.root + link)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK {
		w.t.Errorf("%s answers %s", link, r.Status)
	}
	return true
}

// look holds the page in the browser to what is wanted of every page.
func (w *tour) look(address string) {
	w.t.Helper()
	w.kinds[pageKind(address)]++
	w.read = append(w.read, address)
	problems := append(w.browser.Overlaps(), w.browser.Violations()...)
	for _, problem := range append(problems, w.browser.Complaints()...) {
		if pageKind(address) == "/wall" && strings.HasPrefix(problem, "meta-refresh") {
			continue // nobody reads a screen on a wall with a keyboard, and it has no script
		}
		w.t.Errorf("%s: %s", address, problem)
	}
	w.picture(address, "desktop")
}

func (w *tour) picture(address, look string) {
	if dir := os.Getenv("SLUICE_SCREENSHOTS"); dir != "" && w.kinds[pageKind(address)] == 1 {
		name := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(pageKind(address)), "-"), "-")
		w.browser.Screenshot(filepath.Join(dir, "demo-"+name+"-"+look+".png"))
	}
}

// onAPhone looks at a page of each kind on a small screen in the dark.
func (w *tour) onAPhone() {
	w.t.Helper()
	w.browser.Look(390, 844, true, true)
	w.kinds = map[string]int{}
	for _, address := range w.read {
		if w.kinds[pageKind(address)]++; w.kinds[pageKind(address)] > 1 {
			continue
		}
		w.browser.Open(w.root + address)
		for _, problem := range w.browser.Overlaps() {
			w.t.Errorf("%s on a phone: %s", address, problem)
		}
		w.picture(address, "phone")
	}
}

// withoutScripts wants of each page that it says as much.
func (w *tour) withoutScripts() {
	w.t.Helper()
	w.browser.Look(1400, 900, false, false)
	for _, address := range w.read {
		w.browser.Open(w.root + address)
		if title, text := w.browser.Text("h1"), w.browser.Text("main"); title == "" || len(text) < len(title)+20 {
			w.t.Errorf("without scripts %s says %q", address, text)
		}
	}
	for address, want := range map[string]string{"/": "Last let in", "/apps": "payments", "/audit": "admit", "/diff?app=payments": "Compare payments"} {
		w.browser.Open(w.root + address)
		if text := w.browser.Text("body"); !strings.Contains(text, want) {
			w.t.Errorf("without scripts %s does not say %q:\n%.2000s", address, want, text)
		}
	}
}
