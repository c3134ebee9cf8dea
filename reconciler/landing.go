package reconciler

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// maxPositions bounds how far back a held cell may reach on its ref.
const maxPositions = 10_000

// positions returns the places at which the ref stood from base to tip, oldest first: the first-parent chain. Where base
// is not on it, the whole step is one change with no positions between (RULES R5).
func positions(ctx context.Context, repo History, base, tip schema.Hash) ([]schema.Hash, error) {
	if base == tip {
		return []schema.Hash{base}, nil
	}
	chain, found, err := repo.FirstParents(ctx, tip, base, maxPositions)
	if err != nil {
		return nil, fmt.Errorf("walk from %s to %s: %w", tip.Short(), base.Short(), err)
	}
	if !found {
		return []schema.Hash{base, tip}, nil
	}
	slices.Reverse(chain)
	return chain, nil
}

// landing is a stretch of positions that one merge request, or one push, brought: from start (exclusive) to end.
type landing struct {
	start, end int
	request    *schema.MergeRequest // nil: pushed directly
	several    bool                 // the forge names more than one merge request for it
	// onto is where the ref is, of a merge request that is open: what is judged is what would land there.
	onto schema.Hash
}

// from is where the ref stood before the landing.
func (l landing) from(chain []schema.Hash) schema.Hash {
	if !l.onto.IsZero() {
		return l.onto
	}
	return chain[l.start]
}

// landingAt finds what brought position i: the merge request whose landed tip is on the chain at or after i, else a
// direct push of that one commit.
func (p *pass) landingAt(ctx context.Context, ref string, chain []schema.Hash, i int) (landing, error) {
	requests, err := p.requestsOf(ctx, chain[i], ref)
	if err != nil {
		return landing{}, err
	}
	direct := landing{start: i - 1, end: i}
	var found []landing
	for n := range requests {
		l, ok, err := p.place(ctx, &requests[n], chain, i)
		if err != nil {
			return landing{}, err
		}
		if ok {
			found = append(found, l)
		}
	}
	switch len(found) {
	case 0:
		return direct, nil
	case 1:
		return found[0], nil
	}
	direct.several = true
	return direct, nil
}

// place locates a merge request on the chain, if what it landed covers position i.
func (p *pass) place(ctx context.Context, mr *schema.MergeRequest, chain []schema.Hash, i int) (landing, bool, error) {
	end := slices.Index(chain, landedTip(*mr))
	if end < i {
		return landing{}, false, nil
	}
	l := landing{start: end - 1, end: end, request: mr}
	if mr.MergeSHA.IsZero() && mr.SquashSHA.IsZero() {
		start, err := p.fastForwardStart(ctx, *mr, chain, end)
		if err != nil {
			return landing{}, false, err
		}
		l.start = start
	}
	return l, l.start < i, nil
}

// fastForwardStart finds where the ref stood before a fast-forward: at the merge request's merge base, or before the chain.
func (p *pass) fastForwardStart(ctx context.Context, mr schema.MergeRequest, chain []schema.Hash, end int) (int, error) {
	if len(mr.Versions) == 0 {
		return end - 1, nil
	}
	base := mr.Versions[0].Base
	if at := slices.Index(chain[:end], base); at >= 0 {
		return at, nil
	}
	if base.IsZero() {
		return end - 1, nil
	}
	older, err := p.cfg.Repository.IsAncestor(ctx, base, chain[0])
	if err != nil {
		return 0, fmt.Errorf("place merge request !%d: %w", mr.IID, err)
	}
	if older {
		return 0, nil
	}
	return end - 1, nil
}

// origin is where a ref began that was never seen, as far as can be told: before the merge requests that stand on top of
// each other at its tip, and the commit below them. What they brought is judged as if a pass had run right after the ref was
// made; what it was made with was brought by nobody.
func (p *pass) origin(ctx context.Context, ref string, tip schema.Hash) (schema.Hash, error) {
	chain, _, err := p.cfg.Repository.FirstParents(ctx, tip, schema.Hash{}, maxPositions)
	if err != nil {
		return schema.Hash{}, err
	}
	slices.Reverse(chain)
	at := len(chain) - 1
	for at > 0 {
		l, err := p.landingAt(ctx, ref, chain, at)
		if err != nil {
			return schema.Hash{}, err
		}
		at = l.start
		if l.request == nil {
			break
		}
	}
	return chain[at], nil
}

// landedTip is the commit that a merged merge request left on its target (GITLAB §1.2's table).
func landedTip(mr schema.MergeRequest) schema.Hash {
	switch {
	case !mr.MergeSHA.IsZero():
		return mr.MergeSHA
	case !mr.SquashSHA.IsZero():
		return mr.SquashSHA
	}
	return mr.Head
}

// requestsOf asks the forge once a pass for each commit.
func (p *pass) requestsOf(ctx context.Context, commit schema.Hash, ref string) ([]schema.MergeRequest, error) {
	answer, ok := p.landings[commit]
	if !ok {
		asking, span := phase(ctx, "ask")
		answer.requests, answer.err = p.cfg.Forge.Landings(asking, commit, ref)
		span.text("commit", commit.String()).text("ref", ref).end(answer.err)
		p.landings[commit] = answer
	}
	if answer.err != nil {
		return nil, fmt.Errorf("ask for the merge request of %s: %w", commit.Short(), answer.err)
	}
	return answer.requests, nil
}
