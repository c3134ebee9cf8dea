package ledger

import (
	"context"
	"errors"
	"fmt"
)

// follows checks that l holds every entry of before and only adds to them: before's right edge, continued by the entries
// that came after, has to be l's. A shorter ledger was rewound, another root is a fork.
func (l *Ledger) follows(ctx context.Context, before *Ledger) error {
	if l.tip == before.tip {
		return nil
	}
	if l.edge.size < before.edge.size {
		return doubt(LogRollback, "%d entries, %d were seen before", l.edge.size, before.edge.size)
	}
	if l.edge.size == before.edge.size {
		return doubt(LogFork, "commit %s has the %d entries of %s", l.tip, l.edge.size, before.tip)
	}
	grown := before.edge
	for seq := before.edge.size + 1; seq <= l.edge.size; seq++ {
		raw, err := l.store.file(ctx, l.root, EntryPath(seq))
		if errors.Is(err, ErrMissing) {
			return doubt(LogChain, "entry %d: %w", seq, err)
		}
		if err != nil {
			return fmt.Errorf("entry %d: %w", seq, err)
		}
		grown = grown.add(raw)
	}
	if grown.root() != l.edge.root() {
		return doubt(LogFork, "%d entries that do not go on from the %d seen before", l.edge.size, before.edge.size)
	}
	return nil
}
