package status_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sluice-gitops/sluice/reconciler/status"
)

// TestHeadHasWhatGetHas asks a server for everything both ways, also for what there is not: the headers are the same.
func TestHeadHasWhatGetHas(t *testing.T) {
	v := filed(t, pastOf(troubled(t)))
	server := httptest.NewServer(readable(t, &v, true))
	defer server.Close()
	headers := func(method, path string) string {
		r, err := http.NewRequest(method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		resp.Header.Del("Date")
		return resp.Status + fmt.Sprint(resp.Header)
	}
	for _, path := range append(status.Routes(), "/nothing", "/api/v1/nothing", "/api/v1/apps/nobody", "/api/v1/apps?bogus", "/app/nobody", "/audit/999", "/errors/nope", "/badge/gray/catalog.svg", "/apps?q=%zz") {
		if strings.Contains(path, "/events") {
			continue // which does not end
		}
		if get, head := headers("GET", path), headers("HEAD", path); get != head {
			t.Errorf("%s:\n GET  %s\n HEAD %s", path, get, head)
		}
	}
}

// TestOddRequestsAreAnsweredShortly: what is long or torn in a request makes no long answer and no page that is not there.
func TestOddRequestsAreAnsweredShortly(t *testing.T) {
	v := filed(t, pastOf(troubled(t)))
	h := readable(t, &v, true)
	long := strings.Repeat("a", 10<<10)
	var many strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&many, "x%d=1&", i)
	}
	plain := len(body(t, ask(h, "GET", "/apps")))
	for _, row := range []struct {
		path string
		code int
	}{
		{"/" + long, 404}, {"/app/" + long, 404}, {"/cell/gray/" + long, 404}, {"/cell/" + long + "/catalog", 404}, {"/errors/" + long, 404}, {"/audit/" + long, 404}, {"/p/" + long + "/", 404},
		{"/api/v1/apps/" + long, 404}, {"/api/v1/records/" + long, 404}, {"/api/v1/" + long, 404}, {"/badge/gray/" + long + ".svg", 404}, {"/app/%00%ff%2e%2e/x", 404},
		{"/apps?q=" + long, 200}, {"/apps?" + many.String(), 200}, {"/apps?after=" + long, 200}, {"/diff?app=" + long, 404}, {"/api/v1/apps?q=" + long, 400}, {"/api/v1/apps?" + many.String(), 400}, {"/api/v1/diff?app=" + long, 400},
		{"/api", 404}, {"/api/v1", 404}, {"/api/v1/records/01", 404}, {"/api/v1/records/+1", 404}, {"/api/v1/records/%2B1", 404}, {"/audit/01", 404}, {"/promotions/+1", 404}, {"/audit/-1", 404},
	} {
		r := ask(h, "GET", row.path)
		text := body(t, r)
		if r.StatusCode != row.code || len(text) > plain+4096 {
			t.Errorf("%.60s: %d with %d bytes, want %d", row.path, r.StatusCode, len(text), row.code)
		}
		if strings.HasPrefix(row.path, "/api") && r.StatusCode >= 400 && r.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%.60s: %s", row.path, r.Header.Get("Content-Type"))
		}
	}
	if r := ask(h, "GET", "/style.css", "Range", "bytes=0-9"); r.StatusCode != 200 || r.Header.Get("Content-Range") != "" {
		t.Errorf("a part: %d %v", r.StatusCode, r.Header)
	}
}

// TestTheDescriptionSaysWhatItMeans: a comma in a text that is not quoted makes a key without a value of the rest of it.
func TestTheDescriptionSaysWhatItMeans(t *testing.T) {
	v := sample(t)
	var document any
	if err := yaml.Unmarshal([]byte(body(t, ask(site(t, &v, now), "GET", "/api/v1/openapi.yaml"))), &document); err != nil {
		t.Fatal(err)
	}
	var walk func(at string, value any)
	walk = func(at string, value any) {
		switch value := value.(type) {
		case nil:
			t.Errorf("%s has no value", at)
		case map[string]any:
			for key, below := range value {
				walk(at+"."+key, below)
			}
		case []any:
			for i, below := range value {
				walk(fmt.Sprintf("%s[%d]", at, i), below)
			}
		}
	}
	walk("", document)
}
