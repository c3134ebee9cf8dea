package gitlab

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// mergeRequest is what we read of GitLab's answer, with the names that it uses. The library's own type lacks merge_user
// and fails as a whole on a pipeline that took a fraction of a second.
type mergeRequest struct {
	ID              int64       `json:"id"`
	IID             int64       `json:"iid"`
	ProjectID       int64       `json:"project_id"`
	TargetProjectID int64       `json:"target_project_id"`
	SourceProjectID int64       `json:"source_project_id"` // 0: a fork that is gone, or that the token may not see
	Title           string      `json:"title"`
	WebURL          string      `json:"web_url"`
	State           string      `json:"state"`
	Draft           bool        `json:"draft"`
	WorkInProgress  bool        `json:"work_in_progress"` // before 14.8
	Author          account     `json:"author"`
	MergeUser       account     `json:"merge_user"`
	MergedBy        account     `json:"merged_by"` // before 14.7
	CreatedAt       time.Time   `json:"created_at"`
	UpdatedAt       time.Time   `json:"updated_at"`
	MergedAt        time.Time   `json:"merged_at"`
	SourceBranch    string      `json:"source_branch"`
	TargetBranch    string      `json:"target_branch"`
	SHA             schema.Hash `json:"sha"`
	MergeSHA        schema.Hash `json:"merge_commit_sha"`
	SquashSHA       schema.Hash `json:"squash_commit_sha"`
}

// into says whether the merge request goes to a full ref name of this project.
func (m mergeRequest) into(project int64, ref string) bool {
	return m.TargetProjectID == project && branchRef(m.TargetBranch) == ref
}

// landed says whether the merge request, one that GitLab relates to the commit, brought it as a position of the target:
// it is the merge or the squash commit, or there is neither because the commits themselves were taken over.
// Some versions write the head as merge_commit_sha of a fast-forward; a real merge never is its own head.
func (m mergeRequest) landed(commit schema.Hash) bool {
	fastForward := m.SquashSHA.IsZero() && (m.MergeSHA.IsZero() || m.MergeSHA == m.SHA)
	return m.State == "merged" && (m.MergeSHA == commit || m.SquashSHA == commit || fastForward)
}

// same says whether nothing that matters happened between two readings.
func (m mergeRequest) same(o mergeRequest) bool {
	return m.SHA == o.SHA && m.State == o.State && m.TargetBranch == o.TargetBranch && m.UpdatedAt.Equal(o.UpdatedAt)
}

// basic is the merge request without what takes more requests.
func (m mergeRequest) basic(host string) schema.MergeRequest {
	source := branchRef(m.SourceBranch)
	if m.SourceProjectID != m.TargetProjectID {
		// The branch is in a fork. In our project a branch of that name is somebody else's; this ref holds the head.
		source = fmt.Sprintf("refs/merge-requests/%d/head", m.IID)
	}
	merger := m.MergeUser
	if merger.ID == 0 {
		merger = m.MergedBy
	}
	return schema.MergeRequest{
		Host: host, ProjectID: m.TargetProjectID, IID: m.IID, Title: m.Title, URL: m.WebURL,
		State: m.State, Draft: m.Draft || m.WorkInProgress,
		Author: m.Author.basic(), MergedBy: merger.basic(),
		CreatedAt: m.CreatedAt, MergedAt: m.MergedAt,
		SourceRef: source, TargetRef: branchRef(m.TargetBranch),
		Head: m.SHA, MergeSHA: m.MergeSHA, SquashSHA: m.SquashSHA,
	}
}

func branchRef(branch string) string { return "refs/heads/" + branch }

// Landings returns, in full, the merged merge requests into targetRef (a full ref name) that GitLab relates to the
// commit: those whose merge or squash commit it is, or that have neither and hold it in their latest version. None is
// an empty list. A commit that GitLab does not have is [ErrMissing], and a merge request that is being merged at this
// moment is [ErrIncomplete].
//
// It sends P + M × (4 + V + N) + 2 × A requests: P pages of merge requests, M merge requests returned, V and N further
// pages of their versions and of notes (N is 0 where GitLab tells when an approval was given), A distinct people
// (authors, mergers, approvers). The usual one, merged by one person and approved by another, takes 1 + 4 + 2 × 3 = 11. What
// changes while it is read is read again, three times at most.
func (c *Client) Landings(ctx context.Context, commit schema.Hash, targetRef string) ([]schema.MergeRequest, error) {
	r := request{doing: "find the merge request of commit " + commit.Short()}
	path, err := c.below(ctx, "repository/commits/%s/merge_requests", commit)
	if err != nil {
		return nil, err
	}
	r.path = path
	var found []schema.MergeRequest
	err = c.steadily(ctx, func() error {
		found, err = c.landings(ctx, r, commit, targetRef)
		return err
	})
	if err != nil {
		return nil, c.lostAccess(ctx, err)
	}
	return found, nil
}

func (c *Client) landings(ctx context.Context, r request, commit schema.Hash, targetRef string) ([]schema.MergeRequest, error) {
	l, err := c.list(ctx, r, false)
	if err != nil {
		return nil, err
	}
	reading := c.reading()
	found := []schema.MergeRequest{}
	for i := range l.rows {
		row, err := c.row(r, l, i)
		if err != nil {
			return nil, err
		}
		if !row.into(reading.project, targetRef) || row.State != "merged" && row.State != "locked" {
			continue
		}
		now, mr, err := reading.full(ctx, row.IID)
		if err != nil {
			return nil, err
		}
		if now.State == "locked" {
			return nil, c.incomplete(r.doing, l.pages[0], errMoved, "!%d is being merged", row.IID)
		}
		if !now.into(reading.project, targetRef) || !now.landed(commit) {
			continue
		}
		for _, page := range l.pages {
			mr.Raw = append(mr.Raw, page.raw())
		}
		found = append(found, mr)
	}
	return found, nil
}

// MergeRequest returns one merge request in full, whatever its state.
func (c *Client) MergeRequest(ctx context.Context, iid int64) (schema.MergeRequest, error) {
	if _, err := c.projectID(ctx); err != nil {
		return schema.MergeRequest{}, err
	}
	var mr schema.MergeRequest
	err := c.steadily(ctx, func() (err error) {
		_, mr, err = c.reading().full(ctx, iid)
		return err
	})
	if err != nil {
		return schema.MergeRequest{}, c.lostAccess(ctx, err)
	}
	return mr, nil
}

// Opened returns the open merge requests, oldest first, as a list tells them: without versions, approvals, raw answers,
// and with no more than the names of people.
func (c *Client) Opened(ctx context.Context) ([]schema.MergeRequest, error) {
	path, err := c.below(ctx, "merge_requests")
	if err != nil {
		return nil, err
	}
	r := request{doing: "list the open merge requests", path: path, query: query{State: "opened", Scope: "all", OrderBy: "created_at", Sort: "asc"}}
	var opened []schema.MergeRequest
	err = c.steadily(ctx, func() error {
		opened, err = c.opened(ctx, r)
		return err
	})
	if err != nil {
		return nil, c.lostAccess(ctx, err)
	}
	return opened, nil
}

func (c *Client) opened(ctx context.Context, r request) ([]schema.MergeRequest, error) {
	l, err := c.list(ctx, r, false)
	if err != nil {
		return nil, err
	}
	opened := []schema.MergeRequest{}
	for i := range l.rows {
		row, err := c.row(r, l, i)
		if err != nil {
			return nil, err
		}
		if row.State != "opened" {
			continue // the bodies of lists are cached
		}
		mr := row.basic(c.home.Host)
		mr.AsOf = l.pages[0].date()
		opened = append(opened, mr)
	}
	return opened, nil
}

func (c *Client) row(r request, l list, i int) (mergeRequest, error) {
	var m mergeRequest
	if err := json.Unmarshal(l.rows[i], &m); err != nil {
		e := c.incomplete(r.doing, l.pages[0], ErrIncomplete, "row %d is not a merge request", i+1)
		e.Err = err
		return m, e
	}
	if m.IID <= 0 || m.State == "" || m.TargetBranch == "" {
		return m, c.incomplete(r.doing, l.pages[0], ErrIncomplete, "row %d lacks its number, state or target", i+1)
	}
	return m, nil
}

// reading is one call's look at GitLab: it asks about each person once, and keeps nothing for the next call, so that a
// role that was taken away counts at once.
type reading struct {
	c       *Client
	project int64
	people  map[int64]schema.Account
}

// reading begins a look. The project's number is known by then.
func (c *Client) reading() *reading {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &reading{c: c, project: c.project, people: map[int64]schema.Account{}}
}

// full reads a merge request, its versions, approvals and people, and then the merge request again: only if nothing
// happened in between do they belong together.
func (r *reading) full(ctx context.Context, iid int64) (mergeRequest, schema.MergeRequest, error) {
	before, _, err := r.one(ctx, iid)
	if err != nil {
		return before, schema.MergeRequest{}, err
	}
	out := before.basic(r.c.home.Host)
	if err := r.complete(ctx, &out); err != nil {
		return before, out, err
	}
	after, a, err := r.one(ctx, iid)
	if err != nil {
		return before, out, err
	}
	if !before.same(after) {
		return before, out, r.c.incomplete(doing(iid), a, errMoved, "moving head: %s then %s, %s then %s",
			before.SHA.Short(), after.SHA.Short(), printable(before.State), printable(after.State))
	}
	out.AsOf = a.date()
	out.Raw = slices.Insert(out.Raw, 0, a.raw())
	return after, out, nil
}

// one reads the merge request itself. The answer must be about the one that was asked for.
func (r *reading) one(ctx context.Context, iid int64) (mergeRequest, answer, error) {
	var m mergeRequest
	a, err := r.c.ask(ctx, request{doing: doing(iid), path: r.path(iid, "")})
	if err != nil {
		return m, a, err
	}
	if err := r.c.decode(doing(iid), a, &m); err != nil {
		return m, a, err
	}
	if m.IID != iid || m.TargetProjectID != r.project || m.State == "" || m.TargetBranch == "" || m.UpdatedAt.IsZero() {
		return m, a, r.c.incomplete(doing(iid), a, ErrIncomplete, "the answer is about !%d of project %d", m.IID, m.TargetProjectID)
	}
	return m, a, nil
}

// complete adds what further requests tell.
func (r *reading) complete(ctx context.Context, out *schema.MergeRequest) error {
	if err := r.versions(ctx, out); err != nil {
		return err
	}
	if err := r.approvals(ctx, out); err != nil {
		return err
	}
	for _, person := range []*schema.Account{&out.Author, &out.MergedBy} {
		if err := r.person(ctx, person); err != nil {
			return err
		}
	}
	return nil
}

// versions reads every push, newest first. GitLab numbers them in the order of their making.
func (r *reading) versions(ctx context.Context, out *schema.MergeRequest) error {
	ask := request{doing: "read the versions of " + bang(out.IID), path: r.path(out.IID, "/versions")}
	l, err := r.c.list(ctx, ask, false)
	if err != nil {
		return err
	}
	out.Versions = []schema.Version{}
	for i, row := range l.rows {
		var v struct {
			ID        int64       `json:"id"`
			Head      schema.Hash `json:"head_commit_sha"`
			Base      schema.Hash `json:"base_commit_sha"`
			Start     schema.Hash `json:"start_commit_sha"`
			CreatedAt time.Time   `json:"created_at"`
		}
		if err := json.Unmarshal(row, &v); err != nil || v.CreatedAt.IsZero() {
			e := r.c.incomplete(ask.doing, l.pages[0], ErrIncomplete, "row %d is not a version", i+1)
			e.Err = err
			return e
		}
		out.Versions = append(out.Versions, schema.Version(v))
	}
	slices.SortFunc(out.Versions, func(a, b schema.Version) int { return cmp.Compare(b.ID, a.ID) })
	for _, page := range l.pages {
		out.Raw = append(out.Raw, page.raw())
	}
	return nil
}

func (r *reading) path(iid int64, rest string) string {
	return fmt.Sprintf("projects/%d/merge_requests/%d%s", r.project, iid, rest)
}

func doing(iid int64) string { return "read merge request " + bang(iid) }

func bang(iid int64) string { return fmt.Sprintf("!%d", iid) }

// lostAccess finds out what an unspecific 404 means. GitLab gives the same one for a merge request that is not there
// and for a project that the token may no longer see; only asking for the project tells.
func (c *Client) lostAccess(ctx context.Context, err error) error {
	e, ok := err.(*Error)
	if !ok || e.Kind != ErrMissing || strings.Contains(e.Message, "Commit Not Found") {
		return err
	}
	id, idErr := c.projectID(ctx)
	if idErr != nil {
		return idErr
	}
	if _, projectErr := c.askProject(ctx, fmt.Sprint(id)); projectErr != nil {
		return projectErr
	}
	return err
}
