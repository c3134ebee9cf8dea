package status_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// site is the page of one view at one time. Its streams end after what they have to say at once.
func site(t testing.TB, v *schema.View, at time.Time) http.Handler {
	t.Helper()
	over := make(chan struct{})
	close(over)
	h, err := status.New(status.Config{
		View: func() *schema.View { return v }, Now: func() time.Time { return at }, Version: "v0.1.0-test", Commands: options().Commands, Done: over,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ask(h http.Handler, method, path string, header ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestPagesSayWhatTheyShould(t *testing.T) {
	whole, stale, guarded := troubled(t), troubled(t), guarded(t)
	stale.Looked = ago(18 * time.Minute)
	unsealed := schema.View{Repository: "config", At: now, Looked: now, StaleAfter: time.Minute}
	empty, coming := sample(t), onItsWay(t)
	empty.Apps = nil
	late := coming
	late.Looked = ago(18 * time.Minute)
	rows := []struct {
		name string
		view *schema.View
		path string
		code int
		want []string
		not  []string
	}{
		{"what comes next", &coming, "/app/catalog", 200, []string{"<p>Next: r:77777777 of development is not proposed: a person closed its merge request !12", "waits for merge request !14"}, nil},
		{"what came next when Git was last read", &late, "/app/catalog", 200, []string{"catalog"}, []string{"Next:"}},
		{"the matrix", &whole, "/apps", 200, []string{
			"9 of 18 cells as intended; 1 refused; 1 drifted;", "r:66666666", "held", "!4120", "1 in the way",
		}, []string{"sha256:"}},
		{"incidents, problems and a control change above it", &whole, "/apps", 200, []string{
			"alice worked on the change and cannot approve it", "refs/heads/main was rewound or rewritten from 11111111 to 22222222",
			"Not found out in the last pass: open merge requests are unknown", "as of 2026-11-23 07:30:12 UTC",
			"ledger #48", "A change of the control files waits.", `http-equiv="refresh" content="10"`,
		}, nil},
		{"guard rails below it, with what to do", &guarded, "/", 200, []string{
			"guard rails at the forge", "1 fail, 2 unknown, 2 warn, 1 ok", "5 not up", "main: Maintainers may push past merge requests", "branch-push-open", "No one in every rule", "&lt;b&gt;m*",
		}, []string{"<b>m*"}},
		{"no guard rails where nobody looked", &whole, "/", 200, nil, []string{"guard rails at the forge"}},
		{"a filter leaves the other apps out", &whole, "/apps?state=failing", 200, []string{"payments/ledger"}, []string{">catalog<"}},
		{"a page that stands still", &whole, "/apps?still", 200, []string{"load this page again by itself"}, []string{"http-equiv"}},
		{"a stale view claims no state", &stale, "/apps", 200, []string{"Stale: Git was last read 2026-11-23 07:12 UTC", "18 cells unknown", "was live"}, []string{"✓", "state good"}},
		{"a stale app claims no state", &stale, "/app/catalog", 200, []string{"unknown"}, []string{"✓", "state good", "mark good"}},
		{"one app", &whole, "/app/payments/ledger", 200, []string{"promote r:66666666", "Ways out", "git restore --source=99999999 --staged", "sluice why payments/ledger gray", "refuses the login", "sha256:5555"}, nil},
		{"not sealed", &unsealed, "/", 200, []string{"Not sealed yet: run sluice init --seal."}, []string{"<table"}},
		{"no apps", &empty, "/", 200, []string{"No app configurations"}, []string{"<table"}},
		{"before the first look", nil, "/", 200, []string{"Nothing is known yet", `content="2"`}, []string{"<table", "0 "}},
		{"an unknown app names the nearest", &whole, "/app/payment/ledger", 404, []string{"Did you mean payments/ledger?"}, nil},
		{"an unknown page", &whole, "/nowhere", 404, []string{"There is no such page"}, nil},
		{"an unknown page before the first look", nil, "/nowhere", 404, []string{"There is no such page"}, nil},
		{"healthy", &whole, "/healthz", 200, []string{"ok"}, nil},
		{"stale is not healthy", &stale, "/healthz", 503, []string{"Git was last read 2026-11-23 07:12 UTC"}, nil},
		{"nothing known is not healthy", nil, "/healthz", 503, []string{"no look at the repository yet"}, nil},
		{"no view, no JSON", nil, "/view.json", 503, []string{"no look at the repository yet"}, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := ask(site(t, row.view, now), "GET", row.path)
			got := body(t, r)
			if r.StatusCode != row.code {
				t.Errorf("GET %s: status %d, want %d", row.path, r.StatusCode, row.code)
			}
			for _, want := range row.want {
				if !strings.Contains(got, want) {
					t.Errorf("GET %s lacks %q", row.path, want)
				}
			}
			for _, not := range row.not {
				if strings.Contains(got, not) {
					t.Errorf("GET %s has %q", row.path, not)
				}
			}
		})
	}
}

func TestEveryRouteOnlyReads(t *testing.T) {
	v := sample(t)
	h := site(t, &v, now)
	for _, path := range append(status.Routes(), "/app/payments/ledger", "/nowhere", "/app/", "//", "/../x", "*") {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PROPFIND", "get"} {
			r := httptest.NewRequest("GET", "/", nil)
			r.Method, r.URL.Path = method, path
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: status %d, Allow %q; want 405 and GET, HEAD", method, path, w.Code, w.Header().Get("Allow"))
			}
		}
	}
}

func TestEveryAnswerIsHardened(t *testing.T) {
	v := sample(t)
	for _, view := range []*schema.View{&v, nil} {
		for _, path := range append(status.Routes(), "/app/payments/ledger", "/nowhere") {
			for _, method := range []string{"GET", "HEAD"} {
				r := ask(site(t, view, now), method, path)
				want := map[string]string{
					"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
					"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "no-referrer",
				}
				for name, value := range want {
					if got := r.Header.Get(name); got != value {
						t.Errorf("%s %s: %s is %q, want %q", method, path, name, got, value)
					}
				}
				if r.Header.Get("Content-Type") == "" {
					t.Errorf("%s %s: no Content-Type", method, path)
				}
				if r.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s %s sets a cookie", method, path)
				}
			}
		}
	}
}

func TestPagesCarryNoScriptStyleOrForeignAddress(t *testing.T) {
	v := pastOf(troubled(t))
	for _, path := range everyPage() {
		got := strings.ReplaceAll(body(t, ask(site(t, &v, now), "GET", path)), `<script src="/live.js" defer></script>`, "")
		if strings.Contains(got, "<script") {
			t.Errorf("GET %s has another script than the one file", path)
		}
		for _, not := range []string{"style=", " on", "<iframe", "ZgotmplZ", "javascript:"} {
			if i := strings.Index(got, not); i >= 0 && not != " on" {
				t.Errorf("GET %s has %q: …%s…", path, not, got[max(0, i-40):min(len(got), i+60)])
			}
		}
		for _, quoted := range strings.Split(got, `"`) {
			if strings.HasPrefix(quoted, "http") && !strings.HasPrefix(quoted, "http-equiv") && !strings.HasPrefix(quoted, "https://gitlab.example.com/") {
				t.Errorf("GET %s names the address %q", path, quoted)
			}
		}
	}
}

func TestTheSameViewIsSentOnce(t *testing.T) {
	v := sample(t)
	at := now
	h, err := status.New(status.Config{View: func() *schema.View { return &v }, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/apps", "/apps?state=held", "/transitions", "/audit", "/app/catalog", "/view.json", "/style.css", "/live.js"} {
		tag := ask(h, "GET", path).Header.Get("ETag")
		if tag == "" {
			t.Fatalf("GET %s: no ETag", path)
		}
		at = now.Add(20 * time.Second)
		r := ask(h, "GET", path, "If-None-Match", `"other", W/`+tag)
		if r.StatusCode != http.StatusNotModified || body(t, r) != "" {
			t.Errorf("GET %s again: status %d, want 304 without a body", path, r.StatusCode)
		}
	}
	tag := ask(h, "GET", "/").Header.Get("ETag")
	at = v.Looked.Add(v.StaleAfter + time.Second) // within the minute of the page that is kept
	if page := body(t, ask(h, "GET", "/", "If-None-Match", tag)); !strings.Contains(page, "Stale:") || strings.Contains(page, "state good") {
		t.Error("a second after the view became stale the page does not say so, or still claims a state")
	}
	if page := body(t, ask(h, "GET", "/app/catalog")); !strings.Contains(page, "Stale:") {
		t.Error("a second after the view became stale the app's page does not say so")
	}
	at = now.Add(5 * time.Minute)
	if r := ask(h, "GET", "/", "If-None-Match", tag); r.StatusCode != 200 || !strings.Contains(body(t, r), "Stale:") {
		t.Errorf("the view became stale: status %d, want 200 with the bar", r.StatusCode)
	}
}

func TestViewJSONIsTheView(t *testing.T) {
	v := troubled(t)
	var got schema.View
	if err := json.Unmarshal([]byte(body(t, ask(site(t, &v, now), "GET", "/view.json"))), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Apps) != len(v.Apps) || got.Ledger != v.Ledger || len(got.Incidents) != 1 {
		t.Errorf("got %d apps, ledger %v, %d incidents", len(got.Apps), got.Ledger, len(got.Incidents))
	}
}

// TestViewJSONClaimsNothingOfWhatIsOld: a program that reads a state reads no green of before, and is told of doubt.
func TestViewJSONClaimsNothingOfWhatIsOld(t *testing.T) {
	v := troubled(t)
	v.ProblemCodes = []schema.Code{"log-rollback"}
	type answer struct {
		Stale bool
		Doubt []schema.Code
		Apps  []struct {
			App   schema.App
			Cells []struct {
				Cell       schema.Cell
				State, Was schema.CellState
				Targets    []schema.TargetView
			}
		}
		Ledger schema.LedgerView
	}
	read := func(at time.Time) (out answer) {
		if err := json.Unmarshal([]byte(body(t, ask(site(t, &v, at), "GET", "/view.json"))), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	before, after := read(now), read(now.Add(time.Hour))
	if before.Stale || !after.Stale || !slices.Equal(before.Doubt, v.ProblemCodes) || after.Ledger != v.Ledger || len(after.Apps) != len(v.Apps) {
		t.Fatalf("first %+v, then %+v", before, after)
	}
	for i, app := range v.Apps {
		for j, c := range app.Cells {
			if got := before.Apps[i].Cells[j]; got.State != c.State || got.Was != "" || len(got.Targets) != len(c.Targets) {
				t.Errorf("%s is told as %+v", c.Cell, got)
			}
			got := after.Apps[i].Cells[j]
			if c.State != schema.Absent && (got.State != "unknown" || got.Was != c.State) || got.Cell != c.Cell || len(got.Targets) != len(c.Targets) {
				t.Errorf("%s is told as %+v when it is old", c.Cell, got)
			}
			if slices.ContainsFunc(got.Targets, func(t schema.TargetView) bool { return t.Live }) {
				t.Errorf("%s claims a target when it is old: %+v", c.Cell, got.Targets)
			}
		}
	}
}

func TestManyAppsArePaged(t *testing.T) {
	v := sample(t)
	v.Apps = nil
	for i := range 450 {
		app := schema.App("app-" + string(rune('a'+i%26)) + strings.Repeat("x", i/26))
		v.Apps = append(v.Apps, schema.AppView{App: app, Cells: []schema.CellView{liveCell(app, "gray", "5", time.Hour)}})
	}
	slices.SortFunc(v.Apps, func(a, b schema.AppView) int { return strings.Compare(string(a.App), string(b.App)) })
	h := site(t, &v, now)
	seen, path := 0, "/apps"
	for path != "" {
		got := body(t, ask(h, "GET", path))
		rows := strings.Count(got, `scope="row"`)
		if rows > 50 {
			t.Errorf("GET %s: %d rows", path, rows)
		}
		seen += rows
		next := regexp.MustCompile(`href="(/apps\?after=[^"]+)">\d+ more`).FindStringSubmatch(got)
		if path = ""; next != nil {
			path = html.UnescapeString(next[1])
		}
	}
	if seen != 450 {
		t.Errorf("from page to page there are %d apps, want 450", seen)
	}
	for path, want := range map[string]int{"/apps?state=live": 50, "/apps?state=held": 0, "/apps?q=app-a": 18, "/apps?q=APP-A": 18, "/apps?stage=gray": 50, "/apps?stage=testing": 0, "/apps?after=zzz": 0, "/apps?state=x&stage=y": 50} {
		if got := strings.Count(body(t, ask(h, "GET", path)), `scope="row"`); got != want {
			t.Errorf("GET %s: %d rows, want %d", path, got, want)
		}
	}
}
