package schema_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestPolicyValues reads values as they come from Go and from JSON: both have to mean the same.
func TestPolicyValues(t *testing.T) {
	byDefault := schema.ApprovalsSpec{Roles: []schema.RoleName{schema.RoleApprover}, After: schema.AfterLive, Bind: schema.BindContent}
	with := func(edit func(*schema.ApprovalsSpec)) schema.ApprovalsSpec {
		s := byDefault
		edit(&s)
		return s
	}
	rows := []struct {
		name  string
		spec  schema.PolicySpec
		want  any
		wrong bool
	}{
		{name: "a number of people", spec: schema.PolicySpec{Name: "approvals", Value: 2}, want: with(func(s *schema.ApprovalsSpec) { s.Observed = 2 })},
		{name: "nobody", spec: schema.PolicySpec{Name: "approvals", Value: 0}, want: byDefault},
		{
			name: "roles in any order", spec: schema.PolicySpec{Name: "approvals", Value: map[string]any{"observed": 1, "signed": 1, "roles": []string{"release", "admin"}}},
			want: with(func(s *schema.ApprovalsSpec) {
				s.Observed, s.Signed, s.Roles = 1, 1, []schema.RoleName{"admin", "release"}
			}),
		},
		{name: "half a person", spec: schema.PolicySpec{Name: "approvals", Value: 1.5}, wrong: true},
		{name: "less than nobody", spec: schema.PolicySpec{Name: "approvals", Value: -1}, wrong: true},
		{name: "a crowd", spec: schema.PolicySpec{Name: "approvals", Value: 101}, wrong: true},
		{name: "a map that asks for nothing", spec: schema.PolicySpec{Name: "approvals", Value: map[string]any{"bind": "head"}}, wrong: true},
		{name: "authors as approvers", spec: schema.PolicySpec{Name: "approvals", Value: map[string]any{"observed": 1, "roles": []string{"author"}}}, wrong: true},
		{name: "no value", spec: schema.PolicySpec{Name: "approvals"}, wrong: true},
		{name: "days", spec: schema.PolicySpec{Name: "soak", Value: "2d"}, want: schema.SoakSpec{For: 48 * time.Hour}},
		{
			name: "soak in a stage", spec: schema.PolicySpec{Name: "soak", Value: map[string]any{"for": "1h", "in": "gray", "reset": true}},
			want: schema.SoakSpec{For: time.Hour, In: "gray", Reset: true},
		},
		{name: "negative soak", spec: schema.PolicySpec{Name: "soak", Value: "-1h"}, wrong: true},
		{name: "soak without its time", spec: schema.PolicySpec{Name: "soak", Value: map[string]any{"in": "gray"}}, wrong: true},
		{
			name: "one schema for all", spec: schema.PolicySpec{Name: "schema", Value: "team/app.json"},
			want: schema.SchemaSpec{Rules: []schema.SchemaRule{{Files: "**", Schema: ".sluice/schemas/team/app.json"}}},
		},
		{name: "a schema elsewhere", spec: schema.PolicySpec{Name: "schema", Value: "/etc/app.json"}, wrong: true},
		{name: "a schema that is not JSON", spec: schema.PolicySpec{Name: "schema", Value: "app.yaml"}, wrong: true},
		{name: "no pattern", spec: schema.PolicySpec{Name: "schema", Value: map[string]any{}}, wrong: true},
		{
			name: "a weekend", spec: schema.PolicySpec{Name: "freeze", Value: map[string]any{"weekly": "Fri 18:00 - Mon 06:00", "zone": "Europe/Berlin"}},
			want: schema.CalendarSpec{Weekly: []schema.WeekSpan{{From: 4*1440 + 18*60, Long: 60 * 60}}, Zone: "Europe/Berlin"},
		},
		{
			name: "days in any order, one of them twice", spec: schema.PolicySpec{Name: "window", Value: map[string]any{"weekly": []string{"Sun-Mon 22:00-02:00", "Mon", "Sun 22:00-02:00"}, "zone": "UTC"}},
			want: schema.CalendarSpec{Weekly: []schema.WeekSpan{{From: 0, Long: 1440}, {From: 22 * 60, Long: 240}, {From: 6*1440 + 22*60, Long: 240}}, Zone: "UTC"},
		},
		{
			name: "dates", spec: schema.PolicySpec{Name: "freeze", Value: map[string]any{"dates": "1970-01-02 00:00 - 1970-01-02 24:00", "zone": "UTC"}},
			want: schema.CalendarSpec{Dates: []schema.DateSpan{{From: 1440, Until: 2880}}, Zone: "UTC"},
		},
		{name: "a freeze without its zone", spec: schema.PolicySpec{Name: "freeze", Value: map[string]any{"weekly": "Sat-Sun"}}, wrong: true},
		{name: "a freeze of nothing", spec: schema.PolicySpec{Name: "freeze", Value: map[string]any{"zone": "UTC"}}, wrong: true},
		{name: "an empty list of spans", spec: schema.PolicySpec{Name: "window", Value: map[string]any{"weekly": []string{}, "zone": "UTC"}}, wrong: true},
		{name: "the zone of whatever machine", spec: schema.PolicySpec{Name: "freeze", Value: map[string]any{"weekly": "Sat-Sun", "zone": "Local"}}, wrong: true},
		{name: "a zone that is a path", spec: schema.PolicySpec{Name: "freeze", Value: map[string]any{"weekly": "Sat-Sun", "zone": "../../etc/localtime"}}, wrong: true},
		{name: "a zone of nowhere", spec: schema.PolicySpec{Name: "freeze", Value: map[string]any{"weekly": "Sat-Sun", "zone": "Europe/Berlln"}}, wrong: true},
		{name: "a span without time in it", spec: schema.PolicySpec{Name: "window", Value: map[string]any{"weekly": "Mon 09:00-09:00", "zone": "UTC"}}, wrong: true},
		{name: "a span that ends where it begins", spec: schema.PolicySpec{Name: "freeze", Value: map[string]any{"weekly": "Sun 24:00 - Mon 00:00", "zone": "UTC"}}, wrong: true},
		{name: "an hour that no day has", spec: schema.PolicySpec{Name: "window", Value: map[string]any{"weekly": "Mon 09:00-25:00", "zone": "UTC"}}, wrong: true},
		{name: "a leap day in a year without", spec: schema.PolicySpec{Name: "freeze", Value: map[string]any{"dates": "2027-02-29 00:00 - 2027-03-02 00:00", "zone": "UTC"}}, wrong: true},
		{name: "dates backwards", spec: schema.PolicySpec{Name: "freeze", Value: map[string]any{"dates": "2027-03-02 00:00 - 2027-03-01 00:00", "zone": "UTC"}}, wrong: true},
		{
			name: "limits by default", spec: schema.PolicySpec{Name: "limits", Value: map[string]any{}},
			want: schema.LimitsSpec{Files: 100, Bytes: 262144, File: 131072, Line: 2000, Deletions: 50},
		},
		{
			name: "every limit", spec: schema.PolicySpec{Name: "limits", Value: map[string]any{"files": 1, "bytes": 2, "file": 3, "line": 4, "binary": true, "deletions": 0, "large": 3, "apps": 5}},
			want: schema.LimitsSpec{Files: 1, Bytes: 2, File: 3, Line: 4, Binary: true, Large: 3, Apps: 5},
		},
		{
			name: "a freeze that two release managers pass",
			spec: schema.PolicySpec{Name: "freeze", Value: map[string]any{"weekly": "Mon", "zone": "UTC", "override": map[string]any{"observed": 2, "roles": []string{"release"}}}},
			want: schema.CalendarSpec{Weekly: []schema.WeekSpan{{From: 0, Long: 1440}}, Zone: "UTC", Override: &schema.ApprovalsSpec{
				Observed: 2, Roles: []schema.RoleName{"release"}, After: "live", Bind: "content",
			}},
		},
		{
			name: "approvals of owners, about paths, in any order",
			spec: schema.PolicySpec{Name: "approvals", Value: map[string]any{"observed": 1, "paths": []string{"b.yaml", "a/*", "b.yaml"}, "owners": []string{"carol", "bob"}}},
			want: schema.ApprovalsSpec{
				Observed: 1, Roles: []schema.RoleName{"approver"}, After: "live", Bind: "content",
				Paths: schema.Patterns{"a/*", "b.yaml"}, Owners: []string{"bob", "carol"},
			},
		},
		{name: "limits that are no map", spec: schema.PolicySpec{Name: "limits", Value: 5}, wrong: true},
		{name: "more than everything deleted", spec: schema.PolicySpec{Name: "limits", Value: map[string]any{"deletions": 101}}, wrong: true},
		{name: "no file at all", spec: schema.PolicySpec{Name: "limits", Value: map[string]any{"files": 0}}, wrong: true},
		{name: "not even the app itself", spec: schema.PolicySpec{Name: "limits", Value: map[string]any{"apps": 0}}, wrong: true},
		{name: "a limit of nobody", spec: schema.PolicySpec{Name: "limits", Value: map[string]any{"lines": 5}}, wrong: true},
		{name: "no exception for secrets", spec: schema.PolicySpec{Name: "secrets", Value: map[string]any{}}, want: schema.SecretsSpec{}},
		{
			name: "exceptions in any order, one of them twice", spec: schema.PolicySpec{Name: "secrets", Value: map[string]any{"allow": []string{"b.yaml#key*", "a/*.pem", "b.yaml#key*"}}},
			want: schema.SecretsSpec{Allow: []schema.SecretException{{Files: "a/*.pem"}, {Files: "b.yaml", Key: "key*"}}},
		},
		{name: "an exception for a key of nobody", spec: schema.PolicySpec{Name: "secrets", Value: map[string]any{"allow": []string{"b.yaml#"}}}, wrong: true},
		{name: "an exception for files above", spec: schema.PolicySpec{Name: "secrets", Value: map[string]any{"allow": []string{"../*"}}}, wrong: true},
		{name: "an exception that is no pattern", spec: schema.PolicySpec{Name: "secrets", Value: map[string]any{"allow": []string{"a#[x"}}}, wrong: true},
		{name: "secrets as a word", spec: schema.PolicySpec{Name: "secrets", Value: true}, wrong: true},
		{name: "guard rails in any order", spec: schema.PolicySpec{Name: "guardrails", Value: []string{"protected", "no-push"}}, want: schema.GuardrailsSpec{Want: []string{"no-push", "protected"}}},
		{name: "a guard rail that there is not", spec: schema.PolicySpec{Name: "guardrails", Value: []string{"no-pushing"}}, wrong: true},
		{name: "a guard rail twice", spec: schema.PolicySpec{Name: "guardrails", Value: []string{"protected", "protected"}}, wrong: true},
		{name: "no guard rail", spec: schema.PolicySpec{Name: "guardrails", Value: []string{}}, wrong: true},
		{name: "guard rails as a word", spec: schema.PolicySpec{Name: "guardrails", Value: "protected"}, wrong: true},
		{name: "jobs in any order", spec: schema.PolicySpec{Name: "pipeline", Value: []string{"unit", "check: all"}}, want: schema.PipelineSpec{Jobs: []string{"check: all", "unit"}}},
		{name: "a job twice", spec: schema.PolicySpec{Name: "pipeline", Value: []string{"unit", "unit"}}, wrong: true},
		{name: "a job that turns the text around", spec: schema.PolicySpec{Name: "pipeline", Value: []string{"a\u202eb"}}, wrong: true},
		{name: "no job", spec: schema.PolicySpec{Name: "pipeline", Value: []string{}}, wrong: true},
		{name: "a job as a word", spec: schema.PolicySpec{Name: "pipeline", Value: "unit"}, wrong: true},
		{name: "health by default", spec: schema.PolicySpec{Name: "health", Value: map[string]any{}}, want: schema.HealthSpec{Instances: 1, Share: 100}},
		{name: "health of most, for an hour", spec: schema.PolicySpec{Name: "health", Value: map[string]any{"instances": 3, "share": 90, "for": "1h", "in": "gray"}}, want: schema.HealthSpec{Instances: 3, Share: 90, For: time.Hour, In: "gray"}},
		{name: "health of nobody", spec: schema.PolicySpec{Name: "health", Value: map[string]any{"instances": 0}}, wrong: true},
		{name: "health of more than all", spec: schema.PolicySpec{Name: "health", Value: map[string]any{"share": 101}}, wrong: true},
		{name: "health as a word", spec: schema.PolicySpec{Name: "health", Value: true}, wrong: true},
		{name: "duties by default", spec: schema.PolicySpec{Name: "duties", Value: map[string]any{}}, want: schema.DutiesSpec{Merger: []string{"approver", "author"}}},
		{name: "one duty", spec: schema.PolicySpec{Name: "duties", Value: map[string]any{"merger": []string{"author"}}}, want: schema.DutiesSpec{Merger: []string{"author"}}},
		{name: "a duty of nobody", spec: schema.PolicySpec{Name: "duties", Value: map[string]any{"merger": []string{"auther"}}}, wrong: true},
		{name: "a duty twice", spec: schema.PolicySpec{Name: "duties", Value: map[string]any{"merger": []string{"author", "author"}}}, wrong: true},
		{name: "no duty", spec: schema.PolicySpec{Name: "duties", Value: map[string]any{"merger": []string{}}}, wrong: true},
		{
			name: "roles that exclude each other, in any order", spec: schema.PolicySpec{Name: "duties", Value: map[string]any{"exclusive": []any{[]any{"root", "admin"}, []any{"release", "approver", "author"}}}},
			want: schema.DutiesSpec{Merger: []string{"approver", "author"}, Exclusive: [][]schema.RoleName{{"admin", "root"}, {"approver", "author", "release"}}},
		},
		{
			name: "roles alone, whoever merges", spec: schema.PolicySpec{Name: "duties", Value: map[string]any{"merger": []any{}, "exclusive": []any{[]any{"root", "admin"}}}},
			want: schema.DutiesSpec{Exclusive: [][]schema.RoleName{{"admin", "root"}}},
		},
		{name: "duties as a word", spec: schema.PolicySpec{Name: "duties", Value: "apart"}, wrong: true},
		{name: "a policy of nobody", spec: schema.PolicySpec{Name: "tea-time", Value: 5}, wrong: true},
	}
	for _, row := range rows {
		for _, spec := range []schema.PolicySpec{row.spec, throughJSON(t, row.spec)} {
			got, err := read1(spec)
			if (err != nil) != row.wrong {
				t.Errorf("%s: error %v, wrong %v", row.name, err, row.wrong)
			}
			if (spec.Check() != nil) != row.wrong {
				t.Errorf("%s: Check says %v", row.name, spec.Check())
			}
			if err == nil && !reflect.DeepEqual(got, row.want) {
				t.Errorf("%s: got %+v, want %+v", row.name, got, row.want)
			}
		}
	}
}

func read1(s schema.PolicySpec) (any, error) {
	switch s.Name {
	case "approvals":
		return s.Approvals()
	case "soak":
		return s.Soak()
	case "schema":
		return s.Schema()
	case "limits":
		return s.Limits()
	case "secrets":
		return s.Secrets()
	case "guardrails":
		return s.Guardrails()
	case "pipeline":
		return s.Pipeline()
	case "health":
		return s.Health()
	case "duties":
		return s.Duties()
	case "freeze", "window":
		return s.Calendar()
	}
	return nil, errors.New("nobody's")
}

func throughJSON(t *testing.T, s schema.PolicySpec) schema.PolicySpec {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var out schema.PolicySpec
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPatternsOfFilesThatAreRead(t *testing.T) {
	for pattern, want := range map[string]bool{
		"app.yaml": true, "conf/app.json": true, "*": true, "**": true, "conf/**": true, "*.y*ml": true, "app.[jy]*": true, "app*": true, "*.ml": false, "*l": true, "app": false,
		"app.properties": false, "*.toml": false, "app.YAML": false, "*.JSON": false, "a.yaml/b.txt": false, "*.yaml.bak": false,
	} {
		spec := schema.PolicySpec{Name: "schema", Value: map[string]any{pattern: "app.json"}}
		if _, err := spec.Schema(); (err == nil) != want {
			t.Errorf("%s: got %v, want it taken: %t", pattern, err, want)
		}
	}
}

func TestSchemaRuleMatches(t *testing.T) {
	rows := []struct {
		pattern, path string
		want          bool
	}{
		{"**", "a/b.yaml", true}, {"*.yaml", "a/b.yaml", true}, {"conf/*.yaml", "conf/b.yaml", true}, {"conf/*.yaml", "b.yaml", false},
	}
	for _, row := range rows {
		if got := (schema.SchemaRule{Files: row.pattern}).Matches(row.path); got != row.want {
			t.Errorf("%s on %s: got %v", row.pattern, row.path, got)
		}
	}
}
