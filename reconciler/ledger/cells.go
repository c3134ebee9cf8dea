package ledger

import (
	"context"
	"fmt"
	"sync"

	"github.com/sluice-gitops/sluice/schema"
)

// Cell returns the state of a cell; ok is false when no entry is about it.
func (l *Ledger) Cell(ctx context.Context, c schema.Cell) (s State, ok bool, err error) {
	s, ok, err = l.stateAt(ctx, c)
	if err != nil {
		return State{}, false, fmt.Errorf("state of %s: %w", c, err)
	}
	if !ok {
		return State{}, false, nil
	}
	if s.Stage != c.Stage || s.App != c.App {
		return State{}, false, doubt(StateMismatch, "state of %s is of %s in %s", c, s.App, s.Stage)
	}
	return s, true, nil
}

// Cells returns the state of every cell, by stage and then by the digest of the app's name. The first call reads the
// whole state; on a ledger that follows another one it reads what has changed since. The slice and what the states refer to
// are shared: do not change them.
func (l *Ledger) Cells(ctx context.Context) ([]State, error) {
	l.cells.mu.Lock()
	defer l.cells.mu.Unlock()
	if l.cells.all != nil {
		return l.cells.all, nil
	}
	shards, err := l.readShards(ctx)
	if err != nil {
		return nil, err
	}
	total := 0
	for _, shard := range shards {
		total += len(shard.States)
	}
	all := make([]State, 0, total)
	for _, shard := range shards {
		all = append(all, shard.States...)
	}
	l.cells.all = all
	return all, nil
}

// Shard is the states that a ledger keeps together: some of one stage. What has the same ID holds the same states.
type Shard struct {
	ID     schema.Hash
	States []State
}

// Shards returns what [Ledger.Cells] returns, in the same order, without putting it together: for who looks for a few cells after
// every append. It is shared as that is.
func (l *Ledger) Shards(ctx context.Context) ([]Shard, error) {
	l.cells.mu.Lock()
	defer l.cells.mu.Unlock()
	return l.readShards(ctx)
}

// readShards wants the memo's lock held.
func (l *Ledger) readShards(ctx context.Context) ([]Shard, error) {
	if l.cells.inOrder != nil {
		return l.cells.inOrder, nil
	}
	found, err := l.shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("state of all cells: %w", err)
	}
	known := make(map[schema.Hash][]State, len(found))
	shards := make([]Shard, len(found))
	for i, shard := range found {
		states, ok := l.cells.shards[shard.id]
		if !ok {
			if states, err = l.store.statesOf(ctx, shard); err != nil {
				return nil, fmt.Errorf("state of all cells: %w", err)
			}
		}
		known[shard.id], shards[i] = states, Shard{shard.id, states}
	}
	l.cells.shards, l.cells.inOrder = known, shards
	return shards, nil
}

// cellMemo is what Cells has read: the states below each directory, or in each file, of a stage, by its id. The map is replaced, not
// changed, so ledgers may share it.
type cellMemo struct {
	mu     sync.Mutex // guards the rest
	shards map[schema.Hash][]State
	// Of one ledger; nil before they were asked for:
	inOrder []Shard
	all     []State
}

// next returns the memo of a ledger that follows.
func (m *cellMemo) next() *cellMemo {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &cellMemo{shards: m.shards}
}

// shards returns all directories state/<stage>/<h1>, or the files that take their place, in order.
func (l *Ledger) shards(ctx context.Context) ([]item, error) {
	top, ok, err := l.store.find(ctx, l.root, stateDir)
	if err != nil || !ok {
		return nil, err
	}
	stages, err := l.store.tree(ctx, top.id)
	if err != nil {
		return nil, err
	}
	var all []item
	for _, stage := range stages {
		t, err := l.store.tree(ctx, stage.id)
		if err != nil {
			return nil, err
		}
		all = append(all, t...)
	}
	return all, nil
}

// statesOf reads the cells of one shard.
func (s *store) statesOf(ctx context.Context, shard item) (states []State, err error) {
	if shard.dir {
		return s.statesBelow(ctx, shard.id)
	}
	if states, err = s.statesIn(ctx, shard.id); err != nil {
		return nil, fmt.Errorf("%s: %w", shard.name, err)
	}
	return states, nil
}

// statesBelow reads the cells of one directory state/<stage>/<h1>, in either form that has it.
func (s *store) statesBelow(ctx context.Context, id schema.Hash) ([]State, error) {
	shard, err := s.tree(ctx, id)
	if err != nil {
		return nil, err
	}
	var states []State
	for _, i := range shard {
		if i.dir {
			below, err := s.statesBelow(ctx, i.id)
			if err != nil {
				return nil, err
			}
			states = append(states, below...)
			continue
		}
		state, err := s.state(ctx, i.id)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", i.name, err)
		}
		states = append(states, state)
	}
	return states, nil
}

// state reads one cell's state.
func (s *store) state(ctx context.Context, id schema.Hash) (State, error) {
	if state, ok := s.states.get(id); ok {
		return state, nil
	}
	data, err := s.object(ctx, id, schema.BlobObject)
	if err != nil {
		return State{}, err
	}
	return s.decoded(id, data)
}

// decoded is the state that a blob, or a line of a bucket, of that id holds.
func (s *store) decoded(id schema.Hash, data []byte) (State, error) {
	if state, ok := s.states.get(id); ok {
		return state, nil
	}
	var state State
	if err := decodeLine(data, &state); err != nil {
		return State{}, doubt(UnknownFormat, "state: %w", err)
	}
	s.states.put(id, state)
	return state, nil
}
