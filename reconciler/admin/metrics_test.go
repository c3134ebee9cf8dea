package admin_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/sluice-gitops/sluice/reconciler/admin"
	"github.com/sluice-gitops/sluice/schema"
)

func scrape(t *testing.T, v *schema.View, change ...func(*admin.Config)) string {
	t.Helper()
	code, got := get(t, desk(v, change...), "/metrics")
	if code != 200 {
		t.Fatalf("GET /metrics: %d\n%s", code, got)
	}
	return got
}

// TestNoZeroStandsForWhatNobodyAsked: a gap is not a good sign, and a forge that cannot be asked any more is not well again.
func TestNoZeroStandsForWhatNobodyAsked(t *testing.T) {
	for _, row := range []struct {
		sentence   string
		outside    schema.Outside
		want, lack string
	}{
		{"no zero of a forge that nobody asked", schema.Outside{}, "sluice_problems", `code="forge-unavailable"`},
		{"no zero of drafts that are unknown", schema.Outside{ForgeAsked: now}, `sluice_problem{code="forge-unavailable",project="config"} 0`, "sluice_drafts{"},
		{"a zero of drafts that are none", schema.Outside{ForgeAsked: now, DraftsKnown: true}, `sluice_drafts{project="config"} 0`, `code="forge-unavailable",project="config"} 1`},
		{"what the forge had when it was last asked", schema.Outside{ForgeAsked: now, ForgeCodes: []schema.Code{"forge-unavailable"}}, `sluice_problem{code="forge-unavailable",project="config"} 1`, "sluice_drafts{"},
	} {
		v := sample()
		v.Outside = row.outside
		if got := scrape(t, v); !strings.Contains(got, row.want) || strings.Contains(got, row.lack) {
			t.Errorf("%s: want %s and not %s in\n%s", row.sentence, row.want, row.lack, regexp.MustCompile(`(?m)^sluice_(problem|draft).*$`).FindAllString(got, -1))
		}
	}
}

func TestMetrics(t *testing.T) {
	v := sample()
	v.ProblemCodes = []schema.Code{"clock", "forge-lost-access"}
	v.Guards = &schema.Guards{At: now, Rails: []schema.GuardRail{
		{Name: "no-push", Subject: "refs/heads/main", State: schema.GuardWarn}, {Name: "no-push", Subject: "refs/heads/x", State: "who knows"},
	}}
	v.Emergencies = []schema.EmergencyView{{Review: now}}
	v.Apps[0].Cells[0].Unjudged = &schema.UnjudgedView{Since: now}
	got := scrape(t, v, func(c *admin.Config) {
		c.Webhooks = func() map[string]uint64 { return map[string]uint64{"accepted": 3, "bad-token": 0} }
	})
	for _, want := range []string{
		`sluice_build_info{goversion="go`, `version="v0.1.0-test"} 1`,
		`sluice_cells{project="config",stage="production",state="held"} 1`, `sluice_cells{project="config",stage="staging",state="drifted"} 0`,
		`sluice_apps{project="config"} 2`, `sluice_ledger_entries{project="config"} 48`, `sluice_incidents{project="config"} 0`,
		`sluice_git_last_success_timestamp_seconds{project="config"} 1.795419012e+09`, `sluice_oldest_held_timestamp_seconds{project="config",stage="production"} 1.79541542e+09`,
		`sluice_unjudged_changes{project="config",stage="` + string(v.Apps[0].Cells[0].Cell.Stage) + `"} 1`, `sluice_oldest_unjudged_timestamp_seconds{project="config",stage="` + string(v.Apps[0].Cells[0].Cell.Stage) + `"} 1.79541902e+09`,
		`sluice_target_cells{project="config",state="failing",target="etcd"} 1`, `sluice_target_cells{project="config",state="live",target="etcd"} 3`,
		`sluice_problem{code="forge-lost-access",project="config"} 1`, `sluice_problem{code="clock",project="config"} 1`, `sluice_problem{code="forge-unavailable",project="config"} 0`,
		`sluice_guardrail_checks{name="no-push",project="config",state="warn"} 1`, `sluice_guardrail_checks{name="no-push",project="config",state="unknown"} 1`,
		`sluice_emergencies{project="config"} 1`, `sluice_emergency_review_due_timestamp_seconds{project="config"} 1.79541902e+09`,
		`sluice_passes_total{project="config",result="ok"} 8`, `sluice_passes_total{project="config",result="failed"} 1`, `sluice_last_pass_duration_seconds{project="config"} 1.5`, `sluice_leader{project="config"} 1`,
		`sluice_records_total{kind="admit",project="config"} 7`,
		`sluice_transitions_total{from="draft",project="config",result="admitted",to="staging"} 4`, `sluice_transitions_total{from="staging",project="config",result="held",to="production"} 3`,
		`sluice_transitions_total{from="staging",project="config",result="admitted",to="production"} 0`, `sluice_deliveries_total{project="config",result="ok",stage="staging",target="etcd"} 5`,
		`sluice_drifts_total{project="config",stage="production"} 2`, `sluice_deployments_total{project="config",stage="production"} 5`, `sluice_deployments_failed_total{project="config",stage="production"} 1`,
		`sluice_lead_time_seconds_bucket{project="config",stage="production",le="900"} 1`, `sluice_lead_time_seconds_bucket{project="config",stage="production",le="+Inf"} 2`, `sluice_restore_time_seconds_count{project="config",stage="production"} 0`,
		`sluice_webhook_requests_total{outcome="accepted"} 3`, `sluice_webhook_requests_total{outcome="bad-token"} 0`, "go_goroutines", "process_start_time_seconds",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	for _, not := range []string{"payments", "catalog", "refs/heads", "gone"} {
		if strings.Contains(got, not) {
			t.Errorf("metrics name %s: labels must not grow with apps, branches or what was", not)
		}
	}
}

// TestHistogramsNameAnExampleOfEachBucket asks in the format that has exemplars.
func TestHistogramsNameAnExampleOfEachBucket(t *testing.T) {
	v := sample()
	figures := v.Journal.Stages["production"]
	figures.Lead = figures.Lead.Within(schema.DurationBounds, 2*time.Hour, schema.Exemplar{Trace: "aa", At: now})
	v.Journal.Stages["production"] = figures
	whole := schema.Durations{}.Within(schema.PartBounds, 70*time.Millisecond, schema.Exemplar{Trace: "b1", At: now}).Within(schema.PartBounds, 2*time.Second, schema.Exemplar{Trace: "b2", At: now}).
		Within(schema.PartBounds, time.Hour, schema.Exemplar{Trace: "b3", At: now})
	h := desk(v, func(c *admin.Config) {
		c.Spans = func() (uint64, uint64) { return 7, 2 }
		c.Reload = func() (bool, time.Time) { return false, now }
		c.Projects[0].Timings = func() map[string]schema.Durations {
			return map[string]schema.Durations{"pass": whole, "write": schema.Durations{}.Within(schema.PartBounds, time.Second, schema.Exemplar{})}
		}
	})
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	got := w.Body.String()
	for _, want := range []string{
		`sluice_lead_time_seconds_bucket{project="config",stage="production",le="14400.0"} 2 # {trace_id="aa"} 7200.0 1.79541902e+09`,
		`sluice_pass_duration_seconds_bucket{project="config",le="0.1"} 1 # {trace_id="b1"} 0.07`, `sluice_pass_duration_seconds_bucket{project="config",le="2.5"} 2 # {trace_id="b2"} 2.0`,
		`sluice_pass_duration_seconds_bucket{project="config",le="+Inf"} 3 # {trace_id="b3"} 3600.0`, `sluice_pass_part_duration_seconds_sum{part="write",project="config"} 1.0`,
		"sluice_config_last_reload_successful 0.0", "sluice_config_last_reload_success_timestamp_seconds 1.79541902e+09",
		`sluice_spans_total{result="sent"} 7.0`, `sluice_spans_total{result="lost"} 2.0`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

// TestMetricsFollowTheCustoms asks Prometheus' own linter.
func TestMetricsFollowTheCustoms(t *testing.T) {
	found, err := promlint.New(strings.NewReader(scrape(t, sample()))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if strings.HasPrefix(f.Metric, "sluice_") {
			t.Errorf("%s: %s", f.Metric, f.Text)
		}
	}
}

func TestMetricsBeforeTheFirstLook(t *testing.T) {
	got := scrape(t, nil)
	for _, want := range []string{`sluice_git_last_success_timestamp_seconds{project="config"} 0`, `sluice_ledger_entries{project="config"} 0`, "sluice_build_info"} {
		if !strings.Contains(got, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	for _, not := range []string{"sluice_cells{", "sluice_passes", "sluice_transitions", "webhook"} {
		if strings.Contains(got, not) {
			t.Errorf("metrics tell %s of what nobody has seen", not)
		}
	}
}

func TestCountersWaitUntilTheLedgerIsRead(t *testing.T) {
	v := sample()
	v.Journal.Whole = false
	if got := scrape(t, v); strings.Contains(got, "_transitions_total") || strings.Contains(got, "_deployments_total") {
		t.Error("half of the ledger is counted: that the rest comes looks like a day's work in a minute")
	}
}

func TestAStageWithABadNameDoesNotBreakMetrics(t *testing.T) {
	v := sample()
	v.Stages = []schema.StageName{"gray", "\xff", schema.StageName(strings.Repeat("x", 10_000)), "\u202egnp"}
	if got := scrape(t, v); !strings.Contains(got, `sluice_ledger_entries{project="config"} 48`) || strings.Contains(got, "\u202e") || strings.Contains(got, strings.Repeat("x", 300)) {
		t.Errorf("a stage with a bad name takes the metrics away, or stands there as it is: %.300s", got)
	}
}

// monitoring is what operators copy: rules, dashboards and what to do.
const monitoring = "../../examples/deploy/monitoring"

// TestMonitoringAsksForMetricsThatAreThere reads every expression in rules and dashboards.
func TestMonitoringAsksForMetricsThatAreThere(t *testing.T) {
	known := admin.MetricNames()
	for _, histogram := range []string{"sluice_lead_time_seconds", "sluice_restore_time_seconds", "sluice_pass_duration_seconds", "sluice_pass_part_duration_seconds"} {
		if !slices.Contains(known, histogram) {
			t.Errorf("there is no %s", histogram)
		}
		known = append(known, histogram+"_bucket", histogram+"_count", histogram+"_sum")
	}
	named, files := map[string]bool{}, 0
	for _, pattern := range []string{"*.yaml", "*.json"} {
		found, err := filepath.Glob(filepath.Join(monitoring, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			files++
			// A recorded rule is called level:metric:operation; what it is made of is checked where it is recorded.
			text := regexp.MustCompile(`[a-z_]+:[a-z0-9_]+:[a-z0-9_]+`).ReplaceAllString(string(data), "")
			for _, name := range regexp.MustCompile(`\bsluice_[a-z_]+`).FindAllString(text, -1) {
				named[name] = true
				if !slices.Contains(known, name) {
					t.Errorf("%s asks for %s, which no reconciler has", file, name)
				}
			}
		}
	}
	if files < 3 {
		t.Fatalf("%d files in %s: the check would check nothing", files, monitoring)
	}
	for _, must := range []string{"sluice_transitions_total", "sluice_lead_time_seconds_bucket", "sluice_deployments_failed_total", "sluice_restore_time_seconds_sum",
		"sluice_pass_duration_seconds_bucket", "sluice_pass_part_duration_seconds_bucket"} {
		if !named[must] {
			t.Errorf("no dashboard shows %s", must)
		}
	}
}

// TestEveryAlertHasARunbook: an alert names the section of the runbook that says what to do, and none is left over.
func TestEveryAlertHasARunbook(t *testing.T) {
	rules, err := os.ReadFile(filepath.Join(monitoring, "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	book, err := os.ReadFile(filepath.Join(monitoring, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	alerts := regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(string(rules), -1)
	sections := regexp.MustCompile(`(?m)^### (Sluice\w+)$`).FindAllStringSubmatch(string(book), -1)
	if len(alerts) == 0 || len(alerts) != len(sections) {
		t.Errorf("%d alerts and %d sections", len(alerts), len(sections))
	}
	for _, a := range alerts {
		if !slices.ContainsFunc(sections, func(s []string) bool { return s[1] == a[1] }) {
			t.Errorf("the runbook has no section ### %s", a[1])
		}
		if !strings.Contains(string(rules), `runbook_url: "README.md#`+strings.ToLower(a[1])+`"`) {
			t.Errorf("alert %s does not name its section as runbook_url", a[1])
		}
	}
}

// TestWhatIsOldIsNotToldAsIfItWereSo: a number from before the view became stale says nothing, and of a target that does not answer it is
// not known what it holds.
func TestWhatIsOldIsNotToldAsIfItWereSo(t *testing.T) {
	old, silent, alone := sample(), sample(), sample()
	old.Looked = now.Add(-time.Hour)
	silent.Apps[0].Cells[0].Targets[0].Unknown = now
	alone.Pulse, alone.Alone = nil, &schema.Alone{Every: 30 * time.Second}
	for _, row := range []struct {
		sentence string
		view     *schema.View
		reads    bool
		want     []string
	}{
		{"fresh", sample(), false, []string{`sluice_stale{project="config"} 0`, `sluice_cells{project="config",stage="staging",state="live"} 2`, `sluice_cells{project="config",stage="staging",state="unknown"} 0`,
			`sluice_target_cells{project="config",state="unknown",target="etcd"} 0`, "sluice_reconciler 1"}},
		{"stale", old, false, []string{`sluice_stale{project="config"} 1`, `sluice_cells{project="config",stage="staging",state="live"} 0`, `sluice_cells{project="config",stage="production",state="held"} 0`,
			`sluice_cells{project="config",stage="staging",state="unknown"} 2`, `sluice_target_cells{project="config",state="live",target="etcd"} 0`, `sluice_target_cells{project="config",state="unknown",target="etcd"} 4`}},
		{"nothing was read yet", nil, false, []string{`sluice_stale{project="config"} 1`}},
		{"a target does not answer", silent, false, []string{`sluice_target_cells{project="config",state="unknown",target="etcd"} 1`, `sluice_target_cells{project="config",state="live",target="etcd"} 2`}},
		{"who reads the ledger alone is no reconciler", alone, true, []string{"sluice_reconciler 0", `sluice_poll_interval_seconds{project="config"} 30`, `sluice_stale{project="config"} 0`}},
	} {
		got := scrape(t, row.view, func(c *admin.Config) { c.Reads = row.reads })
		for _, want := range row.want {
			if !strings.Contains(got, want+"\n") {
				t.Errorf("%s: metrics lack %s", row.sentence, want)
			}
		}
		if row.reads && strings.Contains(got, "sluice_target_cells{") {
			t.Errorf("%s: it tells of targets, which it does not ask", row.sentence)
		}
	}
}
