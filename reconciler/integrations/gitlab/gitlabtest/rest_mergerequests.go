package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
)

func (s *Server) mergeRequestRoutes(add func(string, handler)) {
	const one = "/projects/{id}/merge_requests/{iid}"
	add("GET /projects/{id}/merge_requests", (*call).listMergeRequests)
	add("POST /projects/{id}/merge_requests", (*call).createMergeRequest)
	add("GET "+one, (*call).getMergeRequest)
	add("PUT "+one, (*call).updateMergeRequest)
	add("PUT "+one+"/merge", (*call).acceptMergeRequest)
	add("POST "+one+"/cancel_merge_when_pipeline_succeeds", (*call).cancelAutoMerge)
	add("PUT "+one+"/rebase", (*call).rebaseMergeRequest)
	add("GET "+one+"/versions", (*call).listVersions)
	add("GET "+one+"/commits", (*call).listMergeRequestCommits)
	add("GET "+one+"/diffs", (*call).listDiffs)
	add("GET "+one+"/pipelines", (*call).listPipelines)
	add("GET /projects/{id}/repository/commits/{sha}/merge_requests", (*call).mergeRequestsOfCommit)
}

// listMergeRequests filters and sorts as GitLab does. Parameters it does not
// know are ignored, which is GitLab's way too.
func (c *call) listMergeRequests() (reply, error) {
	after, err := c.instant("updated_after")
	if err != nil {
		return reply{}, err
	}
	before, err := c.instant("updated_before")
	if err != nil {
		return reply{}, err
	}
	state, iids := c.string("state"), c.list("iids")
	out := []*mergeRequest{}
	for _, mr := range c.p.mrs {
		switch {
		case state != "" && state != "all" && mr.State != state:
		case !matches(c.string("target_branch"), mr.TargetBranch) || !matches(c.string("source_branch"), mr.SourceBranch):
		case !matches(c.string("author_username"), mr.Author):
		case !after.IsZero() && mr.UpdatedAt.Before(after) || !before.IsZero() && mr.UpdatedAt.After(before):
		case len(iids) > 0 && !slices.Contains(iids, itoa(mr.IID)):
		case !containsAll(mr.Labels, c.list("labels")):
		default:
			out = append(out, mr)
		}
	}
	c.sortMergeRequests(out)
	list := []object{}
	for _, mr := range paginate(c, out) {
		list = append(list, c.s.mergeRequestRow(c.p, mr))
	}
	return ok(list)
}

func (c *call) sortMergeRequests(list []*mergeRequest) {
	slices.SortStableFunc(list, func(a, b *mergeRequest) int {
		order := a.CreatedAt.Compare(b.CreatedAt)
		switch c.string("order_by") {
		case "updated_at":
			order = a.UpdatedAt.Compare(b.UpdatedAt)
		case "merged_at":
			order = a.MergedAt.Compare(b.MergedAt)
		case "title":
			order = strings.Compare(a.Title, b.Title)
		}
		if order == 0 {
			order = a.ID - b.ID
		}
		if c.string("sort") == "asc" {
			return order
		}
		return -order
	})
}

func matches(want, have string) bool { return want == "" || want == have }

func containsAll(have, want []string) bool {
	return !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) })
}

// createMergeRequest opens one from the caller.
func (c *call) createMergeRequest() (reply, error) {
	for _, name := range []string{"title", "source_branch", "target_branch"} {
		if c.text(name) == nil {
			return reply{http.StatusBadRequest, object{"error": name + " is missing"}}, nil
		}
	}
	if target := c.number("target_project_id", c.p.ID); target != c.p.ID {
		return reply{}, notFound("Project")
	}
	mr, err := c.s.open(c.p, c.user, NewMergeRequest{
		Title: c.string("title"), SourceBranch: c.string("source_branch"), TargetBranch: c.string("target_branch"),
		Description: c.string("description"), Labels: c.list("labels"), Reviewers: c.usernames("reviewer_ids"),
		Squash: c.flag("squash"), RemoveSource: c.is("remove_source_branch"),
	})
	if err != nil {
		return reply{}, err
	}
	return created(c.s.mergeRequestDetail(c.p, mr, c.user))
}

func (c *call) usernames(param string) []string {
	var out []string
	for _, u := range c.s.users {
		if slices.Contains(c.list(param), itoa(u.ID)) {
			out = append(out, u.Username)
		}
	}
	return out
}

func (c *call) getMergeRequest() (reply, error) {
	out := c.s.mergeRequestDetail(c.p, c.mr, c.user)
	if c.is("include_rebase_in_progress") {
		out["rebase_in_progress"] = false
	}
	c.mr.checks = max(0, c.mr.checks-1)
	return ok(out)
}

func (c *call) updateMergeRequest() (reply, error) {
	change := changes{
		title: c.text("title"), description: c.text("description"), target: c.text("target_branch"),
		stateEvent: c.string("state_event"), squash: c.flag("squash"), removeSource: c.flag("remove_source_branch"),
		addLabels: c.list("add_labels"), removeLabels: c.list("remove_labels"),
	}
	if labels := c.list("labels"); labels != nil {
		change.labels = &labels
	}
	if c.list("reviewer_ids") != nil {
		names := c.usernames("reviewer_ids")
		change.reviewers = &names
	}
	if change.empty() {
		return reply{http.StatusBadRequest, object{"error": "title, description, labels, state_event, target_branch, squash, reviewer_ids are missing, at least one parameter must be provided"}}, nil
	}
	if err := c.s.update(c.p, c.mr, c.user, change); err != nil {
		return reply{}, err
	}
	return ok(c.s.mergeRequestDetail(c.p, c.mr, c.user))
}

func (c *call) acceptMergeRequest() (reply, error) {
	if message := c.text("merge_commit_message"); message != nil && strings.TrimSpace(*message) == "" {
		return reply{}, refuse(http.StatusUnprocessableEntity, "Merge commit message can't be blank")
	}
	err := c.s.accept(c.p, c.mr, c.user, MergeOptions{
		SHA: c.string("sha"), Message: c.string("merge_commit_message"), Squash: c.is("squash"),
		SquashMessage: c.string("squash_commit_message"), RemoveSource: c.is("should_remove_source_branch"),
		Auto: c.is("auto_merge") || c.is("merge_when_pipeline_succeeds"),
	})
	if err != nil {
		return reply{}, err
	}
	return ok(c.s.mergeRequestDetail(c.p, c.mr, c.user))
}

func (c *call) cancelAutoMerge() (reply, error) {
	switch {
	case !c.p.canMerge(c.user, c.mr.TargetBranch):
		return reply{}, unauthorized()
	case c.mr.autoMerge == "":
		return reply{}, refuse(http.StatusNotAcceptable, "406 Not Acceptable")
	}
	c.mr.autoMerge = ""
	c.s.touch(c.mr)
	return created(c.s.mergeRequestDetail(c.p, c.mr, c.user))
}

// rebaseMergeRequest has done its work when it answers; GitLab only queues it.
func (c *call) rebaseMergeRequest() (reply, error) {
	if err := c.s.rebase(c.p, c.mr, c.user); err != nil {
		return reply{}, err
	}
	return reply{http.StatusAccepted, object{"rebase_in_progress": true}}, nil
}

func (c *call) listVersions() (reply, error) {
	out := []object{}
	for _, v := range paginate(c, c.mr.Versions) {
		state := "collected"
		if len(v.Commits) == 0 {
			state = "empty"
		}
		out = append(out, object{"id": v.ID, "head_commit_sha": v.HeadSHA, "base_commit_sha": v.BaseSHA, "start_commit_sha": v.StartSHA,
			"created_at": stamp(v.CreatedAt), "merge_request_id": c.mr.ID, "state": state, "real_size": itoa(v.Files),
			"patch_id_sha": nil})
	}
	return ok(out)
}

func (c *call) listMergeRequestCommits() (reply, error) {
	list, err := c.p.repo.commits(paginateUncounted(c, c.mr.head().Commits))
	if err != nil {
		return reply{}, err
	}
	out := []object{}
	for _, commit := range list {
		out = append(out, c.s.commitObject(c.p, commit))
	}
	return ok(out)
}

func (c *call) listDiffs() (reply, error) {
	files, err := c.p.repo.diff(c.mr.head().BaseSHA, c.mr.SHA)
	if err != nil {
		return reply{}, err
	}
	out := []object{}
	for _, f := range paginate(c, files) {
		out = append(out, f.object())
	}
	return ok(out)
}

func (c *call) listPipelines() (reply, error) {
	out := []object{}
	for _, pipe := range slices.Backward(c.p.pipelines) {
		ours := pipe.ref == c.mr.SourceBranch || pipe.ref == headRef(c.mr)
		if ours && slices.ContainsFunc(c.mr.Versions, func(v Version) bool { return v.HeadSHA == pipe.sha }) {
			out = append(out, c.s.pipelineObject(c.p, pipe))
		}
	}
	return ok(paginate(c, out))
}

// mergeRequestsOfCommit finds those whose newest version holds the commit, or
// whose merge or squash made it, or whose merge left it as the target's tip:
// in every state, for every target branch.
func (c *call) mergeRequestsOfCommit() (reply, error) {
	sha := c.p.repo.commit(c.r.PathValue("sha"))
	if sha == "" {
		return reply{}, notFound("Commit")
	}
	state := c.string("state")
	out := []*mergeRequest{}
	for _, mr := range slices.Backward(c.p.mrs) {
		related := slices.Contains(mr.head().Commits, sha) || mr.SquashCommitSHA == sha || mr.MergeCommitSHA == sha || mr.LandedSHA == sha
		if related && (state == "" || state == "all" || state == mr.State) {
			out = append(out, mr)
		}
	}
	list := []object{}
	for _, mr := range paginate(c, out) {
		list = append(list, c.s.mergeRequestRow(c.p, mr))
	}
	return ok(list)
}
