package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// sieve finds the few states that a question is about. A shard of the ledger is asked once and what it answered kept by its id,
// so that after an append those are asked that changed, and not fifty thousand cells.
//
// The question has to rest on nothing but the state and the rules in force.
type sieve struct {
	rules  int64 // entry that put in force the rules which the answers rest on
	picked map[schema.Hash][]int
}

// pick returns the states that are wanted, in the order of [ledger.Ledger.Cells]. They are shared: do not change them.
func (s *sieve) pick(ctx context.Context, l *ledger.Ledger, rules int64, wanted func(*ledger.State) bool) ([]*ledger.State, error) {
	shards, err := l.Shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the ledger's state: %w", err)
	}
	return s.from(shards, rules, wanted), nil
}

func (s *sieve) from(shards []ledger.Shard, rules int64, wanted func(*ledger.State) bool) []*ledger.State {
	known := s.picked
	if s.rules != rules {
		known = nil
	}
	picked := make(map[schema.Hash][]int, len(shards))
	var out []*ledger.State
	for _, shard := range shards {
		found, ok := known[shard.ID]
		if !ok {
			found = pickFrom(shard.States, wanted)
		}
		picked[shard.ID] = found
		for _, i := range found {
			out = append(out, &shard.States[i])
		}
	}
	s.rules, s.picked = rules, picked
	return out
}

func pickFrom(states []ledger.State, wanted func(*ledger.State) bool) (found []int) {
	for i := range states {
		if wanted(&states[i]) {
			found = append(found, i)
		}
	}
	return found
}

// sieves are a reconciler's questions about all cells that every pass asks before it writes.
type sieves struct {
	held, widening, pending sieve
}
