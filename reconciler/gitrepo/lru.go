package gitrepo

import (
	"container/list"
	"sync"

	"github.com/sluice-gitops/sluice/schema"
)

// lru holds the most recently used values up to a budget. Values are shared: nobody changes one that was put in.
type lru[V any] struct {
	mu     sync.Mutex // guards all below
	budget int64
	used   int64
	order  *list.List // of *held[V], most recent first
	byID   map[schema.Hash]*list.Element
}

type held[V any] struct {
	id    schema.Hash
	value V
	cost  int64
}

func newLRU[V any](budget int64) *lru[V] {
	return &lru[V]{budget: budget, order: list.New(), byID: map[schema.Hash]*list.Element{}}
}

func (c *lru[V]) get(id schema.Hash) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byID[id]
	if !ok {
		var none V
		return none, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*held[V]).value, true
}

// put keeps a value unless it alone would take more than half the budget.
func (c *lru[V]) put(id schema.Hash, value V, cost int64) {
	if cost > c.budget/2 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byID[id]; ok {
		return
	}
	c.byID[id] = c.order.PushFront(&held[V]{id, value, cost})
	c.used += cost
	for c.used > c.budget {
		last := c.order.Back()
		old := last.Value.(*held[V])
		c.order.Remove(last)
		delete(c.byID, old.id)
		c.used -= old.cost
	}
}
