package provider

import (
	"context"
	"errors"
	"fmt"
)

// take validates, swaps and notifies, in this order, so that what was rejected is never what runs. Only who has the turn
// takes. The program's functions are called without the lock: one that hangs holds up the next release, and nobody who binds.
func (p *Provider) take(ctx context.Context, next *Snapshot) (changed bool, err error) {
	running, err := p.believed(next.head)
	if err != nil {
		return false, err
	}
	if running != nil && running.origin == Live && running.head.Seq == next.head.Seq {
		return false, nil
	}
	var changes Changes
	if running != nil {
		changes = Between(running.Document, next.Document)
	}
	if err := p.check(next); err != nil {
		return false, err
	}
	values, old, err := p.prepareAndSwap(ctx, next, changes)
	if err != nil {
		return false, fmt.Errorf("%w: entry %d: %w", ErrRejected, next.Seq(), err)
	}
	p.opts.Log.Info("took configuration", "seq", next.Seq(), "revision", next.Revision(), "digest", next.Digest(), "gray", next.gray, "changes", len(changes))
	if len(changes) > 0 {
		p.tell(old, next, values, changes)
	}
	return true, nil
}

// believed remembers the head, taken or not, and returns what runs.
func (p *Provider) believed(head Head) (*Snapshot, error) {
	p.swap.Lock()
	defer p.swap.Unlock()
	if _, err := judge(p.seen, head); err != nil {
		return nil, err
	}
	p.seen = head
	return p.snap.Load(), nil
}

// prepared is a binding and what it made of the next snapshot.
type prepared struct {
	bound
	value any
}

// prepareAndSwap asks every binding, also those that are made while it asks, and puts the snapshot in place.
func (p *Provider) prepareAndSwap(ctx context.Context, next *Snapshot, changes Changes) (all []prepared, old *Snapshot, err error) {
	for {
		more, old := p.swapUnlessMore(next, all)
		if len(more) == 0 {
			return all, old, nil
		}
		asked := make([]prepared, 0, len(more))
		err := p.within(ctx, "OnChange", func(ctx context.Context) error {
			for _, b := range more {
				value, err := b.prepare(ctx, next, changes)
				if err != nil {
					return err
				}
				asked = append(asked, prepared{b, value})
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		all = append(all, asked...)
	}
}

// swapUnlessMore puts the snapshot in place, which cannot fail any more, or returns the bindings that were not asked yet.
func (p *Provider) swapUnlessMore(next *Snapshot, all []prepared) (more []bound, old *Snapshot) {
	p.swap.Lock()
	defer p.swap.Unlock()
	if len(p.bindings) > len(all) {
		return p.bindings[len(all):], nil
	}
	next.bound = make(map[any]any, len(all))
	for _, b := range all {
		next.bound[b.bound] = b.value
	}
	old = p.snap.Swap(next)
	for _, b := range all {
		b.commit(b.value)
	}
	return nil, old
}

// tell tells every binding what it had before, and what it has.
func (p *Provider) tell(old, next *Snapshot, all []prepared, changes Changes) {
	_ = p.within(p.life, "AfterChange", func(context.Context) error { // what hangs is in Healthy, and panics are logged
		for _, b := range all {
			var before any
			if old != nil {
				before = old.bound[b.bound]
			}
			if errors.Is(guarded(func() error { b.notify(before, b.value, changes); return nil }), errPanicked) {
				p.opts.Log.Error("a callback panicked after the change")
			}
		}
		return nil
	})
}

func (p *Provider) check(snap *Snapshot) error {
	if p.opts.Check == nil {
		return nil
	}
	err := guarded(func() error { return p.opts.Check(snap) })
	switch {
	case err == nil, errors.Is(err, ErrBackwards):
		return err // nothing is wrong with it but its age
	case errors.Is(err, context.Canceled): // cut short, it says nothing of the release
		return fmt.Errorf("%w: entry %d was not checked: %w", ErrUnavailable, snap.Seq(), err)
	}
	return fmt.Errorf("%w: entry %d: %w", ErrRejected, snap.Seq(), err)
}
