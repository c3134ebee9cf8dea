package status_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// description is the OpenAPI document as the page serves it.
type description struct {
	t     *testing.T
	Paths map[string]struct {
		Get struct {
			Responses map[string]struct {
				Ref     string `json:"$ref"`
				Content map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					}
				}
			}
		}
	}
	schemas *jsonschema.Compiler
}

const documentURL = "https://sluice.example/openapi.json"

func readDescription(t *testing.T, h http.Handler) description {
	t.Helper()
	var document any
	if err := yaml.Unmarshal([]byte(body(t, ask(h, "GET", "/api/v1/openapi.yaml"))), &document); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	d := description{t: t, schemas: jsonschema.NewCompiler()}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.schemas.AddResource(documentURL, value); err != nil {
		t.Fatal(err)
	}
	return d
}

// holds checks an answer by what the description says of a path.
func (d description) holds(path string, r *http.Response) {
	d.t.Helper()
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	said, ok := d.Paths[path].Get.Responses[fmt.Sprint(r.StatusCode)]
	if !ok {
		d.t.Errorf("%s: %d is not described", path, r.StatusCode)
		return
	}
	ref := said.Content[kind].Schema.Ref
	if slices.Contains([]string{"#/components/responses/Problem", "#/components/responses/NotAllowed", "#/components/responses/TooMany"}, said.Ref) && kind == "application/problem+json" {
		ref = "#/components/schemas/Problem"
	}
	if ref == "" {
		d.t.Errorf("%s: %d as %s is not described", path, r.StatusCode, kind)
		return
	}
	compiled, err := d.schemas.Compile(documentURL + ref)
	if err != nil {
		d.t.Fatal(err)
	}
	text := body(d.t, r)
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		d.t.Fatalf("%s: %v\n%s", path, err, text)
	}
	if err := compiled.Validate(value); err != nil {
		d.t.Errorf("%s: %v\n%.600s", path, err, text)
	}
}

// TestTheAPIIsAsDescribed asks for everything that the description has, well and badly, of views of every kind, and holds each
// answer to it; and every route of the API is described.
func TestTheAPIIsAsDescribed(t *testing.T) {
	whole, plain, stale, empty := filed(t, pastOf(troubled(t))), sample(t), pastOf(troubled(t)), schema.View{At: now, Looked: now}
	stale.Looked = ago(time.Hour)
	nasty := poisoned(t, strings.Repeat("W", 400)+"<b>\u202e")
	asks := map[string][]string{
		"/api/v1/apps":                 {"", "?limit=1", "?limit=0", "?limit=x", "?state=held", "?state=nonsense", "?stage=gray", "?stage=moon", "?q=pay", "?after=catalog&limit=200", "?order=worst+first&limit=1", "?order=oldest+first&after=catalog", "?order=random", "?differs=staging..gray", "?differs=moon..gray"},
		"/api/v1/apps/{app}":           {"/payments/ledger", "/catalog", "/nobody", "/"},
		"/api/v1/cells/{stage}/{app}":  {"/gray/payments/ledger", "/moon/catalog", "/gray/nobody"},
		"/api/v1/records":              {"", "?limit=3", "?limit=201", "?kind=hold", "?before=10", "?who=bob&window=7d"},
		"/api/v1/records/{seq}":        {"/40", "/41", "/999", "/x"},
		"/api/v1/transitions":          {"", "?window=24h", "?window=1y"},
		"/api/v1/policies":             {""},
		"/api/v1/checkpoint":           {""},
		"/api/v1/health":               {""},
		"/api/v1/version":              {""},
		"/api/v1/diff":                 {"?app=payments/ledger", "?app=payments/ledger&from=staging&to=gray&all", "?app=catalog&from=gray&to=gray@live", "?app=catalog&from=moon&to=gray", "?app=nobody", "", "?app=catalog&limit=0"},
		"/api/v1/values/{stage}/{app}": {"/gray/payments/ledger", "/moon/catalog", "/gray@live/catalog", "/gray/nobody", "/gray/catalog?limit=1", "/gray/catalog?after=9&limit=0", "/gray/catalog?after=1:app.yaml%23/db&limit=2"},
		"/api/v1/projects":             {""},
	}
	d := readDescription(t, site(t, &whole, now))
	for path := range d.Paths {
		if asks[path] == nil && path != "/api/v1/events" && path != "/api/v1/openapi.yaml" {
			t.Errorf("%s is described and not asked", path)
		}
	}
	for _, pattern := range status.Patterns() {
		if path := strings.ReplaceAll(pattern, "...", ""); strings.HasPrefix(path, "/api/") {
			if _, ok := d.Paths[path]; !ok && path != "/api/" && path != "/api/v1/cells/{stage}" && path != "/api/v1/values/{stage}" {
				t.Errorf("%s is served and not described", path)
			}
		}
	}
	for _, view := range []*schema.View{&whole, &plain, &stale, &empty, &nasty} {
		h := readable(t, view, true)
		for _, path := range slices.Sorted(maps.Keys(asks)) {
			base, _, _ := strings.Cut(path, "/{")
			for _, rest := range asks[path] {
				r := ask(h, "GET", base+rest)
				d.holds(path, r)
				if tag := r.Header.Get("ETag"); r.StatusCode == 200 && ask(h, "GET", base+rest, "If-None-Match", tag).StatusCode != http.StatusNotModified {
					t.Errorf("GET %s: sent again although it is the same", base+rest)
				}
			}
		}
	}
	tired := status.NewLimit(status.Access{}, func() time.Time { return now }).Guard(readable(t, &whole, true))
	for range 200 {
		ask(tired, "GET", "/healthz")
	}
	refusing, err := status.NewProjects(status.Config{Now: func() time.Time { return now }}, []status.Project{{Name: "config", View: func() *schema.View { return &whole }}}, proxied)
	if err != nil {
		t.Fatal(err)
	}
	for path := range d.Paths {
		address := strings.NewReplacer("{stage}", "gray", "{app}", "catalog", "{seq}", "40").Replace(path)
		for _, header := range [][]string{nil, {"X-User", "ann", "X-Groups", "nobody"}} {
			r := ask(refusing, "GET", address, header...)
			if r.StatusCode != http.StatusForbidden {
				t.Errorf("%s for somebody who may see nothing: %d", path, r.StatusCode)
			}
			d.holds(path, r)
		}
		if r := ask(readable(t, &whole, true), "POST", address); r.StatusCode != 405 || r.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("POST %s: %d as %s", path, r.StatusCode, r.Header.Get("Content-Type"))
		} else {
			d.holds(path, r)
		}
		if path != "/api/v1/openapi.yaml" {
			r := ask(readable(t, &whole, true), "GET", address+"?bogus=1")
			if r.StatusCode != http.StatusBadRequest {
				t.Errorf("GET %s?bogus=1: %d, want 400", address, r.StatusCode)
			}
			d.holds(path, r)
		}
		r := ask(tired, "GET", strings.NewReplacer("{stage}", "gray", "{app}", "catalog", "{seq}", "40").Replace(path))
		if r.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%s asked too often: %d", path, r.StatusCode)
		}
		d.holds(path, r)
		if said := d.Paths[path].Get.Responses["503"]; path != "/api/v1/events" && said.Ref != "" {
			d.holds(path, ask(site(t, nil, now), "GET", strings.NewReplacer("{stage}", "gray", "{app}", "catalog", "{seq}", "40").Replace(path)))
		}
	}
	if r := ask(site(t, nil, now), "GET", "/api/v1/apps"); r.StatusCode != 503 || r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("before the first look: %d %s", r.StatusCode, r.Header.Get("Content-Type"))
	}
	several := shared(t, status.Access{}, map[string]*schema.View{"a": &whole, "b": &whole}, "a", "b")
	for path, h := range map[string]http.Handler{"/api/v1/nothing": site(t, &whole, now), "/api/v1/cells/production": site(t, &whole, now), "/api/v1/values/production": site(t, &whole, now),
		"/p/nobody/api/v1/apps": several, "/p/a/api/v1/cells/gray": several} {
		if r := ask(h, "GET", path); r.StatusCode != 404 || r.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("what there is not, %s: %d %s", path, r.StatusCode, r.Header.Get("Content-Type"))
		}
	}
}

func TestTheAPIGoesFromPageToPage(t *testing.T) {
	v := thousand(t, 450)
	slices.SortFunc(v.Apps, func(a, b schema.AppView) int { return strings.Compare(string(a.App), string(b.App)) })
	h := site(t, &v, now)
	seen, after := map[string]bool{}, ""
	for pages := 0; pages == 0 || after != ""; pages++ {
		var got struct {
			Apps []struct{ App string }
			Next string
		}
		if err := json.Unmarshal([]byte(body(t, ask(h, "GET", "/api/v1/apps?limit=100&after="+after))), &got); err != nil {
			t.Fatal(err)
		}
		for _, a := range got.Apps {
			seen[a.App] = true
		}
		after = got.Next
	}
	if len(seen) != 450 {
		t.Errorf("%d apps from page to page, want 450", len(seen))
	}
}

func TestBadges(t *testing.T) {
	v := sample(t)
	on := func(v *schema.View) http.Handler {
		h, err := status.New(status.Config{View: func() *schema.View { return v }, Now: func() time.Time { return now }, Badges: true})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	stale := v
	stale.Looked = ago(time.Hour)
	rows := []struct {
		sentence, path string
		h              http.Handler
		code           int
		want           string
	}{
		{"off by default", "/badge/gray/catalog.svg", site(t, &v, now), 404, "badges are off"},
		{"a state with its revision", "/badge/gray/catalog.svg", on(&v), 200, "<title>gray: live r:66666666</title>"},
		{"for shields.io", "/badge/gray/payments/ledger.json", on(&v), 200, `{"color":"#8a5300","label":"gray","message":"held r:66666666","schemaVersion":1}`},
		{"nothing is claimed of what is old", "/badge/gray/catalog.svg", on(&stale), 200, "<title>gray: unknown</title>"},
		{"nor of what there is not", "/badge/gray/nobody.svg", on(&v), 200, "<title>gray: unknown</title>"},
		{"nor before the first look", "/badge/gray/catalog.svg", on(nil), 200, "<title>gray: unknown</title>"},
		{"names are text", "/badge/%3Cscript%3E/x.svg", on(&v), 200, "&lt;script&gt;: unknown"},
		{"neither picture nor JSON", "/badge/gray/catalog", on(&v), 404, "ends in .svg or .json"},
	}
	for _, row := range rows {
		r := ask(row.h, "GET", row.path)
		if got := body(t, r); r.StatusCode != row.code || !strings.Contains(got, row.want) {
			t.Errorf("%s: %d, %s", row.sentence, r.StatusCode, got)
		}
	}
}
