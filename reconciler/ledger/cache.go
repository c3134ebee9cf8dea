package ledger

import "sync"

// cache keeps what was read lately by its id; what an id names never changes, so ledgers that follow one another share
// it. It holds at most twice its limit: when the young half is full, the old half goes.
type cache[K comparable, V any] struct {
	limit int

	mu    sync.Mutex // guards young and old
	young map[K]V
	old   map[K]V
}

func newCache[K comparable, V any](limit int) *cache[K, V] {
	return &cache[K, V]{limit: limit, young: map[K]V{}}
}

func (c *cache[K, V]) get(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.young[k]; ok {
		return v, true
	}
	v, ok := c.old[k]
	if ok {
		c.store(k, v)
	}
	return v, ok
}

func (c *cache[K, V]) put(k K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.store(k, v)
}

func (c *cache[K, V]) store(k K, v V) {
	if len(c.young) >= c.limit {
		c.old, c.young = c.young, make(map[K]V, c.limit)
	}
	c.young[k] = v
}
