package policies_test

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// forgeTrees are those of policies about what other systems say.
func forgeTrees(t *testing.T) []shown {
	rails, jobs := gatePolicy(t, "guardrails", []any{"protected", "no-push"}), gatePolicy(t, "pipeline", []any{"check"})
	health, hour := gatePolicy(t, "health", map[string]any{}), gatePolicy(t, "health", map[string]any{"for": "1h"})
	looked := func(state schema.GuardState) func(*policies.Facts) {
		return func(f *policies.Facts) {
			f.MergeRequest.ProjectID = 4
			f.Guards = &schema.Guards{Host: forge, ProjectID: 4, At: noon, Rails: []schema.GuardRail{
				{Name: "protected", Subject: f.Ref, State: schema.GuardOK}, {Name: "no-push", Subject: f.Ref, State: state, Seen: "maintainers may push"},
			}}
		}
	}
	ran := func(states ...string) func(*policies.Facts) {
		return func(f *policies.Facts) {
			for i, state := range states {
				f.MergeRequest.Statuses = append(f.MergeRequest.Statuses, schema.JobStatus{ID: int64(i + 1), Commit: f.MergeRequest.Head, Name: "check", State: state})
			}
		}
	}
	return []shown{
		{"guardrails", "allow", "both are up", rails, looked(schema.GuardOK)},
		{"guardrails", "hold", "one is down", rails, looked(schema.GuardFail)},
		{"guardrails", "missing", "one is hidden", rails, looked(schema.GuardUnknown)},
		{"guardrails", "missing", "nobody looked", rails, nil},

		{"pipeline", "allow", "green on the head", jobs, ran("failed", "success")},
		{"pipeline", "hold", "it failed", jobs, ran("failed")},
		{"pipeline", "hold", "it is running", jobs, ran("running")},
		{"pipeline", "missing", "it did not run", jobs, nil},
		{"pipeline", "missing", "no merge request", jobs, func(f *policies.Facts) { f.MergeRequest = nil }},

		{"health", "allow", "every instance runs it", health, seen(nil, runs(3, c(2)))},
		{"health", "hold", "one of four runs another", health, seen(nil, runs(3, c(2)), runs(1, c(1)))},
		{"health", "hold", "every one, for not long enough", hour, seen(nil, runs(3, c(2)))},
		{"health", "missing", "none reports", health, seen(nil)},
		{"health", "missing", "nobody looked", health, nil},
		{"health", "missing", "they were looked at an hour ago", health, seen(func(f *policies.Facts) { f.Health.At = noon.Add(-time.Hour) }, runs(3, c(2)))},
	}
}
