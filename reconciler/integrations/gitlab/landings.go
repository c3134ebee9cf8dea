package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Landings returns, in full, the merged merge requests into targetRef (a full ref name) that GitLab relates to the
// commit: those whose merge or squash commit it is, or that have neither and hold it in their latest version. None is
// an empty list. A commit that GitLab does not have is [ErrMissing], and a merge request that is being merged at this
// moment is [ErrIncomplete].
//
// It sends P + M × (4 + V + N) + 2 × A requests: P pages of merge requests, M merge requests returned, V further pages of
// versions, N pages of notes (none where GitLab tells when an approval was given), A distinct people (authors, mergers,
// approvers). The usual one, merged by one person and approved by another, takes 1 + 4 + 2 × 3 = 11; none takes P + 1.
// What changes while it is read is read again, three times at most.
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
			return nil, c.incomplete(r.doing, l.pages[0], errMoved, "%s is being merged", bang(row.IID))
		}
		if !now.into(reading.project, targetRef) || !now.landed(commit) {
			continue
		}
		for _, page := range l.pages {
			mr.Raw = append(mr.Raw, page.raw())
		}
		found = append(found, mr)
	}
	if len(found) == 0 {
		return found, c.noneIsMerging(ctx, targetRef)
	}
	return found, nil
}

// noneIsMerging is asked when nothing landed: GitLab moves the branch first and notes the commit later, and the merge
// request is locked in between.
func (c *Client) noneIsMerging(ctx context.Context, targetRef string) error {
	path, err := c.below(ctx, "merge_requests")
	if err != nil {
		return err
	}
	r := request{doing: "look for a merge under way", path: path, query: query{State: "locked", Scope: "all",
		Target: strings.TrimPrefix(targetRef, branchRef("")), OrderBy: "created_at", Sort: "asc"}}
	l, err := c.list(ctx, r, false)
	if err != nil {
		return err
	}
	for i := range l.rows {
		row, err := c.row(r, l, i)
		if err != nil {
			return err
		}
		if row.State == "locked" && branchRef(row.TargetBranch) == targetRef {
			return c.incomplete(r.doing, l.pages[0], errMoved, "%s is being merged", bang(row.IID))
		}
	}
	return nil
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
