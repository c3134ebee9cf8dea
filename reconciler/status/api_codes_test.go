package status_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestEveryCodeOfAnAddressIsDescribed brings each address of the API to every code that it can answer with: the description has those,
// and no others.
func TestEveryCodeOfAnAddressIsDescribed(t *testing.T) {
	v := filed(t, pastOf(troubled(t)))
	open, unread := readable(t, &v, true), site(t, nil, now)
	views := map[string]*schema.View{"config": &v}
	local, asking := shared(t, status.Access{ThisHost: true}, views, "config"), shared(t, proxied, views, "config")
	tired := status.NewLimit(status.Access{}, func() time.Time { return now }).Guard(open)
	for range 200 {
		ask(tired, "GET", "/healthz")
	}
	d := readDescription(t, open)
	for path := range d.Paths {
		open, met := open, map[string]bool{}
		if path == "/api/v1/events" {
			open = site(t, &v, now) // whose streams end
		}
		note := func(r *http.Response) {
			met[fmt.Sprint(r.StatusCode)] = true
			if r.StatusCode >= 400 && r.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %d is %s", path, r.StatusCode, r.Header.Get("Content-Type"))
			}
			if r.StatusCode == 405 && r.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s: 405 allows %q", path, r.Header.Get("Allow"))
			}
		}
		address := strings.NewReplacer("{stage}", "gray", "{app}", "catalog", "{seq}", "40").Replace(path)
		nothing := strings.NewReplacer("{stage}", "moon", "{app}", "nobody", "{seq}", "999").Replace(path)
		if path == "/api/v1/diff" {
			address, nothing = address+"?app=catalog", nothing+"?app=nobody"
		}
		ok := ask(open, "GET", address)
		note(ok)
		note(ask(open, "GET", address, "If-None-Match", ok.Header.Get("ETag")))
		note(ask(open, "GET", nothing))
		note(ask(open, "GET", strings.TrimSuffix(address, "?app=catalog")+"?bogus=1"))
		note(ask(open, "DELETE", address))
		note(ask(unread, "GET", address))
		note(ask(local, "GET", "http://sluice.example"+address))
		note(ask(asking, "GET", address))
		note(ask(tired, "GET", address))
		w := httptest.NewRecorder()
		if path == "/api/v1/events" {
			met["503"] = true // with two thousand streams, which nobody opens here
		} else {
			status.Broken(w, httptest.NewRequest("GET", address, nil))
			note(w.Result())
		}
		described := slices.Sorted(maps.Keys(d.Paths[path].Get.Responses))
		if got := slices.Sorted(maps.Keys(met)); !slices.Equal(got, described) {
			t.Errorf("%s answers with %v, and %v is described", path, got, described)
		}
	}
}

// TestNoCodeIsUsedThatNothingDescribes: a new one goes into the description, and among what the test above asks for.
func TestNoCodeIsUsedThatNothingDescribes(t *testing.T) {
	v := sample(t)
	described := map[string]bool{"StatusTemporaryRedirect": true} // of /p/NAME, which is a page's
	for _, one := range readDescription(t, site(t, &v, now)).Paths {
		for code := range one.Get.Responses {
			var number int
			if _, err := fmt.Sscan(code, &number); err != nil {
				t.Fatal(err)
			}
			described["Status"+strings.ReplaceAll(http.StatusText(number), " ", "")] = true
		}
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`http\.(Status[A-Z]\w+)`).FindAllStringSubmatch(string(text), -1) {
			if !described[found[1]] && found[1] != "StatusText" {
				t.Errorf("%s answers with %s, which no address of the API is described with", name, found[1])
			}
		}
	}
}
