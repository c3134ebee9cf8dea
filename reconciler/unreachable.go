package reconciler

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// addUnreachable keeps, of what is let in, the commits of the merge request that no ref will lead to, with their trees down
// to the cell: those that a squash or a rebase by the forge replaced. A clone does not bring them, and to decide again one
// walks through them.
func (c *cellJudge) addUnreachable(ctx context.Context, out *judged, f policies.Facts, b bound) error {
	if f.MergeRequest == nil || out.entry.Decision.Verdict.Outcome != schema.Allow {
		return nil
	}
	ids, err := unreachable(ctx, c.cfg.Repository, *f.MergeRequest, b.landing.Tip)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := c.pathObjects(ctx, id, func(data []byte) { out.add(data) }); err != nil {
			return err
		}
	}
	out.entry.Evidence = unique(out.entry.Evidence)
	return nil
}

// unreachable lists the commits of a merge request's versions that are not in the history of what landed.
func unreachable(ctx context.Context, repo Repository, mr schema.MergeRequest, tip schema.Hash) ([]schema.Hash, error) {
	var heads []schema.Hash
	for _, id := range versionCommits(mr) {
		if _, err := repo.Commit(ctx, id); err == nil {
			heads = append(heads, id) // what is not here was not looked at either
		}
	}
	ids, err := repo.Between(ctx, []schema.Hash{tip}, heads...)
	if err != nil {
		return nil, fmt.Errorf("commits of !%d beside %s: %w", mr.IID, tip.Short(), err)
	}
	return ids, nil
}

// versionCommits lists the commits that a merge request's versions name, once each.
func versionCommits(mr schema.MergeRequest) []schema.Hash {
	ids := heads(mr)
	for _, v := range mr.Versions {
		ids = append(ids, v.Base, v.Start)
	}
	var out []schema.Hash
	for _, id := range ids {
		if !id.IsZero() && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
