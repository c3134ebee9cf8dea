package admin_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/admin"
	"github.com/sluice-gitops/sluice/schema"
)

// now is the moment at which everything is asked.
var now = time.Date(2026, 11, 23, 7, 30, 20, 0, time.UTC)

// sample is a view of two apps in two stages, with a past.
func sample() *schema.View {
	cell := func(app schema.App, stage schema.StageName, state schema.CellState, target schema.Code) schema.CellView {
		return schema.CellView{Cell: schema.Cell{Stage: stage, App: app}, State: state, Targets: []schema.TargetView{{Name: "etcd", Live: target == "", Code: target}}}
	}
	held := cell("payments/ledger", "production", schema.Held, "")
	held.Held = &schema.HeldView{Since: now.Add(-time.Hour)}
	j := schema.Journal{
		Read: 48, Whole: true, Kinds: map[string]int64{"admit": 7, "hold": 3},
		Transitions: map[schema.Transition]int64{
			{From: "draft", To: "staging", Result: schema.Passed}: 4, {From: "staging", To: "production", Result: schema.Waiting}: 3, {From: "gone", To: "staging", Result: schema.Passed}: 9,
		},
		Deliveries: map[schema.DeliveryResult]int64{{Stage: "staging", Target: "etcd", Result: "ok"}: 5}, Drifts: map[schema.StageName]int64{"production": 2},
		Stages: map[schema.StageName]schema.StageFigures{"production": {
			Deployments: 5, Failed: 1, Last: now.Add(-time.Minute), Lead: schema.Durations{}.With(10 * time.Minute).With(200 * 24 * time.Hour),
		}},
	}
	return &schema.View{
		Outside: schema.Outside{ForgeAsked: now.Add(-8 * time.Second), DraftsKnown: true, Witnesses: 2},
		At:      now, Looked: now.Add(-8 * time.Second), Compared: now.Add(-3 * time.Minute), StaleAfter: time.Minute, Ledger: schema.LedgerView{Size: 48},
		Stages: []schema.StageName{"staging", "production"},
		Apps: []schema.AppView{
			{App: "catalog", Cells: []schema.CellView{cell("catalog", "staging", schema.Live, ""), cell("catalog", "production", schema.Failing, "target-unavailable")}},
			{App: "payments/ledger", Cells: []schema.CellView{cell("payments/ledger", "staging", schema.Live, ""), held}},
		},
		Journal: &j, Pulse: &schema.Pulse{Passes: 9, Failed: 1, Took: 1500 * time.Millisecond, Every: 30 * time.Second, Leads: true},
	}
}

// desk is the handler of one view.
func desk(v *schema.View, change ...func(*admin.Config)) http.Handler {
	cfg := admin.Config{
		Projects: []admin.Project{{Name: "config", View: func() *schema.View { return v }, Targets: func() []string { return []string{"etcd"} }}},
		Version:  "v0.1.0-test", Now: func() time.Time { return now },
	}
	for _, c := range change {
		c(&cfg)
	}
	return admin.New(cfg)
}

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	data, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(data)
}

func TestHealthTellsTheTruthOfEachDependency(t *testing.T) {
	with := func(change func(*schema.View)) *schema.View { v := sample(); change(v); return v }
	well := with(func(v *schema.View) { v.Apps = v.Apps[1:] })
	rows := []struct {
		sentence, path string
		view           *schema.View
		code           int
		want           []string
	}{
		{"all is well", "/readyz", well, 200, []string{"ok\n"}},
		{"all is well, one by one", "/readyz?verbose", well, 200, []string{"[+]git ok", "[+]ledger ok", "[+]forge ok", "[+]witnesses ok", "[+]target:etcd ok: 2 cells", "[+]past ok", "[+]lease ok: this process works"}},
		{"nothing is known yet", "/readyz", nil, 503, []string{"[-]git failed: not looked at yet"}},
		{"Git is silent", "/readyz", with(func(v *schema.View) {
			v.Looked, v.ProblemCodes = now.Add(-18*time.Minute), []schema.Code{"repository-unreachable"}
		}), 503, []string{"[-]git failed: last read 2026-11-23T07:12:20Z [repository-unreachable]"}},
		{"the ledger is in doubt", "/readyz", with(func(v *schema.View) { v.ProblemCodes = []schema.Code{"log-rollback"} }), 503, []string{"[+]git ok", "[-]ledger failed: log-rollback"}},
		{"the ledger is in doubt for long", "/readyz", with(func(v *schema.View) {
			v.Looked, v.ProblemCodes = now.Add(-18*time.Minute), []schema.Code{"log-rollback"}
		}), 503, []string{"[-]git failed: last read 2026-11-23T07:12:20Z\n", "[-]ledger failed: log-rollback"}},
		{"GitLab is down, and people can still look", "/readyz?verbose", with(func(v *schema.View) { v.ProblemCodes = []schema.Code{"forge-unavailable"} }), 200, []string{"[-]forge failed, still ready: forge-unavailable"}},
		{"GitLab is down, asked for alone", "/readyz/forge", with(func(v *schema.View) { v.ProblemCodes = []schema.Code{"forge-unavailable"} }), 503, []string{"[-]forge failed: forge-unavailable"}},
		{"content makes no release", "/readyz?verbose", with(func(v *schema.View) { v.Apps[0].Cells[0].Targets[0].Code = "number" }), 200, []string{"[-]target:etcd failed, still ready: ", " number"}},
		{"Git is silent since the start", "/readyz?verbose", with(func(v *schema.View) {
			*v = schema.View{At: now, StaleAfter: time.Minute, Pulse: v.Pulse, ProblemCodes: []schema.Code{"repository-unreachable"}}
		}), 503, []string{"[-]git failed: not read yet [repository-unreachable]", "[-]ledger failed: not read yet", "[-]target:etcd failed, still ready: not looked at yet"}},
		{"not sealed", "/readyz?verbose", with(func(v *schema.View) { v.Ledger, v.Journal = schema.LedgerView{}, nil }), 503, []string{"[-]ledger failed: there is none"}},
		{"a target is down", "/readyz?verbose", sample(), 200, []string{"[-]target:etcd failed, still ready: 1 of 4 cells target-unavailable"}},
		{"a target does not answer, and the ledger is not told yet", "/readyz?verbose", with(func(v *schema.View) {
			v.Apps = v.Apps[1:]
			v.Silent = []schema.SilentView{{Target: "etcd", Since: now.Add(-time.Minute), Cells: 2}}
		}), 200, []string{"[-]target:etcd failed, still ready: no answer since ", ", 2 cells not compared target-unavailable"}},
		{"no quorum of witnesses is not the ledger's fault", "/readyz?verbose", with(func(v *schema.View) { v.ProblemCodes = []schema.Code{"log-unwitnessed"} }), 200, []string{"[+]ledger ok", "[-]witnesses failed, still ready: log-unwitnessed"}},
		{"a witness does not answer", "/readyz?verbose", with(func(v *schema.View) { v.Outside.Silent = []string{"w1"} }), 200, []string{"[-]witnesses failed, still ready: 1 of 2 do not answer: w1\n"}},
		{"there is no witness to ask", "/readyz/witnesses", with(func(v *schema.View) { v.Outside.Witnesses = 0 }), 404, []string{"no such check"}},
		{"who reads the ledger alone asks no forge", "/readyz/forge", with(func(v *schema.View) { v.Pulse, v.Outside = nil, schema.Outside{} }), 404, []string{"no such check"}},
		{"the forge was never asked", "/readyz?verbose", with(func(v *schema.View) { v.Outside.ForgeAsked = time.Time{} }), 200, []string{"[-]forge failed, still ready: not asked yet"}},
		{"since Git is silent the forge is not asked either", "/readyz?verbose", with(func(v *schema.View) { v.Outside.ForgeAsked = now.Add(-18 * time.Minute) }), 200, []string{"[-]forge failed, still ready: last asked 2026-11-23T07:12:20Z"}},
		{"what the forge had when it was last asked stays", "/readyz?verbose", with(func(v *schema.View) { v.Outside.ForgeCodes = []schema.Code{"forge-unavailable"} }), 200, []string{"[-]forge failed, still ready: forge-unavailable"}},
		{"a long ledger is still being read", "/readyz/past", with(func(v *schema.View) { v.Journal.Read = 40 }), 503, []string{"40 of 48 entries are read"}},
		{"another process works", "/readyz/lease", with(func(v *schema.View) { v.Pulse.Leads = false }), 200, []string{"ok"}},
		{"no such check", "/readyz/moon", well, 404, []string{"no such check"}},
		{"the loop runs", "/livez", sample(), 200, []string{"ok"}},
		{"the first look takes its time", "/livez", nil, 200, []string{"ok"}},
		{"Git is silent and the loop runs", "/livez", with(func(v *schema.View) { v.Looked = now.Add(-time.Hour) }), 200, []string{"ok"}},
		{"the loop hangs", "/livez", with(func(v *schema.View) { v.At = now.Add(-time.Hour) }), 503, []string{"config: no pass ended for 1h0m0s"}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			code, got := get(t, desk(row.view), row.path)
			if code != row.code {
				t.Errorf("GET %s: %d, want %d\n%s", row.path, code, row.code, got)
			}
			for _, want := range row.want {
				if !strings.Contains(got, want) {
					t.Errorf("GET %s lacks %q:\n%s", row.path, want, got)
				}
			}
		})
	}
	if code, got := get(t, desk(well, func(c *admin.Config) { c.Stopping = func() bool { return true } }), "/readyz"); code != 503 || !strings.Contains(got, "[-]shutdown failed") {
		t.Errorf("while it ends: %d %s", code, got)
	}
	refused := func(c *admin.Config) { c.Reload = func() (bool, time.Time) { return false, now.Add(-time.Hour) } }
	if code, got := get(t, desk(well, refused), "/readyz?verbose"); code != 200 || !strings.Contains(got, "[-]config failed, still ready: the operator's file was read again and not taken over, the log says why; the former one is in force since 2026-11-23T06:30:20Z") {
		t.Errorf("a file that was refused: %d %s", code, got)
	}
	if code, got := get(t, admin.New(admin.Config{}), "/readyz"); code != 503 || !strings.Contains(got, "[-]projects failed") {
		t.Errorf("without a project: %d %s", code, got)
	}
	two := desk(well, func(c *admin.Config) {
		c.Projects = append(c.Projects, admin.Project{Name: "https://git.example.com/acme/other.git", Short: "other", View: func() *schema.View { return nil }})
	})
	if code, got := get(t, two, "/readyz"); code != 503 || !strings.Contains(got, "[+]config:git ok") || !strings.Contains(got, "[-]other:git failed") {
		t.Errorf("of two projects one is ready: %d %s", code, got)
	}
	for path, want := range map[string]int{"/readyz/config:git": 200, "/readyz/other:git": 503, "/readyz/1:git": 404} {
		if code, got := get(t, two, path); code != want {
			t.Errorf("GET %s: %d, want %d: %s", path, code, want, got)
		}
	}
}

// TestTheAdminAddressOnlyReads walks what is served with methods that would change something, and asks for what is off.
func TestTheAdminAddressOnlyReads(t *testing.T) {
	h := desk(sample(), func(c *admin.Config) { c.Profiling = true })
	for _, path := range []string{"/metrics", "/livez", "/healthz", "/readyz", "/readyz/git", "/debug/pprof/", "/", "/nowhere"} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Method = method
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d, want 405", method, path, w.Code)
			}
		}
	}
	if code, _ := get(t, h, "/debug/pprof/"); code != 200 {
		t.Errorf("profiles that were asked for: %d", code)
	}
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile?seconds=1", "/debug/vars", "/"} {
		if code, _ := get(t, desk(sample()), path); code != 404 {
			t.Errorf("GET %s by default: %d, want 404", path, code)
		}
	}
}
