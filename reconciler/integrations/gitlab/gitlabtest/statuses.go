package gitlabtest

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// commitStatus is one external job of a commit.
type commitStatus struct {
	id, pipelineID             int
	sha, ref, name, state      string
	targetURL, description     string
	author                     string
	created, started, finished time.Time
	coverage                   *float64
}

// pipeline is the group of jobs of a commit and ref: its own, which CI runs,
// and the external ones that are reported.
type pipeline struct {
	id, iid          int
	sha, ref, status string
	source           string // external when a status made it
	own              string // state of its own jobs, "" for none
	created, updated time.Time
	user             string
}

// StatusReport is a commit status as CI or a bot sets it.
type StatusReport struct {
	SHA, Ref, Name, State  string // Ref default: the branch with this tip; Name default "default"
	TargetURL, Description string
	PipelineID             int
	Coverage               *float64
}

// SetStatus sets a commit status as a user.
func (s *Server) SetStatus(project, username string, in StatusReport) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, user, err := s.actor(project, username)
	if err != nil {
		return fmt.Errorf("set status: %w", err)
	}
	if _, err := s.setStatus(p, user, in); err != nil {
		return fmt.Errorf("set status of %s: %w", short(in.SHA), err)
	}
	return nil
}

// transition names the event by which a status enters a state, "" for a state
// that does not exist.
func transition(state string) string {
	switch state {
	case "pending":
		return "enqueue"
	case "running":
		return "run"
	case "success":
		return "success"
	case "failed":
		return "drop"
	case "canceled":
		return "cancel"
	case "skipped":
		return "skip"
	}
	return ""
}

func (s *Server) setStatus(p *project, user *User, in StatusReport) (*commitStatus, error) {
	if p.level(user) < Developer {
		return nil, forbidden()
	}
	event := transition(in.State)
	switch {
	case event == "":
		return nil, refuse(http.StatusBadRequest, "state does not have a valid value")
	case len(in.TargetURL) > 255:
		return nil, refuse(http.StatusBadRequest, "Target url is too long (maximum is 255 characters)")
	case len([]rune(in.Description)) > 255:
		return nil, refuse(http.StatusBadRequest, "Description is too long (maximum is 255 characters)")
	case p.repo.commit(in.SHA) == "" || p.lags(in.SHA):
		return nil, notFound("Commit")
	}
	if in.Name == "" {
		in.Name = "default"
	}
	if named := p.pipeline(in.PipelineID); named != nil && in.Ref == "" {
		in.Ref = named.ref
	}
	if in.Ref == "" {
		in.Ref = p.branchOf(in.SHA)
	}
	if in.Ref == "" {
		return nil, notFound("References for commit")
	}
	pipe, err := s.pipelineFor(p, user, in)
	if err != nil {
		return nil, err
	}
	st := p.unfinished(pipe.id, in.Name)
	if st == nil {
		st = &commitStatus{id: s.next("status"), pipelineID: pipe.id, sha: in.SHA, ref: in.Ref, name: in.Name,
			author: user.Username, created: s.now()}
		p.statuses = append(p.statuses, st)
	} else if st.state == in.State || st.state == "running" && in.State == "pending" {
		return nil, refuse(http.StatusBadRequest, "Cannot transition status via :%s from :%s (Reason(s): Status cannot transition via \"%s\")", event, st.state, event)
	}
	s.enter(st, in)
	p.recompute(pipe, s.now())
	return st, s.autoMerge(p, pipe)
}

// enter moves a status into a state. Text and link can only change with it.
func (s *Server) enter(st *commitStatus, in StatusReport) {
	st.state = in.State
	if in.TargetURL != "" {
		st.targetURL = in.TargetURL
	}
	if in.Description != "" {
		st.description = in.Description
	}
	if in.Coverage != nil {
		st.coverage = in.Coverage
	}
	if in.State != "pending" && st.started.IsZero() {
		st.started = s.now()
	}
	if in.State != "pending" && in.State != "running" {
		st.finished = s.now()
	}
}

// unfinished is the pending or running status of a name in a pipeline: only
// such a one is updated, a finished one gets a successor.
func (p *project) unfinished(pipelineID int, name string) *commitStatus {
	for _, st := range slices.Backward(p.statuses) {
		if st.pipelineID == pipelineID && st.name == name && (st.state == "pending" || st.state == "running") {
			return st
		}
	}
	return nil
}

// pipelineFor is the pipeline a status names, else the newest of its commit and
// ref, else a new external one: which is how a status that comes before the
// pipeline of a merge request opens a second one beside it.
func (s *Server) pipelineFor(p *project, user *User, in StatusReport) (*pipeline, error) {
	if in.PipelineID != 0 {
		if pipe := p.pipeline(in.PipelineID); pipe != nil && pipe.sha == in.SHA {
			return pipe, nil
		}
		return nil, notFound("Pipeline for pipeline_id, sha and ref")
	}
	for _, pipe := range slices.Backward(p.pipelines) {
		if pipe.sha == in.SHA && pipe.ref == in.Ref {
			return pipe, nil
		}
	}
	return s.addPipeline(p, user, pipeline{sha: in.SHA, ref: in.Ref, source: "external"}), nil
}

// recompute gives a pipeline the worst state of the newest job of each name.
func (p *project) recompute(pipe *pipeline, now time.Time) {
	newest := map[string]string{}
	if pipe.own != "" {
		newest["\x00own"] = pipe.own
	}
	for _, st := range p.statuses {
		if st.pipelineID == pipe.id {
			newest[st.name] = st.state
		}
	}
	pipe.status, pipe.updated = "success", now
	for _, worst := range []string{"running", "pending", "failed", "canceled"} {
		for _, state := range newest {
			if state == worst {
				pipe.status = worst
				return
			}
		}
	}
}

// headPipeline is the newest pipeline of a merge request's head, nil without one.
func (p *project) headPipeline(mr *mergeRequest) *pipeline {
	for _, pipe := range slices.Backward(p.pipelines) {
		if pipe.sha == mr.SHA && (pipe.ref == mr.SourceBranch || pipe.ref == headRef(mr)) {
			return pipe
		}
	}
	return nil
}

// branchOf is a branch whose tip is the commit; the default branch first, then
// any that holds it.
func (p *project) branchOf(sha string) string {
	if p.repo.tip(p.DefaultBranch) == sha {
		return p.DefaultBranch
	}
	for _, args := range [][]string{{"--points-at", sha}, {"--contains", sha}} {
		out, err := p.repo.run("for-each-ref", "--format=%(refname:lstrip=2)", args[0], args[1], "refs/heads")
		if err == nil && out != "" {
			return firstLine(out)
		}
	}
	return ""
}

// autoMerge merges what was waiting for this pipeline, in the name of whoever
// set it to.
func (s *Server) autoMerge(p *project, pipe *pipeline) error {
	if pipe.status != "success" {
		return nil
	}
	for _, mr := range p.mrs {
		user := s.user(mr.autoMerge)
		if user == nil || mr.SHA != pipe.sha || s.detailedStatus(p, mr) != "mergeable" {
			continue
		}
		if err := s.land(p, mr, user, MergeOptions{}); err != nil {
			return err
		}
		if err := s.merged(p, mr, user); err != nil {
			return err
		}
	}
	return nil
}
