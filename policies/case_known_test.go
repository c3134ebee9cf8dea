package policies_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// caseOf asks the gate of gray, which one policy is, about an example of a project with stage-local files.
func caseOf(t *testing.T, policy string, facts schema.CaseFacts) schema.Verdict {
	t.Helper()
	project, found := schema.LoadProject("sluice.yaml", []byte(
		"version: 1\nstage_local: [local.yaml]\nstages:\n- name: staging\n- name: gray\n  gates:\n    promote:\n    - "+policy+"\n"))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	stage, _ := project.Stage("gray")
	v, err := policies.JudgeCase(project, stage, facts, people(), map[string][]byte{"schemas/a.json": []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestWhatAnExampleLeavesOutIsNotKnown: what needs a fact that the example does not have is not let in for want of it.
func TestWhatAnExampleLeavesOutIsNotKnown(t *testing.T) {
	bare := schema.CaseFacts{App: "payments", Kind: schema.Promote, At: noon, Authors: []string{"ann"}}
	for policy, code := range map[string]schema.Code{
		`when: {files: ["*"], then: [{approvals: 3}]}`:  "approvals-missing",
		`when: {kinds: [tune], then: [{approvals: 3}]}`: "approvals-missing",
		`approvals: {observed: 2, paths: ["*.yaml"]}`:   "approvals-missing",
		"limits: {}":                         "evidence-missing",
		"secrets: {}":                        "evidence-missing",
		`critical: {fields: ["a.yaml#max"]}`: "evidence-missing",
		`tags: {a.yaml: {max: "min=1"}}`:     "evidence-missing",
		`schema: {"*.yaml": schemas/a.json}`: "evidence-missing",
		`expression: size(changed) == 0`:     "evidence-missing",
		`expression: size(files) == 0`:       "evidence-missing",
		`expression: size(was) == 0`:         "evidence-missing",
		`expression: source == ""`:           "evidence-missing",
		`expression: title == ""`:            "evidence-missing",
		`expression: tunes`:                  "evidence-missing",
		`expression: "!tunes"`:               "evidence-missing",
	} {
		v := caseOf(t, policy, bare)
		if missing := v.Missing(); v.Outcome != schema.Hold || len(missing) == 0 || missing[0].Code != code {
			t.Errorf("%s: %+v", policy, v)
		}
	}
	for _, policy := range []string{"approvals: 1", "approvals: {observed: 0, signed: 1}", "duties: {merger: [author]}", "any: [{approvals: 1}]"} {
		anybody := schema.CaseFacts{App: "payments", Kind: schema.Promote, Source: "staging", At: noon, Approvers: []string{"bob"}, Signed: []string{"bob"}, MergedBy: "carol"}
		if v := caseOf(t, policy, anybody); v.Outcome != schema.Hold || !slices.ContainsFunc(v.Missing(), func(m schema.Verdict) bool { return m.Code == "evidence-missing" }) {
			t.Errorf("%s of nobody knows whose work: %+v", policy, v)
		}
		anybody.Authors = []string{"ann"}
		if v := caseOf(t, policy, anybody); v.Outcome != schema.Allow {
			t.Errorf("%s of ann's work: %+v", policy, v)
		}
	}
	whole := bare
	whole.Before, whole.After = map[string][]byte{}, map[string][]byte{"a.yaml": []byte("max: 1\n")}
	if v := caseOf(t, "limits: {apps: 1}", whole); v.Outcome != schema.Hold || v.Missing()[0].Code != "evidence-missing" {
		t.Errorf("apps that nobody counted: %+v", v)
	}
	if v := caseOf(t, "limits: {files: 1}", whole); v.Outcome != schema.Allow {
		t.Errorf("an app that had no files: %+v", v)
	}
	if v := caseOf(t, "limits: {files: 1}", schema.CaseFacts{App: "payments", Kind: schema.Promote, At: noon, After: whole.After}); v.Outcome != schema.Hold {
		t.Errorf("files before that nobody knows: %+v", v)
	}
}

// TestAnExampleOfAPromotionMayTuneAsWell: whether it does, its files and the project's stage_local say.
func TestAnExampleOfAPromotionMayTuneAsWell(t *testing.T) {
	file := func(text string) []byte { return []byte("max: " + text + "\n") }
	facts := schema.CaseFacts{
		App: "payments", Kind: schema.Promote, At: noon, Source: "staging", Soaked: time.Hour, Authors: []string{"ann"},
		Before: map[string][]byte{"a.yaml": file("1"), "local.yaml": file("1")}, After: map[string][]byte{"a.yaml": file("2"), "local.yaml": file("2")},
	}
	if v := caseOf(t, "expression: tunes && kind == \"promote\"", facts); v.Outcome != schema.Allow {
		t.Errorf("both change: %+v", v)
	}
	if v := caseOf(t, "when: {kinds: [tune], then: [{approvals: 3}]}", facts); v.Outcome != schema.Hold {
		t.Errorf("a rule about tunes: %+v", v)
	}
	facts.After["local.yaml"] = file("1")
	if v := caseOf(t, "expression: \"!tunes\"", facts); v.Outcome != schema.Allow {
		t.Errorf("only promoted files change: %+v", v)
	}
	if v := caseOf(t, "when: {kinds: [tune], then: [{approvals: 3}]}", facts); v.Outcome != schema.Allow {
		t.Errorf("a rule about tunes, and none: %+v", v)
	}
}
