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
