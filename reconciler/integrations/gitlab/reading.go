package gitlab

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// reading is one call's look at GitLab: it asks about each person once, and keeps nothing for the next call, so that a
// role that was taken away counts at once.
type reading struct {
	c       *Client
	project int64
	people  map[int64]schema.Account
}

// reading begins a look. The project's number is known by then.
func (c *Client) reading() *reading {
	return &reading{c: c, project: c.project.Load(), people: map[int64]schema.Account{}}
}

// full reads a merge request, its versions, approvals and people, and then the merge request again: only if nothing
// happened in between do they belong together.
func (r *reading) full(ctx context.Context, iid int64) (mergeRequest, schema.MergeRequest, error) {
	before, _, err := r.one(ctx, iid)
	if err != nil {
		return before, schema.MergeRequest{}, err
	}
	out := before.basic(r.c.host)
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
	if out.Versions, err = r.versionsIn(ask, l); err != nil {
		return err
	}
	for _, page := range l.pages {
		out.Raw = append(out.Raw, page.raw())
	}
	return nil
}

// versionsIn decodes versions, newest first.
func (r *reading) versionsIn(ask request, l list) ([]schema.Version, error) {
	versions := []schema.Version{}
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
			return nil, e
		}
		versions = append(versions, schema.Version(v))
	}
	slices.SortFunc(versions, func(a, b schema.Version) int { return cmp.Compare(b.ID, a.ID) })
	return versions, nil
}

func (r *reading) path(iid int64, rest string) string {
	return fmt.Sprintf("projects/%d/merge_requests/%d%s", r.project, iid, rest)
}

func doing(iid int64) string { return "read merge request " + bang(iid) }

func bang(iid int64) string { return fmt.Sprintf("!%d", iid) }
