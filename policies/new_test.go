package policies_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func TestNewReadsEveryFormOfAGate(t *testing.T) {
	for _, row := range []struct {
		sentence string
		spec     schema.PolicySpec
		want     policies.Policy
	}{
		{"a number of approvals", schema.PolicySpec{Name: "approvals", Value: 2}, policies.Approvals{Observed: 2, Roles: []schema.RoleName{schema.RoleApprover}, AfterLive: true}},
		{"approvals at any time, bound to the head", schema.PolicySpec{Name: "approvals", Value: map[string]any{"observed": 1, "after": "any", "bind": "head"}}, policies.Approvals{Observed: 1, Roles: []schema.RoleName{schema.RoleApprover}, BindHead: true}},
		{"a soak", schema.PolicySpec{Name: "soak", Value: "24h"}, policies.Soak{For: 24 * time.Hour}},
		{"a soak in a stage that restarts", schema.PolicySpec{Name: "soak", Value: map[string]any{"for": "1h", "in": "staging", "reset": true}}, policies.Soak{For: time.Hour, In: "staging", Reset: true}},
		{"a schema", schema.PolicySpec{Name: "schema", Value: "app.json"}, policies.Schema{Rules: []schema.SchemaRule{{Files: "**", Schema: ".sluice/schemas/app.json"}}}},
		{"limits", schema.PolicySpec{Name: "limits", Value: map[string]any{"large": 2, "files": 5}}, policies.Limits{LimitsSpec: schema.LimitsSpec{Files: 5, Bytes: 262144, File: 131072, Line: 2000, Deletions: 50, Large: 2}}},
		{"secrets", schema.PolicySpec{Name: "secrets", Value: map[string]any{"allow": []any{"a#b"}}}, policies.Secrets{SecretsSpec: schema.SecretsSpec{Allow: []schema.SecretException{{Files: "a", Key: "b"}}}}},
		{"guardrails", schema.PolicySpec{Name: "guardrails", Value: []any{"protected"}}, policies.Guardrails{GuardrailsSpec: schema.GuardrailsSpec{Want: []string{"protected"}}}},
		{"health", schema.PolicySpec{Name: "health", Value: map[string]any{"share": 90}}, policies.Health{HealthSpec: schema.HealthSpec{Instances: 1, Share: 90}}},
		{"duties", schema.PolicySpec{Name: "duties", Value: map[string]any{"merger": []any{"author"}}}, policies.Duties{DutiesSpec: schema.DutiesSpec{Merger: []string{"author"}}}},
		{"a freeze", schema.PolicySpec{Name: "freeze", Value: map[string]any{"weekly": "Sat", "zone": "UTC"}}, policies.Freeze{Spans: schema.CalendarSpec{Weekly: []schema.WeekSpan{{From: 7200, Long: 1440}}, Zone: "UTC"}, Zone: time.UTC}},
		{"a window", schema.PolicySpec{Name: "window", Value: map[string]any{"weekly": "Sat", "zone": "UTC"}}, policies.Window{Spans: schema.CalendarSpec{Weekly: []schema.WeekSpan{{From: 7200, Long: 1440}}, Zone: "UTC"}, Zone: time.UTC}},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			got, err := policies.New(row.spec)
			if err != nil {
				t.Fatalf("New(%+v): %v", row.spec, err)
			}
			if d := cmp.Diff(row.want, got, cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }), cmpopts.IgnoreUnexported(policies.Schema{})); d != "" {
				t.Errorf("New(%+v) (-want +got):\n%s", row.spec, d)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, spec := range []schema.PolicySpec{
		{Name: "aprovals", Value: 2}, {Name: "", Value: 2}, {Name: "approvals", Value: "many"}, {Name: "approvals", Value: -1},
		{Name: "soak", Value: "soon"}, {Name: "schema", Value: 7},
		{Name: "secrets", Value: true}, {Name: "duties", Value: "apart"}, {Name: "guardrails", Value: "protected"}, {Name: "limits", Value: 5}, {Name: "freeze", Value: "Sat-Sun"}, {Name: "window", Value: map[string]any{"weekly": "Sat-Sun", "zone": "Local"}},
	} {
		if p, err := policies.New(spec); err == nil {
			t.Errorf("New(%+v): got %+v, want an error", spec, p)
		}
	}
}

func TestAGateAsksEverybodyAndFailsClosed(t *testing.T) {
	gates := schema.Gates{Promote: schema.Gate{{Name: "approvals", Value: 1}, {Name: "soak", Value: "24h"}}}
	gate, err := policies.ForGate(gates, schema.Promote)
	if err != nil {
		t.Fatal(err)
	}
	f := promotion()
	f.Approvals = []schema.GivenApproval{by(2)}
	if v := gate.Evaluate(f); v.Outcome != schema.Allow {
		t.Errorf("a complete promotion: got %s, missing %v", v.Outcome, codes(v))
	}
	f.Approvals, f.Change.Source.Soaked, f.Commits = nil, time.Hour, nil
	if d := cmp.Diff([]schema.Code{"unsigned", "approvals-missing", "soak"}, codes(gate.Evaluate(f))); d != "" {
		t.Errorf("everything missing is said at once (-want +got):\n%s", d)
	}
	if v := (policies.Gate{}).Evaluate(f); v.Outcome != schema.Deny {
		t.Errorf("a gate that was never made: got %s, want deny", v.Outcome)
	}
	if v := gate.Evaluate(policies.Facts{}); v.Outcome == schema.Allow {
		t.Error("no facts at all were allowed")
	}
}

func TestOnlyPromotionsPassThePromoteGateAlone(t *testing.T) {
	gates := schema.Gates{
		Promote: schema.Gate{{Name: "approvals", Value: 9}}, Rollback: schema.Gate{{Name: "approvals", Value: 1}}, Retire: schema.Gate{},
	}
	for kind, want := range map[schema.Kind]schema.Outcome{schema.Promote: schema.Hold, schema.Tune: schema.Hold, schema.Rollback: schema.Allow, schema.Retire: schema.Hold} {
		gate, err := policies.ForGate(gates, kind)
		if err != nil {
			t.Fatal(err)
		}
		f := promotion()
		f.Change.Kind, f.Approvals = kind, []schema.GivenApproval{by(2)}
		if v := gate.Evaluate(f); v.Outcome != want {
			t.Errorf("%s: got %s (missing %v), want %s", kind, v.Outcome, codes(v), want)
		}
	}
}
