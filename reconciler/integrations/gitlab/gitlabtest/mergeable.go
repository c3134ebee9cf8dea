package gitlabtest

import "slices"

// detailedStatus is GitLab's detailed_merge_status: the first reason against a
// merge, or "mergeable". Callers hold mu.
func (s *Server) detailedStatus(p *project, mr *mergeRequest) string {
	switch {
	case mr.State != "opened":
		return "not_open"
	case mr.checks > 1:
		return "preparing"
	case mr.checks > 0:
		return "checking"
	case mr.sourceTip == "" || len(mr.head().Commits) == 0:
		return "commits_status"
	case mr.Draft:
		return "draft_status"
	case s.conflicts(p, mr):
		return "conflict"
	case p.needsRebase(mr):
		return "need_rebase"
	case s.opts.ApprovalsSyncing && len(mr.resets) > 0:
		return "approvals_syncing"
	case s.approvalsLeft(p, mr) > 0:
		return "not_approved"
	}
	return p.pipelineGate(mr)
}

// mergeStatus is the older merge_status, which knows about Git alone.
func (s *Server) mergeStatus(p *project, mr *mergeRequest) string {
	switch {
	case mr.checks > 1:
		return "preparing"
	case mr.checks > 0:
		return "checking"
	case mr.State == "opened" && (mr.sourceTip == "" || s.conflicts(p, mr)):
		return "cannot_be_merged"
	}
	return "can_be_merged"
}

// conflicts says whether source and target do not merge cleanly; asked once per
// pair of tips.
func (s *Server) conflicts(p *project, mr *mergeRequest) bool {
	target := p.repo.tip(mr.TargetBranch)
	if target == "" {
		return true
	}
	key := mr.SHA + " " + target
	if answer, known := mr.conflicts[key]; known {
		return answer
	}
	_, err := p.repo.mergeTrees(target, mr.SHA)
	if err != nil && err != errConflict {
		s.log.Error("mergeability is not known", "project", p.Path, "iid", mr.IID, "error", err)
		return true
	}
	mr.conflicts[key] = err == errConflict
	return err == errConflict
}

// needsRebase says whether the merge method demands that the source holds the
// target's tip.
func (p *project) needsRebase(mr *mergeRequest) bool {
	if p.MergeMethod == "merge" {
		return false
	}
	return !p.repo.ancestor(p.repo.tip(mr.TargetBranch), mr.SHA)
}

// pipelineGate is the last check: a green pipeline where one is demanded.
func (p *project) pipelineGate(mr *mergeRequest) string {
	if !p.PipelineMustSucceed {
		return "mergeable"
	}
	head := p.headPipeline(mr)
	switch {
	case head == nil:
		return "ci_must_pass"
	case head.status == "success":
		return "mergeable"
	case slices.Contains([]string{"pending", "running", "created"}, head.status):
		return "ci_still_running"
	}
	return "ci_must_pass"
}
