package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
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
	if err := l.continues(ctx, before.edge); err != nil {
		return err
	}
	return l.handedOver(ctx, before)
}

// Holds checks that a checkpoint seen elsewhere, such as one kept by the reconciler or by a witness, is one that this
// ledger went through. The error wraps [ErrDoubt] if not: then the ledger was rewound, or there are two of them. It reads
// the commits and entries that came after the checkpoint.
func (l *Ledger) Holds(ctx context.Context, c Checkpoint) error {
	if c.Origin != l.opts.Project {
		return doubt(LogOrigin, "checkpoint of project %q, want %q", c.Origin, l.opts.Project)
	}
	if c.Size > l.edge.size {
		return doubt(LogRollback, "%d entries, a checkpoint of %d was seen", l.edge.size, c.Size)
	}
	at, err := l.edgeAt(ctx, c.Size)
	if err != nil {
		return fmt.Errorf("checkpoint of %d entries: %w", c.Size, err)
	}
	if at.root() != c.Root {
		return doubt(LogFork, "the first %d entries have root %s, a checkpoint with %s was seen", c.Size, at.root(), c.Root)
	}
	return l.continues(ctx, at)
}

// edgeAt returns the right edge as it was after size entries: from the commit that holds them, or the one before it.
func (l *Ledger) edgeAt(ctx context.Context, size int64) (edge, error) {
	past := *l
	for !past.tip.IsZero() && past.edge.size > size {
		c, err := l.readCommit(ctx, past.tip)
		if err != nil {
			return edge{}, err
		}
		if past = (Ledger{store: l.store}); len(c.parents) == 0 {
			break
		}
		if err := past.unverified(ctx, c.parents[0]); err != nil {
			return edge{}, err
		}
	}
	return l.extend(ctx, past.edge, size)
}

// unverified reads what a commit's tree says of itself.
func (l *Ledger) unverified(ctx context.Context, id schema.Hash) error {
	c, err := l.readCommit(ctx, id)
	if err != nil {
		return err
	}
	l.tip, l.root = id, c.tree
	return l.readState(ctx)
}

// extend adds the entries of l up to number size to an edge.
func (l *Ledger) extend(ctx context.Context, e edge, size int64) (edge, error) {
	for e.size < size {
		seq := e.size + 1
		raw, err := l.rawEntry(ctx, seq)
		if errors.Is(err, ErrMissing) {
			return edge{}, doubt(LogChain, "entry %d: %w", seq, err)
		}
		if err != nil {
			return edge{}, fmt.Errorf("entry %d: %w", seq, err)
		}
		e = e.add(raw)
	}
	return e, nil
}

// continues checks that l's entries lead from an older edge to l's own.
func (l *Ledger) continues(ctx context.Context, from edge) error {
	grown, err := l.extend(ctx, from, l.edge.size)
	if err != nil {
		return err
	}
	if grown.root() != l.edge.root() {
		return doubt(LogFork, "%d entries that do not go on from the %d seen before", l.edge.size, from.size)
	}
	return nil
}
