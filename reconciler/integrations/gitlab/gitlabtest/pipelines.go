package gitlabtest

import (
	"fmt"
	"slices"
	"strings"
)

// Pipeline is a pipeline as CI starts it. Without one, a pipeline exists only
// where a commit status made it.
type Pipeline struct {
	ID       int
	SHA, Ref string // Ref "refs/merge-requests/1/head" is a merge request's
	Source   string // "push", "merge_request_event"; default by Ref
	Status   string // default "running"
}

// StartPipeline starts a pipeline as CI does after a push.
func (s *Server) StartPipeline(project, username string, in Pipeline) (Pipeline, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, user, err := s.actor(project, username)
	if err != nil {
		return Pipeline{}, fmt.Errorf("start pipeline: %w", err)
	}
	if in.Source == "" {
		in.Source = "push"
		if strings.HasPrefix(in.Ref, "refs/merge-requests/") {
			in.Source = "merge_request_event"
		}
	}
	if in.Status == "" {
		in.Status = "running"
	}
	pipe := s.addPipeline(p, user, pipeline{sha: in.SHA, ref: in.Ref, source: in.Source, own: in.Status})
	in.ID = pipe.id
	return in, nil
}

// FinishPipeline gives a pipeline's own jobs another state: success, failed.
func (s *Server) FinishPipeline(project string, id int, status string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(project)
	if p == nil {
		return notFound("Project")
	}
	pipe := p.pipeline(id)
	if pipe == nil {
		return notFound("Pipeline")
	}
	pipe.own = status
	p.recompute(pipe, s.now())
	return s.autoMerge(p, pipe)
}

func (s *Server) addPipeline(p *project, user *User, in pipeline) *pipeline {
	in.id, in.iid, in.user = s.next("pipeline"), len(p.pipelines)+1, user.Username
	in.created, in.updated, in.status = s.now(), s.now(), "pending"
	p.pipelines = append(p.pipelines, &in)
	if in.own != "" {
		p.recompute(&in, in.updated)
	}
	return &in
}

// pipeline finds one by number, nil when there is none.
func (p *project) pipeline(id int) *pipeline {
	for _, pipe := range p.pipelines {
		if pipe.id == id {
			return pipe
		}
	}
	return nil
}

// headRef is the ref of a merge request's head, which its pipelines run on.
func headRef(mr *mergeRequest) string { return fmt.Sprintf("refs/merge-requests/%d/head", mr.IID) }

func (s *Server) pipelineRoutes(add func(string, handler)) {
	add("GET /projects/{id}/pipelines", (*call).projectPipelines)
	add("GET /projects/{id}/pipelines/{pipeline}", (*call).getPipeline)
}

func (c *call) projectPipelines() (reply, error) {
	after, err := c.instant("updated_after")
	if err != nil {
		return reply{}, err
	}
	out := []object{}
	for _, pipe := range slices.Backward(c.p.pipelines) {
		switch {
		case !matches(c.string("sha"), pipe.sha) || !matches(c.string("ref"), pipe.ref) || !matches(c.string("status"), pipe.status):
		case !matches(c.string("source"), pipe.source) || !after.IsZero() && pipe.updated.Before(after):
		default:
			out = append(out, c.s.pipelineObject(c.p, pipe))
		}
	}
	return ok(paginate(c, out))
}

func (c *call) getPipeline() (reply, error) {
	pipe := c.p.pipeline(number(c.r.PathValue("pipeline")))
	if pipe == nil {
		return reply{}, notFound("")
	}
	return ok(c.s.pipelineDetail(c.p, pipe))
}
