package policies_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func TestPipeline(t *testing.T) {
	p := gatePolicy(t, "pipeline", []any{"check", "unit"})
	ran := func(statuses ...schema.JobStatus) func(*policies.Facts) {
		return func(f *policies.Facts) {
			for i, s := range statuses {
				if s.ID == 0 {
					s.ID = int64(i + 1)
				}
				if s.Commit.IsZero() {
					s.Commit = f.MergeRequest.Head
				}
				f.MergeRequest.Statuses = append(f.MergeRequest.Statuses, s)
			}
		}
	}
	check, unit := schema.JobStatus{Name: "check", State: "success"}, schema.JobStatus{Name: "unit", State: "success"}
	in := func(s schema.JobStatus, state string) schema.JobStatus { s.State = state; return s }
	again, other := check, unit
	again.ID, other.Commit = 9, schema.Hash{9}
	for _, r := range []row{
		{"both are green on the head", p, ran(check, unit), schema.Allow, nil},
		{"nothing ran", p, nil, schema.Hold, []schema.Code{"job-missing", "job-missing"}},
		{"one did not run", p, ran(check), schema.Hold, []schema.Code{"job-missing"}},
		{"one failed", p, ran(check, in(unit, "failed")), schema.Hold, []schema.Code{"job-failed"}},
		{"one was skipped", p, ran(in(check, "skipped"), unit), schema.Hold, []schema.Code{"job-failed"}},
		{"one waits for somebody to start it", p, ran(in(check, "manual"), unit), schema.Hold, []schema.Code{"job-failed"}},
		{"one is running", p, ran(check, in(unit, "running")), schema.Hold, []schema.Code{"job-running"}},
		{"one is in a state that is new to us", p, ran(check, in(unit, "succeeded")), schema.Hold, []schema.Code{"job-running"}},
		{"one failed, and then succeeded", p, ran(in(check, "failed"), unit, again), schema.Allow, nil},
		{"one succeeded, and then failed, whatever comes first", p, ran(in(again, "failed"), check, unit), schema.Hold, []schema.Code{"job-failed"}},
		{"one is green on another commit", p, ran(check, other), schema.Hold, []schema.Code{"job-missing"}},
		{"more ran, and failed", p, ran(check, unit, schema.JobStatus{Name: "lint", State: "failed"}), schema.Allow, nil},
		{"no merge request", p, func(f *policies.Facts) { f.MergeRequest = nil }, schema.Hold, []schema.Code{"evidence-missing"}},
		{"no facts", p, func(f *policies.Facts) { *f = policies.Facts{} }, schema.Hold, []schema.Code{"evidence-missing"}},
		{"the zero policy", policies.Pipeline{}, ran(check, unit), schema.Hold, []schema.Code{"evidence-missing"}},
	} {
		r.run(t)
	}
}
