package gitrepo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// IsAncestor reports whether a is b or in b's history.
func (r *Repo) IsAncestor(ctx context.Context, a, b schema.Hash) (bool, error) {
	if a == b {
		_, err := r.Commit(ctx, a)
		return err == nil, err
	}
	p, err := r.painter(sideA | sideB)
	if err != nil {
		return false, err
	}
	if err := p.paint(ctx, a, sideA); err != nil {
		return false, err
	}
	if err := p.paint(ctx, b, sideB); err != nil {
		return false, err
	}
	goal := p.nodes[a]
	for n := p.next(); n != nil; n = p.next() {
		if err := p.parents(ctx, n, n.colour); err != nil {
			return false, err
		}
		if goal.colour&sideB != 0 {
			return true, nil
		}
	}
	return false, p.boundary(sideB)
}

// MergeBases returns the best common ancestors: those that no other common ancestor has in its history; none where the
// histories are unrelated.
func (r *Repo) MergeBases(ctx context.Context, a, b schema.Hash) ([]schema.Hash, error) {
	p, err := r.painter(stale)
	if err != nil {
		return nil, err
	}
	if err := p.paint(ctx, a, sideA); err != nil {
		return nil, err
	}
	if err := p.paint(ctx, b, sideB); err != nil {
		return nil, err
	}
	var candidates []*node
	for n := p.next(); n != nil; n = p.next() {
		colour := n.colour
		if colour&(sideA|sideB) == sideA|sideB {
			if colour&stale == 0 && !slices.Contains(candidates, n) {
				candidates = append(candidates, n)
			}
			colour |= stale
		}
		if err := p.parents(ctx, n, colour); err != nil {
			return nil, err
		}
	}
	if err := p.boundary(sideA | sideB); err != nil {
		return nil, err
	}
	candidates = slices.DeleteFunc(candidates, func(n *node) bool { return n.colour&stale != 0 })
	return r.independent(ctx, candidates)
}

// independent drops candidates that are in another's history; dates that lie leave such ones.
func (r *Repo) independent(ctx context.Context, candidates []*node) ([]schema.Hash, error) {
	var out []schema.Hash
	for _, c := range candidates {
		redundant := false
		for _, other := range candidates {
			if c == other || redundant {
				continue
			}
			var err error
			if redundant, err = r.IsAncestor(ctx, c.commit.ID, other.commit.ID); err != nil {
				return nil, err
			}
		}
		if !redundant {
			out = append(out, c.commit.ID)
		}
	}
	slices.SortFunc(out, compareHash)
	return out, nil
}

func compareHash(a, b schema.Hash) int { return strings.Compare(string(a[:]), string(b[:])) }

// FirstParents returns the chain of first parents from tip down to stop, both included. found is false where the chain
// ends, or is longer than limit, before it comes to stop.
func (r *Repo) FirstParents(ctx context.Context, tip, stop schema.Hash, limit int) (chain []schema.Hash, found bool, err error) {
	shallow, err := r.shallow()
	if err != nil {
		return nil, false, err
	}
	for id := tip; len(chain) < limit; {
		c, err := r.Commit(ctx, id)
		if err != nil {
			return nil, false, err
		}
		chain = append(chain, id)
		if id == stop {
			return chain, true, nil
		}
		if shallow[id] {
			return nil, false, fmt.Errorf("parents of %s: %w", id, ErrShallow)
		}
		if len(c.Parents) == 0 {
			return chain, false, nil
		}
		id = c.Parents[0]
	}
	return chain, false, nil
}

// Between returns the commits in the history of include and not in that of exclude, parents before children. Dates in
// commits order the walk and never change the answer.
func (r *Repo) Between(ctx context.Context, exclude []schema.Hash, include ...schema.Hash) ([]schema.Hash, error) {
	p, err := r.painter(sideA | sideB)
	if err != nil {
		return nil, err
	}
	for _, id := range exclude {
		if err := p.paint(ctx, id, sideA); err != nil {
			return nil, err
		}
	}
	for _, id := range include {
		if err := p.paint(ctx, id, sideB); err != nil {
			return nil, err
		}
	}
	for n := p.next(); n != nil; n = p.next() {
		if err := p.parents(ctx, n, n.colour); err != nil {
			return nil, err
		}
	}
	if err := p.boundary(sideA | sideB); err != nil {
		return nil, err
	}
	p.settle()
	if err := r.exclude(ctx, p, exclude); err != nil {
		return nil, err
	}
	return p.ordered(include, r.limits.Commits)
}

// exclude finds commits that the walk took for new because dates lie: if any is in an excluded history, then so is one
// whose parents are all old, and asking about those few is exact.
func (r *Repo) exclude(ctx context.Context, p *painter, tips []schema.Hash) error {
	lowest := p.lowest()
	for _, tip := range tips {
		for _, n := range lowest {
			old, err := r.IsAncestor(ctx, n.commit.ID, tip)
			if err != nil {
				return err
			}
			if old {
				if err := r.recolour(ctx, p, tip); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// recolour marks every commit of the walk that is in tip's history, by walking all of that history.
func (r *Repo) recolour(ctx context.Context, p *painter, tip schema.Hash) error {
	seen := map[schema.Hash]bool{tip: true}
	for queue := []schema.Hash{tip}; len(queue) > 0; {
		id := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if n := p.nodes[id]; n != nil {
			n.colour |= sideA
		}
		if p.shallow[id] {
			return fmt.Errorf("parents of %s: %w", id, ErrShallow)
		}
		c, err := r.Commit(ctx, id)
		if err != nil {
			return err
		}
		for _, parent := range c.Parents {
			if !seen[parent] {
				seen[parent] = true
				queue = append(queue, parent)
			}
		}
	}
	return nil
}
