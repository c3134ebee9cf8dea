package policies_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// everything is a gate in which each policy is asked once.
const everything = `version: 1
layout: directory
stages:
- name: staging
- name: gray
  gates:
    promote:
    - approvals: {observed: 2}
    - soak: 12h
    - duties: {merger: [author]}
    - freeze: {weekly: "Fri 18:00 - Mon 06:00", dates: "2026-12-20 18:00 - 2027-01-04 06:00", zone: Europe/Berlin}
    - window: {weekly: "Mon-Thu 09:00-16:00", zone: Europe/Berlin}
    - guardrails: [protected, no-push, no-force-push]
    - pipeline: [check, unit]
    - health: {instances: 3}
    - limits: {}
    - critical: {fields: ["limits.yaml#max*"]}
    - breaker: {fields: ["limits.yaml#max*"], durations: ["app.yaml#db.timeout"]}
    - tags: {app.yaml: {replicas: "required,max=20", team: "omitempty,whitelist=teams"}}
    - whitelist: gray
    - schema: {app.yaml: app.json}
    - secrets: {}
    - expression: 'kind == "promote" && files["app.yaml"].replicas <= 20 && size(approvers) > 1'
    - when: {files: ["limits*.yaml"], then: [{any: [{soak: 72h}, {approvals: {observed: 1, roles: [release]}}]}]}
`

// judged are facts that everything allows: an app of a few files of which one field changes.
func judged(b *testing.B) policies.Facts {
	f := promotion()
	app := "replicas: 3\nteam: pay\nimage: {name: payments, tag: 1.2.3}\ndb: {host: db.internal, port: 5432, timeout: 30s}\nfeatures: [a, b, c]\n"
	before := tree{"app.yaml": app, "limits.yaml": "max: 5000\nmin: 1\n", "routes.yaml": "routes:\n- {path: /a, to: a}\n- {path: /b, to: b}\n", "notes.txt": "what this is\n"}
	after := tree{"app.yaml": app, "limits.yaml": "max: 8000\nmin: 1\n", "routes.yaml": before["routes.yaml"], "notes.txt": before["notes.txt"]}
	goes(b, before, after, []int64{2, 3, 8}, worked(day))(&f)
	f.Change.Source.Content = f.Change.To.Content
	f.Health = &schema.Consumers{Cell: schema.Cell{Stage: "staging", App: "payments"}, At: noon}
	f.Health.Add("etcd", runs(10, f.Change.To.Content), 0, false)
	f.Health.Asked = []string{"etcd"}
	f.MergeRequest.ProjectID, f.MergeRequest.MergedBy = 4, account(7)
	for i, name := range []string{"check", "unit"} {
		f.MergeRequest.Statuses = append(f.MergeRequest.Statuses, schema.JobStatus{ID: int64(i + 1), Name: name, State: "success", Commit: f.MergeRequest.Head})
	}
	f.Guards = &schema.Guards{Host: forge, ProjectID: 4, At: noon}
	for _, rail := range []string{"protected", "no-push", "no-force-push"} {
		f.Guards.Rails = append(f.Guards.Rails, schema.GuardRail{Name: rail, Subject: f.Ref, State: schema.GuardOK})
	}
	f.Schemas = map[string][]byte{
		".sluice/schemas/app.json": []byte(`{"type": "object", "required": ["replicas"], "properties": {"replicas": {"type": "integer", "maximum": 20}, "image": {"type": "object"}}}`),
		".sluice/lists/gray.yaml":  []byte("- pay*\n- search\n"),
		".sluice/lists/teams.yaml": []byte("- pay\n- search\n"),
	}
	return f
}

// BenchmarkPromotion judges one promotion whose facts are there: by what production asks for where sluice.yaml says nothing of
// gates, and by a gate that asks every policy. It says how many that are in a second, on one processor.
func BenchmarkPromotion(b *testing.B) {
	for _, r := range []struct{ name, project string }{
		{"default-gate", "version: 1\nlayout: directory\nstages:\n- name: staging\n- name: gray\n  gates: {promote: [approvals: 2]}\n"},
		{"every-policy", everything},
	} {
		b.Run(r.name, func(b *testing.B) {
			project, found := policies.LoadProject("sluice.yaml", []byte(r.project))
			if err := found.Err(); err != nil {
				b.Fatal(err)
			}
			stage, _ := project.Stage("gray")
			gate, err := policies.ForGate(stage.Gates, schema.Promote)
			if err != nil {
				b.Fatal(err)
			}
			f := judged(b)
			if v := gate.Evaluate(f); v.Outcome != schema.Allow {
				b.Fatalf("not allowed: %v", codes(v))
			}
			b.ReportAllocs()
			for b.Loop() {
				gate.Evaluate(f)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "promotions/s")
		})
	}
}
