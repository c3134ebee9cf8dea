package status_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

func TestMetrics(t *testing.T) {
	v := troubled(t)
	got := body(t, ask(site(t, &v, now), "GET", "/metrics"))
	for _, want := range []string{
		`sluice_build_info{goversion="go`, `version="v0.1.0-test"} 1`,
		`sluice_cells{stage="production",state="denied"} 1`, `sluice_cells{stage="gray",state="held"} 1`, `sluice_cells{stage="gray",state="drifted"} 0`,
		"sluice_apps 4", "sluice_ledger_entries 48", "sluice_incidents 1", "sluice_problems 1", "sluice_control_change_waiting 1",
		"sluice_git_last_success_timestamp_seconds 1.795419012e+09", "sluice_targets_last_compare_timestamp_seconds 1.79541884e+09",
		`sluice_oldest_held_timestamp_seconds{stage="gray"} 1.79541182e+09`, "go_goroutines", "process_start_time_seconds",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	for _, app := range v.Apps {
		if strings.Contains(got, string(app.App)) {
			t.Errorf("metrics name the app %s: labels must not grow with apps", app.App)
		}
	}
}

// TestMetricsTellTroublesApart: an alert on a token that ended is another one than on a project out of sight.
func TestMetricsTellTroublesApart(t *testing.T) {
	v := sample(t)
	v.ProblemCodes = []schema.Code{"clock", "forge-lost-access"}
	got := body(t, ask(site(t, &v, now), "GET", "/metrics"))
	for _, want := range []string{
		`sluice_problem{code="forge-lost-access"} 1`, `sluice_problem{code="clock"} 1`, `sluice_problem{code="forge-unauthorized"} 0`,
		`sluice_problem{code="forge-forbidden"} 0`, `sluice_problem{code="forge-unavailable"} 0`, `sluice_problem{code="forge-incomplete"} 0`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestMetricsCountWebhooks(t *testing.T) {
	h, err := status.New(status.Config{
		View: func() *schema.View { return nil }, Webhooks: func() map[string]uint64 { return map[string]uint64{"accepted": 3, "bad-token": 0} },
	})
	if err != nil {
		t.Fatal(err)
	}
	got := body(t, ask(h, "GET", "/metrics"))
	for _, want := range []string{`sluice_webhook_requests_total{outcome="accepted"} 3`, `sluice_webhook_requests_total{outcome="bad-token"} 0`} {
		if !strings.Contains(got, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if got := body(t, ask(site(t, nil, now), "GET", "/metrics")); strings.Contains(got, "webhook") {
		t.Error("metrics count webhooks where none are received")
	}
}

func TestMetricsBeforeTheFirstLook(t *testing.T) {
	got := body(t, ask(site(t, nil, now), "GET", "/metrics"))
	for _, want := range []string{"sluice_git_last_success_timestamp_seconds 0", "sluice_ledger_entries 0", "sluice_build_info"} {
		if !strings.Contains(got, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(got, "sluice_cells{") {
		t.Error("metrics count cells that nobody has seen")
	}
}

func TestAStageWithABadNameDoesNotBreakMetrics(t *testing.T) {
	v := sample(t)
	v.Stages = []schema.StageName{"gray", "\xff"}
	if got := body(t, ask(site(t, &v, now), "GET", "/metrics")); !strings.Contains(got, "sluice_ledger_entries 48") {
		t.Errorf("a stage with a bad name takes the metrics away: %.300s", got)
	}
}

func TestMetricsCountGuardrails(t *testing.T) {
	v := guarded(t)
	got := body(t, ask(site(t, &v, now), "GET", "/metrics"))
	for _, want := range []string{
		`sluice_guardrail_checks{name="no-push",state="warn"} 1`, `sluice_guardrail_checks{name="no-push",state="ok"} 0`,
		`sluice_guardrail_checks{name="no-force-push",state="fail"} 1`, `sluice_guardrail_checks{name="token-expiry",state="warn"} 1`,
		`sluice_guardrail_checks{name="hook",state="unknown"} 1`, "sluice_guardrail_last_read_timestamp_seconds 1.79541878e+09",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(got, "refs/heads") {
		t.Error("metrics name branches: labels must not grow with them")
	}
}
