package reconciler

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// bound is a landing tied to what people signed, for one cell.
type bound struct {
	landing schema.Landing
	commits []schema.CommitVerdict // of the signed head, that change the cell
	raw     [][]byte               // their bytes
	tags    [][]byte               // approvals by signature, raw
}

// bind ties a landing to the head that people signed (RULES R6). Whatever the forge made is transparent for the cell if its
// subtree equals that of the signed head, and nobody else changed the cell since that head's merge base. after is the
// position from which commits count: the landing's start, or a later one at which the cell held admitted content.
func (p *pass) bind(ctx context.Context, c *cellJudge, l landing, after int) (bound, error) {
	b := bound{landing: schema.Landing{
		Ref: c.ref, Base: c.chain[after], Start: c.chain[l.start], Tip: c.chain[l.end], Method: method(l, c.chain),
	}}
	if l.request == nil {
		b.landing.Bound.Code = "no-evidence"
		return p.withCommits(ctx, c, b, c.chain[after], c.chain[l.end])
	}
	if code, err := p.shape(ctx, l, c.chain); err != nil || code != "" {
		b.landing.Bound.Code = code
		return b, err
	}
	return p.bindVersions(ctx, c, l, after, b)
}

// bindVersions looks for the newest version whose commits are all signed. An older one counts only if the forge rebased it
// without changing the cell.
func (p *pass) bindVersions(ctx context.Context, c *cellJudge, l landing, after int, b bound) (bound, error) {
	newest := b
	for n, head := range heads(*l.request) {
		try := b
		code, err := p.present(ctx, head, *l.request)
		if err != nil {
			return bound{}, err
		}
		if code != "" {
			if n == 0 {
				b.landing.Bound.Code = code
				return b, nil
			}
			break
		}
		if n > 0 {
			pushed, err := p.cfg.Repository.IsAncestor(ctx, head, newest.landing.Head)
			if err != nil {
				return bound{}, fmt.Errorf("compare versions of !%d: %w", l.request.IID, err)
			}
			if pushed {
				break // people added to it: what they pushed is what counts, not what was there before
			}
		}
		try.landing.Head = head
		if try.landing.Bound, err = p.bindHead(ctx, c, l, head); err != nil {
			return bound{}, err
		}
		if try, err = p.withCommits(ctx, c, try, c.chain[after], head); err != nil {
			return bound{}, err
		}
		if n == 0 {
			newest = try
		}
		if allSigned(try.commits) && (n == 0 || try.landing.Bound.OK) {
			if n > 0 {
				try.landing.Method = schema.Rebase
			}
			return try, nil
		}
		if n > 0 && allSigned(try.commits) {
			newest.landing.Bound = schema.Binding{Code: "rebase-needed"}
		}
	}
	return newest, nil
}

// bindHead compares the cell at the landed tip with the cell at a head.
func (p *pass) bindHead(ctx context.Context, c *cellJudge, l landing, head schema.Hash) (schema.Binding, error) {
	repo, start, tip := p.cfg.Repository, l.from(c.chain), c.chain[l.end]
	bases, err := repo.MergeBases(ctx, start, head)
	if err != nil {
		return schema.Binding{}, fmt.Errorf("merge base of %s and %s: %w", start.Short(), head.Short(), err)
	}
	if len(bases) == 0 {
		return schema.Binding{Code: "history-shape"}, nil
	}
	headTree, err := c.treeAt(ctx, head)
	if err != nil {
		return schema.Binding{}, err
	}
	startTree, err := c.treeAt(ctx, start)
	if err != nil {
		return schema.Binding{}, err
	}
	tipTree, err := c.treeAt(ctx, tip)
	if err != nil {
		return schema.Binding{}, err
	}
	for _, base := range bases {
		baseTree, err := c.treeAt(ctx, base)
		if err != nil {
			return schema.Binding{}, err
		}
		if baseTree != startTree {
			return schema.Binding{Code: "rebase-needed"}, nil
		}
	}
	if headTree == tipTree {
		return schema.Binding{OK: true}, nil
	}
	var paths []string
	if len(c.files[headTree].problems)+len(c.files[tipTree].problems) == 0 {
		if paths, err = differing(ctx, repo, headTree, tipTree); err != nil {
			return schema.Binding{}, err
		}
	}
	code := schema.Code("evil-merge")
	if l.request.MergeSHA.IsZero() && !l.request.SquashSHA.IsZero() {
		code = "squash-mismatch"
	}
	return schema.Binding{Code: code, Paths: paths}, nil
}

// shape refuses landed commits whose parents are not those the forge's method makes.
func (p *pass) shape(ctx context.Context, l landing, chain []schema.Hash) (schema.Code, error) {
	info, err := p.cfg.Repository.Commit(ctx, chain[l.end])
	if err != nil {
		return "", fmt.Errorf("read commit %s: %w", chain[l.end].Short(), err)
	}
	mr := *l.request
	switch {
	case mr.MergeSHA.IsZero() && mr.SquashSHA.IsZero():
		return "", nil
	case mr.MergeSHA.IsZero(): // squash on top of the ref
		if len(info.Parents) != 1 {
			return "history-shape", nil
		}
	case len(info.Parents) != 2:
		return "history-shape", nil
	case info.Parents[1] != mr.Head && info.Parents[1] != mr.SquashSHA:
		return "history-shape", nil
	}
	return "", nil
}

// present fetches a head that is not reachable from the stage's ref. A head that cannot be had is missing evidence.
func (p *pass) present(ctx context.Context, head schema.Hash, mr schema.MergeRequest) (schema.Code, error) {
	if _, err := p.cfg.Repository.Commit(ctx, head); err == nil {
		return "", nil
	}
	err := p.cfg.Repository.FetchCommit(ctx, head, fmt.Sprintf("refs/merge-requests/%d/head", mr.IID))
	if err == nil {
		return "", nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	p.cfg.Log.Warn("head of a merge request cannot be fetched", "merge_request", mr.IID, "head", head.String(), "error", err)
	return "evidence-missing", nil
}

// withCommits verifies every commit between two points that changes the cell.
func (p *pass) withCommits(ctx context.Context, c *cellJudge, b bound, after, head schema.Hash) (bound, error) {
	ids, err := p.cfg.Repository.Between(ctx, []schema.Hash{after}, head)
	if err != nil {
		return bound{}, fmt.Errorf("commits from %s to %s: %w", after.Short(), head.Short(), err)
	}
	b.commits, b.raw = nil, nil
	for _, id := range ids {
		touches, err := c.touches(ctx, id)
		if err != nil {
			return bound{}, err
		}
		if !touches {
			continue
		}
		_, raw, err := p.cfg.Repository.Object(ctx, id)
		if err != nil {
			return bound{}, fmt.Errorf("read commit %s: %w", id.Short(), err)
		}
		b.commits = append(b.commits, p.rules.keyring.Commit(id, raw, p.acceptance()))
		b.raw = append(b.raw, raw)
	}
	return b, nil
}

func method(l landing, chain []schema.Hash) schema.Method {
	switch {
	case l.request == nil:
		return schema.Direct
	case l.request.MergeSHA == chain[l.end] && l.request.SquashSHA.IsZero():
		return schema.MergeCommit
	case !l.request.SquashSHA.IsZero():
		return schema.Squash
	}
	return schema.FastForward
}

// heads lists the heads of a merge request's versions, newest first, the merged head before all.
func heads(mr schema.MergeRequest) []schema.Hash {
	out := []schema.Hash{mr.Head}
	for _, v := range mr.Versions {
		if !slices.Contains(out, v.Head) {
			out = append(out, v.Head)
		}
	}
	return out
}

func allSigned(commits []schema.CommitVerdict) bool {
	for _, c := range commits {
		if !c.OK() {
			return false
		}
	}
	return len(commits) > 0
}

func differing(ctx context.Context, repo Trees, a, b schema.Hash) ([]string, error) {
	var paths []string
	err := repo.Diff(ctx, a, b, func(c schema.TreeChange) error {
		paths = append(paths, c.Path)
		return nil
	})
	return paths, err
}
