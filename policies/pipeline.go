package policies

import (
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// Pipeline asks that jobs are green on the very head that was merged. What the forge calls a merge request's pipeline is not
// asked: it may be none, an older head's, another branch's with the same commit, or one that sluice itself reported to.
type Pipeline struct{ schema.PipelineSpec }

// Evaluate holds until the newest report of each job on the head is a success: a job that runs again takes back what it said.
func (p Pipeline) Evaluate(f Facts) schema.Verdict {
	const policy = "pipeline"
	if f.MergeRequest == nil || len(p.Jobs) == 0 {
		return answer(policy, schema.Hold, "evidence-missing", "what", "which jobs ran")
	}
	var parts []schema.Verdict
	for _, job := range p.Jobs {
		if v := judgeJob(f, job); v.Outcome != schema.Allow {
			parts = append(parts, v)
		}
	}
	if len(parts) > 0 {
		return schema.All(policy, parts...)
	}
	v := allow(policy)
	v.Args = map[string]string{"jobs": joined(p.Jobs)}
	return v
}

func judgeJob(f Facts, job string) schema.Verdict {
	const policy = "pipeline"
	head := f.MergeRequest.Head
	var newest schema.JobStatus
	for _, s := range f.MergeRequest.Statuses {
		if s.Name == job && s.Commit == head && s.ID > newest.ID {
			newest = s
		}
	}
	switch {
	case newest.ID == 0:
		return answer(policy, schema.Hold, "job-missing", "job", job, "commit", head.Short())
	case newest.State == "success":
		return allow(policy)
	case slices.Contains([]string{"failed", "canceling", "canceled", "skipped", "manual"}, newest.State):
		return answer(policy, schema.Hold, "job-failed", "job", job, "commit", head.Short(), "state", newest.State)
	}
	return answer(policy, schema.Hold, "job-running", "job", job, "commit", head.Short())
}
