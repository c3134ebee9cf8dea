package stories_test

import (
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// job reports that a job ran on a merge request's head: "job 1 check success"; with "of=2" on a ref of another merge request that
// has the same commit.
func (w *world) job(words []string) []string {
	n := w.number(words[0])
	mr, err := w.forge.MergeRequest("acme/config", n)
	w.must(err)
	ref := fmt.Sprintf("refs/merge-requests/%d/head", n)
	for _, word := range words[3:] {
		if _, err := fmt.Sscanf(word, "of=%d", &n); err == nil {
			ref = fmt.Sprintf("refs/merge-requests/%d/head", n)
		}
	}
	w.must(w.forge.SetStatus("acme/config", "ann", gitlabtest.StatusReport{SHA: mr.SHA, Ref: ref, Name: words[1], State: words[2]}))
	return nil
}

// jobs says what the forge tells of them: "jobs unanswered" or "jobs told".
func (w *world) jobs(words []string) []string {
	w.forge.Heal()
	if words[0] == "unanswered" {
		w.forge.Fail(gitlabtest.Fault{Path: "/statuses", Status: 502})
	}
	return nil
}
