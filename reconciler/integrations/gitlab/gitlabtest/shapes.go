package gitlabtest

import (
	"fmt"
	"maps"
	"strconv"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// mergeRequestObject is what all forms of a merge request share.
func (s *Server) mergeRequestObject(p *project, mr *mergeRequest) object {
	reviewers, assignees := []any{}, []any{}
	for _, name := range mr.Reviewers {
		reviewers = append(reviewers, s.userNamed(name))
	}
	short := "!" + itoa(mr.IID)
	comments := 0
	for _, n := range mr.Notes {
		if !n.System {
			comments++
		}
	}
	return object{
		"id": mr.ID, "iid": mr.IID, "project_id": p.ID, "source_project_id": p.ID, "target_project_id": p.ID,
		"title": mr.Title, "description": mr.Description, "state": mr.State,
		"author": s.userNamed(mr.Author), "assignee": nil, "assignees": assignees, "reviewers": reviewers,
		"created_at": stamp(mr.CreatedAt), "updated_at": stamp(mr.UpdatedAt), "prepared_at": stamp(mr.preparedAt()),
		"merged_by": s.userNamed(mr.MergedBy), "merge_user": s.userNamed(mr.MergedBy), "merged_at": stamp(mr.MergedAt),
		"closed_by": s.userNamed(mr.ClosedBy), "closed_at": stamp(mr.ClosedAt),
		"source_branch": mr.SourceBranch, "target_branch": mr.TargetBranch,
		"sha": mr.SHA, "merge_commit_sha": orNull(mr.MergeCommitSHA), "squash_commit_sha": orNull(mr.SquashCommitSHA),
		"squash": mr.Squash, "squash_on_merge": mr.Squash, "draft": mr.Draft, "work_in_progress": mr.Draft,
		"labels": orEmpty(mr.Labels), "milestone": nil, "imported": false, "discussion_locked": nil,
		"merge_status": s.mergeStatus(p, mr), "detailed_merge_status": s.detailedStatus(p, mr),
		"has_conflicts":                mr.State == "opened" && s.conflicts(p, mr),
		"merge_when_pipeline_succeeds": mr.autoMerge != "", "merge_after": nil,
		"should_remove_source_branch": nil, "force_remove_source_branch": mr.RemoveSource,
		"user_notes_count": comments, "upvotes": 0, "downvotes": 0, "blocking_discussions_resolved": true,
		"reference": short, "references": object{"short": short, "relative": short, "full": p.Path + short},
		"web_url": s.mergeRequestURL(p, mr), "task_completion_status": object{"count": 0, "completed_count": 0},
		"time_stats": object{"time_estimate": 0, "total_time_spent": 0, "human_time_estimate": nil, "human_total_time_spent": nil},
	}
}

// mergeRequestRow is the form of a merge request in lists, which GitLab may
// serve from a cache.
func (s *Server) mergeRequestRow(p *project, mr *mergeRequest) object {
	if !s.opts.StaleLists {
		return s.mergeRequestObject(p, mr)
	}
	key := fmt.Sprint(mr.UpdatedAt, mr.State, mr.Labels, mr.Reviewers)
	if mr.row == nil || mr.rowKey != key {
		mr.row, mr.rowKey = s.mergeRequestObject(p, mr), key
		if mr.State == "opened" {
			mr.row["merge_status"], mr.row["detailed_merge_status"], mr.row["has_conflicts"] = "unchecked", "unchecked", false
		}
	}
	return mr.row
}

// mergeRequestDetail is the form of one merge request. Until its checks are
// done, diff_refs and changes_count are null.
func (s *Server) mergeRequestDetail(p *project, mr *mergeRequest, u *User) object {
	out := s.mergeRequestObject(p, mr)
	v := mr.head()
	maps.Copy(out, object{
		"merge_error": orNull(mr.MergeError), "subscribed": u.Username == mr.Author, "first_contribution": false,
		"user":      object{"can_merge": p.canMerge(u, mr.TargetBranch)},
		"diff_refs": object{"base_sha": v.BaseSHA, "head_sha": v.HeadSHA, "start_sha": v.StartSHA},
		"pipeline":  nil, "head_pipeline": nil,
		"latest_build_started_at": nil, "latest_build_finished_at": nil, "first_deployed_to_production_at": nil,
	})
	if mr.checks > 0 {
		out["diff_refs"], out["changes_count"] = nil, nil
	} else {
		out["changes_count"] = itoa(v.Files)
	}
	if pipe := p.headPipeline(mr); pipe != nil {
		out["pipeline"], out["head_pipeline"] = s.pipelineObject(p, pipe), s.pipelineDetail(p, pipe)
	}
	return out
}

func (mr *mergeRequest) preparedAt() (at time.Time) {
	if mr.checks > 0 {
		return at
	}
	return mr.CreatedAt
}

func (s *Server) pipelineObject(p *project, pipe *pipeline) object {
	return object{"id": pipe.id, "iid": pipe.iid, "project_id": p.ID, "sha": pipe.sha, "ref": pipe.ref, "status": pipe.status,
		"source": pipe.source, "created_at": stamp(pipe.created), "updated_at": stamp(pipe.updated),
		"web_url": fmt.Sprintf("%s/%s/-/pipelines/%d", s.url, p.Path, pipe.id)}
}

// pipelineDetail has whole seconds as durations: clients fail on fractions.
func (s *Server) pipelineDetail(p *project, pipe *pipeline) object {
	out := s.pipelineObject(p, pipe)
	maps.Copy(out, object{"before_sha": nullSHA, "tag": false, "yaml_errors": nil, "user": s.userNamed(pipe.user),
		"started_at": stamp(pipe.created), "finished_at": nil, "committed_at": nil, "duration": nil, "queued_duration": nil,
		"coverage": nil, "detailed_status": object{"text": pipe.status, "label": pipe.status, "group": pipe.status}})
	if pipe.status == "success" || pipe.status == "failed" || pipe.status == "canceled" {
		out["finished_at"], out["duration"] = stamp(pipe.updated), int(pipe.updated.Sub(pipe.created)/time.Second)
	}
	return out
}

func (s *Server) noteObject(mr *mergeRequest, n Note) object {
	return object{"id": n.ID, "type": nil, "body": n.Body, "attachment": nil, "author": s.userNamed(n.Author),
		"created_at": stamp(n.CreatedAt), "updated_at": stamp(n.UpdatedAt), "system": n.System,
		"noteable_id": mr.ID, "noteable_iid": mr.IID, "noteable_type": "MergeRequest", "project_id": s.project(mr.Project).ID,
		"resolvable": false, "confidential": n.Internal, "internal": n.Internal, "commands_changes": object{}}
}

// commitObject is the form of a commit in lists.
func (s *Server) commitObject(p *project, c commit) object {
	zone := "2006-01-02T15:04:05.000Z07:00"
	return object{"id": c.sha, "short_id": short(c.sha), "title": c.title, "message": c.message, "parent_ids": orEmpty(c.parents),
		"author_name": c.author.name, "author_email": c.author.email, "authored_date": c.author.at.Format(zone),
		"committer_name": c.committer.name, "committer_email": c.committer.email, "committed_date": c.committer.at.Format(zone),
		"created_at": c.committer.at.Format(zone), "trailers": object{}, "extended_trailers": object{},
		"web_url": fmt.Sprintf("%s/%s/-/commit/%s", s.url, p.Path, c.sha)}
}

func (s *Server) statusObject(st *commitStatus) object {
	var coverage any
	if st.coverage != nil {
		coverage = *st.coverage
	}
	return object{"id": st.id, "sha": st.sha, "ref": st.ref, "status": st.state, "name": st.name, "target_url": orNull(st.targetURL),
		"description": orNull(st.description), "created_at": stamp(st.created), "started_at": stamp(st.started),
		"finished_at": stamp(st.finished), "allow_failure": false, "coverage": coverage, "pipeline_id": st.pipelineID,
		"author": s.userNamed(st.author)}
}
