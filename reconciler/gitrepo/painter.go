package gitrepo

import (
	"container/heap"
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

type colour uint8

const (
	sideA colour = 1 << iota
	sideB
	stale // below a merge base
)

// painter walks two histories at once, newest first, and marks each commit with the sides that reach it. It ends when
// every commit still waiting is settled, that is, has all the colours of its mask, and so have its ancestors.
type painter struct {
	r       *Repo
	settled colour
	shallow map[schema.Hash]bool
	nodes   map[schema.Hash]*node
	waiting nodeHeap
	open    int     // how many of waiting are not settled
	cut     []*node // whose parents a shallow clone does not have, where the walk wanted them
}

type node struct {
	commit CommitInfo
	colour colour
	queued bool
}

func (r *Repo) painter(settled colour) (*painter, error) {
	shallow, err := r.shallow()
	if err != nil {
		return nil, err
	}
	return &painter{r: r, settled: settled, shallow: shallow, nodes: map[schema.Hash]*node{}}, nil
}

func (p *painter) isSettled(n *node) bool { return n.colour&p.settled == p.settled }

func (p *painter) paint(ctx context.Context, id schema.Hash, c colour) error {
	n := p.nodes[id]
	if n == nil {
		commit, err := p.r.Commit(ctx, id)
		if err != nil {
			return err
		}
		n = &node{commit: commit}
		p.nodes[id] = n
	}
	if n.colour&c == c {
		return nil
	}
	wasOpen := n.queued && !p.isSettled(n)
	n.colour |= c
	if !n.queued {
		n.queued = true
		heap.Push(&p.waiting, n)
	}
	isOpen := !p.isSettled(n)
	switch {
	case isOpen && !wasOpen:
		p.open++
	case wasOpen && !isOpen:
		p.open--
	}
	return nil
}

// next returns the newest commit that waits, nil when the rest is settled.
func (p *painter) next() *node {
	if p.open == 0 {
		return nil
	}
	n := heap.Pop(&p.waiting).(*node)
	n.queued = false
	if !p.isSettled(n) {
		p.open--
	}
	return n
}

func (p *painter) parents(ctx context.Context, n *node, c colour) error {
	if p.shallow[n.commit.ID] {
		p.cut = append(p.cut, n)
		return nil
	}
	for _, parent := range n.commit.Parents {
		if err := p.paint(ctx, parent, c); err != nil {
			return fmt.Errorf("parent of %s: %w", n.commit.ID, err)
		}
	}
	return nil
}

// boundary is an error if the walk wanted history that is not here and the answer depends on it: that of a commit that
// one of the given sides alone reaches. What both sides reach has nothing new below it.
func (p *painter) boundary(sides colour) error {
	for _, n := range p.cut {
		if alone := n.colour & (sideA | sideB); alone != sideA|sideB && alone&sides != 0 {
			return fmt.Errorf("parents of %s: %w", n.commit.ID, ErrShallow)
		}
	}
	return nil
}

// settle carries the colours of the commits still waiting to those of their ancestors that the walk has seen: what
// dates in disorder, or equal ones, left undone. It spares Between asking about them one by one.
func (p *painter) settle() {
	stack := append([]*node(nil), p.waiting...)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, id := range n.commit.Parents {
			parent := p.nodes[id]
			if parent == nil || parent.colour&n.colour == n.colour {
				continue
			}
			parent.colour |= n.colour
			stack = append(stack, parent)
		}
	}
}

// lowest returns the commits of side B alone that have no parent of that kind.
func (p *painter) lowest() []*node {
	var out []*node
	for _, n := range p.nodes {
		if n.colour != sideB {
			continue
		}
		isLowest := true
		for _, id := range n.commit.Parents {
			if parent := p.nodes[id]; parent != nil && parent.colour == sideB {
				isLowest = false
			}
		}
		if isLowest {
			out = append(out, n)
		}
	}
	return out
}

// ordered returns the commits of side B alone, parents before children, the same each time.
func (p *painter) ordered(tips []schema.Hash, limit int) ([]schema.Hash, error) {
	type frame struct {
		n    *node
		next int // parent to visit
	}
	var out []schema.Hash
	seen := map[schema.Hash]bool{}
	var stack []frame
	push := func(id schema.Hash) {
		if n := p.nodes[id]; n != nil && n.colour == sideB && !seen[id] {
			seen[id] = true
			stack = append(stack, frame{n: n})
		}
	}
	for _, tip := range tips {
		push(tip)
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if top.next < len(top.n.commit.Parents) {
				top.next++
				push(top.n.commit.Parents[top.next-1])
				continue
			}
			if len(out) == limit {
				return nil, fmt.Errorf("more than %d commits: %w", limit, ErrLimit)
			}
			out = append(out, top.n.commit.ID)
			stack = stack[:len(stack)-1]
		}
	}
	return out, nil
}

type nodeHeap []*node

func (h nodeHeap) Len() int           { return len(h) }
func (h nodeHeap) Less(i, j int) bool { return h[i].commit.Time.After(h[j].commit.Time) }
func (h nodeHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *nodeHeap) Push(x any)        { *h = append(*h, x.(*node)) }
func (h *nodeHeap) Pop() any {
	old := *h
	n := old[len(old)-1]
	*h = old[:len(old)-1]
	return n
}
