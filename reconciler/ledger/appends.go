package ledger

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Appends goes through the appends whose last entry is not older than a time, oldest first, each with the ledger before and
// after it, and ends at the first error. The first append of a ledger has no ledger before it and is left out. It verifies
// nothing, and what it holds does not grow with the ledger.
func Appends(ctx context.Context, objs Objects, tip schema.Hash, since time.Time) iter.Seq2[Appended, error] {
	return func(yield func(Appended, error) bool) {
		w := &Ledger{store: newStore(objs), cells: &cellMemo{}}
		w.store.trees, w.store.states = newCache[schema.Hash, tree](verifyTrees), newCache[schema.Hash, State](verifyStates)
		w.store.buckets = newCache[schema.Hash, bucket](verifyBuckets)
		commits, err := w.commitsNotBefore(ctx, tip, since)
		if err != nil {
			yield(Appended{}, err)
			return
		}
		var before *Ledger
		for _, id := range commits {
			after, err := w.at(ctx, id)
			a := Appended{Commit: id, Before: before, After: after}
			if err == nil && before != nil {
				a.Entries, err = after.entriesAfter(ctx, before.edge.size)
			}
			if (before != nil || err != nil) && !yield(a, err) || err != nil {
				return
			}
			before = after
		}
	}
}

// commitsNotBefore lists commits from the newest one that is older than a time, or the first, to the tip.
func (l *Ledger) commitsNotBefore(ctx context.Context, tip schema.Hash, since time.Time) ([]schema.Hash, error) {
	var out []schema.Hash
	for id := tip; !id.IsZero(); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c, err := l.readCommit(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read ledger at %s: %w", id.Short(), err)
		}
		out = append(out, id)
		at := *l
		at.root = c.tree
		head, err := readTop[Head](ctx, &at, headPath)
		if err != nil {
			return nil, fmt.Errorf("read ledger at %s: %w", id.Short(), err)
		}
		if head.At.Before(since) || len(c.parents) == 0 {
			break
		}
		id = c.parents[0]
	}
	slices.Reverse(out)
	return out, nil
}

// at is the ledger at another commit.
func (l *Ledger) at(ctx context.Context, id schema.Hash) (*Ledger, error) {
	c, err := l.readCommit(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read ledger at %s: %w", id.Short(), err)
	}
	next := &Ledger{store: l.store, cells: &cellMemo{}, tip: id, root: c.tree}
	if err := next.readState(ctx); err != nil {
		return nil, fmt.Errorf("read ledger at %s: %w", id.Short(), err)
	}
	next.opts.Project = next.head.Project
	return next, nil
}

func (l *Ledger) entriesAfter(ctx context.Context, seq int64) ([]Entry, error) {
	var out []Entry
	for seq++; seq <= l.edge.size; seq++ {
		e, _, err := l.store.entry(ctx, l.root, seq)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
