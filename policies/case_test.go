package policies_test

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// TestExamplesAreJudgedAsChangesAre: each policy that a gate may name answers an example, and what the example leaves out is not
// taken for good.
func TestExamplesAreJudgedAsChangesAre(t *testing.T) {
	quiet := schema.CaseFacts{
		App: "payments", Kind: schema.Promote, At: noon, Source: "staging", Soaked: 25 * time.Hour, Authors: []string{"ann"}, Approvers: []string{"bob", "carol"},
		Signed: []string{"rel"}, MergedBy: "vis", Jobs: map[string]string{"unit": "success"}, Guardrails: []string{"protected", "pipeline"},
		Rollbacks: []schema.CaseRollback{{Ago: time.Hour, LiveAfter: time.Minute}},
		Before:    map[string][]byte{"a.yaml": []byte("max: 1\n")}, After: map[string][]byte{"a.yaml": []byte("max: 2\n")},
	}
	for _, gate := range []string{
		"approvals: {observed: 2, signed: 0}", "approvals: {signed: 1, roles: [release]}", "soak: 24h", "duties: {}", "guardrails: [protected, pipeline]", "pipeline: [unit]",
		"limits: {}", "secrets: {}", "critical: {fields: [\"a.yaml#max\"]}", "breaker: {fields: [\"a.yaml#max\"]}", "tags: {a.yaml: {max: \"min=1\"}}",
		"expression: files[\"a.yaml\"].max == 2 && was[\"a.yaml\"].max == 1 && \"bob\" in approvers",
	} {
		project, found := schema.LoadProject("sluice.yaml", []byte("version: 1\nstages:\n- name: staging\n- name: gray\n  gates:\n    promote:\n    - "+gate+"\n"))
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		stage, _ := project.Stage("gray")
		if v, err := policies.JudgeCase(project, stage, quiet, people(), nil); err != nil || v.Outcome != schema.Allow {
			t.Errorf("%s: %+v, %v", gate, v, err)
		}
		bare := schema.CaseFacts{App: "payments", Kind: schema.Promote, At: noon}
		if v, err := policies.JudgeCase(project, stage, bare, people(), nil); err != nil || v.Outcome == schema.Allow {
			t.Errorf("%s, without facts: %+v, %v", gate, v, err)
		}
	}
	if _, err := policies.JudgeCase(schema.Project{}, schema.Stage{Name: "gray"}, schema.CaseFacts{Approvers: []string{"mallory"}}, people(), nil); err == nil {
		t.Error("a stranger approves an example")
	}
}

func TestEveryPolicyIsInTheCatalogue(t *testing.T) {
	for _, name := range append(schema.PolicyNames, schema.FixedPolicies...) {
		if policies.Catalogue(name) == "" {
			t.Errorf("README.md has no section about %s", name)
		}
	}
}
