package main

import (
	"context"
	"maps"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// plainMerge reports whether a commit is exactly what merging its two parents gives: every path that one of them changed
// since their merge base is as that one has it, no path was changed by both, and nothing else differs. Then whoever made
// the commit decided nothing, and it needs no signature.
func plainMerge(ctx context.Context, repo *gitrepo.Repo, id schema.Hash) (bool, error) {
	info, err := repo.Commit(ctx, id)
	if err != nil || len(info.Parents) != 2 {
		return false, err
	}
	bases, err := repo.MergeBases(ctx, info.Parents[0], info.Parents[1])
	if err != nil || len(bases) != 1 {
		return false, err
	}
	base, err := repo.Commit(ctx, bases[0])
	if err != nil {
		return false, err
	}
	want := map[string]schema.TreeEntry{}
	for _, parent := range info.Parents {
		p, err := repo.Commit(ctx, parent)
		if err != nil {
			return false, err
		}
		changed, err := changedPaths(ctx, repo, base.Tree, p.Tree)
		if err != nil {
			return false, err
		}
		for path, entry := range changed {
			if other, both := want[path]; both && other != entry {
				return false, nil
			}
			want[path] = entry
		}
	}
	got, err := changedPaths(ctx, repo, base.Tree, info.Tree)
	return err == nil && maps.Equal(got, want), err
}

// changedPaths maps each file that differs to what the second tree has there; a zero entry is none.
func changedPaths(ctx context.Context, repo *gitrepo.Repo, from, to schema.Hash) (map[string]schema.TreeEntry, error) {
	out := map[string]schema.TreeEntry{}
	err := repo.Diff(ctx, from, to, func(c schema.TreeChange) error {
		out[c.Path] = c.New
		return nil
	})
	return out, err
}
