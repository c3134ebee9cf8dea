package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// jobStatus is a job, or what somebody reported as one.
type jobStatus struct {
	ID     int64       `json:"id"`
	SHA    schema.Hash `json:"sha"`
	Ref    string      `json:"ref"`
	Name   string      `json:"name"`
	Status string      `json:"status"`
}

// Statuses returns the merge request with the jobs that ran on its head. GitLab tells those of every ref that has the commit: the
// ones of other merge requests, and of the target once it was merged, say nothing of this one and are left out.
func (c *Client) Statuses(ctx context.Context, m schema.MergeRequest) (schema.MergeRequest, error) {
	if _, err := c.projectID(ctx); err != nil {
		return m, err
	}
	r := c.reading()
	ask := request{doing: "read the jobs of " + bang(m.IID), path: r.statusesPath(m.Head)}
	l, err := c.list(ctx, ask, false)
	if err != nil {
		return m, err
	}
	out := m
	if out.Statuses, err = r.statusesIn(ask, l, m); err != nil {
		return m, err
	}
	out.Raw = append([]schema.Raw{}, m.Raw...)
	for _, page := range l.pages {
		out.Raw = append(out.Raw, page.raw())
	}
	return out, nil
}

func (r *reading) statusesPath(head schema.Hash) string {
	return fmt.Sprintf("projects/%d/repository/commits/%s/statuses", r.project, head)
}

// statusesIn keeps what is about the merge request's own refs.
func (r *reading) statusesIn(ask request, l list, m schema.MergeRequest) ([]schema.JobStatus, error) {
	var out []schema.JobStatus
	for _, row := range l.rows {
		var s jobStatus
		if err := json.Unmarshal(row, &s); err != nil || s.ID <= 0 || s.Name == "" || s.Status == "" {
			return nil, r.c.incomplete(ask.doing, l.pages[0], ErrIncomplete, "a job has no id, name or status")
		}
		if s.SHA == m.Head && ownRef(s.Ref, m) {
			out = append(out, schema.JobStatus{ID: s.ID, Commit: s.SHA, Ref: s.Ref, Name: s.Name, State: s.Status})
		}
	}
	return out, nil
}

// ownRef reports whether a job's ref is the merge request's head or, in the project itself, its source branch.
func ownRef(ref string, m schema.MergeRequest) bool {
	if ref == fmt.Sprintf("refs/merge-requests/%d/head", m.IID) {
		return true
	}
	branch, ok := strings.CutPrefix(m.SourceRef, "refs/heads/")
	return ok && ref == branch
}

// statusesAgain reads them from the answers that were kept, none where none was.
func (r *reading) statusesAgain(kept schema.MergeRequest, l list) ([]schema.JobStatus, error) {
	if len(l.pages) == 0 {
		return nil, nil
	}
	ask := request{doing: "read the jobs of " + bang(kept.IID)}
	l, err := r.rowsAgain(ask, l)
	if err != nil {
		return nil, err
	}
	return r.statusesIn(ask, l, kept)
}
