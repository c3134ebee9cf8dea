package reconciler

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// aboveHeld lets approvals of a rollback count that were given above held content: what the approver saw replaced is what
// the rollback replaces on the ref, and nothing of it is in what it brings (RULES R14, R17).
func (c *cellJudge) aboveHeld(ctx context.Context, l landing, admitted schema.Content, given []schema.GivenApproval) ([]schema.GivenApproval, error) {
	replaced, err := c.at(ctx, l.start)
	if err != nil {
		return nil, err
	}
	for i := range given {
		if given[i].From == replaced.side.Content {
			given[i].From = admitted
		}
	}
	return given, nil
}

// approvals adds to each approval what the cell was in the version that was newest when it was given (RULES R6).
func (c *cellJudge) approvals(ctx context.Context, mr schema.MergeRequest, start schema.Hash) ([]schema.GivenApproval, error) {
	var out []schema.GivenApproval
	for _, a := range mr.Approvals {
		g := schema.GivenApproval{By: a.By, At: a.At}
		v, ok := versionAt(mr, a.At)
		if ok {
			var err error
			if ok, err = c.against(ctx, v, mr, start); err != nil {
				return nil, err
			}
		}
		if ok {
			g.Version, g.Head = v.ID, v.Head
			var err error
			if g.From, err = c.contentOf(ctx, v.Base, mr); err != nil {
				return nil, err
			}
			if g.To, err = c.contentOf(ctx, v.Head, mr); err != nil {
				return nil, err
			}
		}
		out = append(out, g)
	}
	return out, nil
}

// against reports whether a version was made against the ref that the landing is on: what was approved for another target
// and then retargeted was approved for another stage.
func (c *cellJudge) against(ctx context.Context, v schema.Version, mr schema.MergeRequest, start schema.Hash) (bool, error) {
	if v.Start.IsZero() {
		return false, nil
	}
	if code, err := c.present(ctx, v.Start, mr); err != nil || code != "" {
		return false, err
	}
	on, err := c.cfg.Repository.IsAncestor(ctx, v.Start, start)
	if err != nil {
		return false, fmt.Errorf("place version %d of !%d: %w", v.ID, mr.IID, err)
	}
	return on, nil
}

// contentOf returns the cell's content at a commit; empty if the commit cannot be had, which equals nothing.
func (c *cellJudge) contentOf(ctx context.Context, commit schema.Hash, mr schema.MergeRequest) (schema.Content, error) {
	if code, err := c.present(ctx, commit, mr); err != nil || code != "" {
		return "", err
	}
	tree, err := c.treeAt(ctx, commit)
	if err != nil {
		return "", err
	}
	files, err := c.filesOf(ctx, tree)
	return files.side.Content, err
}

// versionAt returns the version that was newest when an approval was given; one made at the same time is not older, and
// then the approval is bound to nothing.
func versionAt(mr schema.MergeRequest, at time.Time) (schema.Version, bool) {
	for _, v := range mr.Versions {
		if v.CreatedAt.Equal(at) {
			return schema.Version{}, false
		}
		if v.CreatedAt.Before(at) {
			return v, true
		}
	}
	return schema.Version{}, false
}
