package gitlabtest

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// mergeRequestEvent is the payload of a merge request webhook.
func (s *Server) mergeRequestEvent(p *project, user *User, mr *mergeRequest, action string, extra object) object {
	states := map[string]int{"opened": 1, "closed": 2, "merged": 3}
	attributes := object{
		"id": mr.ID, "iid": mr.IID, "title": mr.Title, "description": mr.Description, "state": mr.State, "state_id": states[mr.State],
		"action": action, "source_branch": mr.SourceBranch, "target_branch": mr.TargetBranch,
		"source_project_id": p.ID, "target_project_id": p.ID, "author_id": s.idOf(mr.Author),
		"created_at": hookTime(mr.CreatedAt), "updated_at": hookTime(mr.UpdatedAt), "url": s.mergeRequestURL(p, mr),
		"merge_status": "checking", "detailed_merge_status": "checking", "merge_commit_sha": orNull(mr.MergeCommitSHA),
		"work_in_progress": mr.Draft, "draft": mr.Draft, "last_commit": s.hookCommit(p, mr.SHA), "system": false,
		"blocking_discussions_resolved": true, "milestone_id": nil, "assignee_ids": []int{}, "reviewer_ids": []int{},
		"source": s.hookProject(p), "target": s.hookProject(p), "labels": []object{}, "assignee_id": nil,
		"merge_when_pipeline_succeeds": mr.autoMerge != "", "first_contribution": false, "system_action": nil,
		"last_edited_at": nil, "last_edited_by_id": nil, "time_change": 0, "human_time_change": nil, "total_time_spent": 0,
		"human_total_time_spent": nil, "human_time_estimate": nil,
		"merge_params": object{"force_remove_source_branch": map[bool]string{true: "1", false: "0"}[mr.RemoveSource]},
	}
	maps.Copy(attributes, extra)
	return object{"object_kind": "merge_request", "event_type": "merge_request", "user": s.hookUser(user), "project": s.hookProject(p),
		"repository": s.hookProject(p), "object_attributes": attributes, "labels": []object{}, "changes": object{},
		"reviewers": []object{}, "assignees": []object{}}
}

// pushEvent is the payload of a push webhook. It names at most 20 commits;
// total_commits_count tells how many there were.
func (s *Server) pushEvent(p *project, user *User, branch, before, after string) object {
	commits := []object{}
	total := 0
	if after != nullSHA {
		base := before
		if base == nullSHA { // a new branch: what the default branch does not have
			base = p.repo.tip(p.DefaultBranch)
		}
		if base == after {
			base = ""
		}
		shas, err := p.repo.revList(base, after)
		if err != nil {
			s.log.Error("push webhook without commits", "project", p.Path, "error", err)
		}
		total = len(shas)
		for _, sha := range shas[:min(20, len(shas))] {
			commits = append(commits, s.hookCommit(p, sha))
		}
	}
	u := s.hookUser(user)
	return object{"object_kind": "push", "event_name": "push", "before": before, "after": after, "ref": "refs/heads/" + branch,
		"ref_protected": len(p.rules(branch)) > 0, "checkout_sha": orNull(strings.TrimPrefix(after, nullSHA)), "project_id": p.ID,
		"user_id": u["id"], "user_name": u["name"], "user_username": u["username"], "user_email": "", "user_avatar": u["avatar_url"],
		"project": s.hookProject(p), "repository": s.hookProject(p), "commits": commits, "total_commits_count": total}
}

// hookTime is a time as merge request webhooks write it.
func hookTime(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

func (s *Server) idOf(username string) int {
	if u := s.user(username); u != nil {
		return u.ID
	}
	return 1
}

func (s *Server) hookUser(u *User) object {
	if u == nil {
		u = &User{ID: 1, Username: "ghost", Name: "Ghost User"}
	}
	return object{"id": u.ID, "name": u.Name, "username": u.Username, "avatar_url": s.url + "/-/avatar/" + u.Username, "email": "[REDACTED]"}
}

func (s *Server) hookProject(p *project) object {
	web := s.url + "/" + p.Path
	return object{"id": p.ID, "name": p.Path[strings.LastIndex(p.Path, "/")+1:], "description": "", "web_url": web, "homepage": web,
		"url": web + ".git", "git_http_url": web + ".git", "path_with_namespace": p.Path, "default_branch": p.DefaultBranch,
		"namespace": p.Path[:strings.LastIndex(p.Path, "/")], "visibility_level": 0}
}

func (s *Server) hookCommit(p *project, sha string) object {
	list, err := p.repo.commits([]string{sha})
	if err != nil || len(list) == 0 {
		return object{"id": sha}
	}
	c := list[0]
	return object{"id": c.sha, "message": c.message, "title": c.title, "timestamp": c.committer.at.Format(time.RFC3339),
		"url": fmt.Sprintf("%s/%s/-/commit/%s", s.url, p.Path, c.sha), "author": object{"name": c.author.name, "email": c.author.email}}
}
