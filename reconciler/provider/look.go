package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
)

// look reads what the source holds and takes it if it can be taken. The position is where to watch on from, empty if the
// source could not be read.
func (p *Provider) look(ctx context.Context) (Position, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	at, changed, err := p.lookOnce(ctx)
	p.note(err, changed)
	return at, err
}

func (p *Provider) lookOnce(ctx context.Context) (at Position, changed bool, err error) {
	limited, cancel := context.WithTimeout(ctx, p.opts.Timeout)
	defer cancel()
	raw, at, err := p.opts.Source.Head(limited)
	if err != nil {
		return "", false, fmt.Errorf("%w: read head: %w", ErrUnavailable, err)
	}
	if len(raw) == 0 {
		return at, false, fmt.Errorf("%w: read head: %w", ErrUnavailable, fs.ErrNotExist)
	}
	head, err := p.opts.believe(raw)
	if err != nil {
		return at, false, err
	}
	running, err := p.known(head)
	if err != nil {
		return at, false, err
	}
	if running != nil {
		p.persist(ctx, running, head, raw)
		return at, false, nil
	}
	if head.Retired {
		if err := p.retire(head); err != nil {
			return at, false, err
		}
		p.persist(ctx, nil, head, raw)
		return at, false, fmt.Errorf("%w: entry %d", ErrRetired, head.Seq)
	}
	part, _ := head.part(p.opts.Identity)
	document := part.Inline
	if len(document) == 0 {
		if document, err = p.opts.Source.Document(limited, part, at); err != nil {
			// It may be gone because a newer head is there: look again at once, and forget the position.
			return "", false, fmt.Errorf("%w: read document of entry %d: %w", ErrUnavailable, head.Seq, err)
		}
	}
	snap, err := p.opts.snapshot(head, document, Live)
	if err != nil {
		return at, false, err
	}
	if changed, err = p.take(ctx, snap); changed {
		p.persist(ctx, snap, head, raw)
	}
	return at, changed, err
}

// snapshot verifies a document and makes a snapshot of it.
func (o Options) snapshot(head Head, document []byte, origin Origin) (*Snapshot, error) {
	part, gray := head.part(o.Identity)
	if err := part.verify(document); err != nil {
		return nil, err
	}
	d, err := ParseDocument(document)
	if err != nil {
		return nil, err
	}
	snap := &Snapshot{Document: d, head: head, gray: gray, origin: origin, confirmed: &atomic.Int64{}, now: o.Now}
	if origin == Live {
		snap.confirmed.Store(o.Now().UnixNano())
	}
	return snap, nil
}

// known confirms what runs, and returns it, if that is what the head says. An error says that the head is older, or a second one.
func (p *Provider) known(head Head) (*Snapshot, error) {
	p.swap.Lock()
	defer p.swap.Unlock()
	s, err := judge(p.seen, head)
	if err != nil {
		return nil, err
	}
	running := p.snap.Load()
	if s != stay || running == nil || running.head.Seq != head.Seq || running.origin != Live {
		return nil, nil
	}
	running.confirmed.Store(p.opts.Now().UnixNano())
	return running, nil
}

// retire remembers that the app has left the stage, also for the next start. What runs goes on running.
func (p *Provider) retire(head Head) error {
	p.swap.Lock()
	defer p.swap.Unlock()
	if _, err := judge(p.seen, head); err != nil {
		return err
	}
	p.seen = head
	return nil
}

// persist keeps what is live now for the next start. A configuration that only was confirmed again is not written more
// often than it is looked at. It is called without the lock, so that a slow disk holds up nobody but the next look.
func (p *Provider) persist(ctx context.Context, snap *Snapshot, head Head, raw []byte) {
	now := p.opts.Now()
	if snap != nil && head.Seq == p.doubted.Load() || p.trial.hold(entry{snap, head, raw}) {
		return
	}
	if p.opts.Cache == nil || bytes.Equal(raw, p.kept) && now.Sub(p.keptAt) < p.opts.Refresh/2 {
		return
	}
	e := cacheEntry{confirmed: now, head: raw}
	if part, _ := head.part(p.opts.Identity); snap != nil && len(part.Inline) == 0 {
		e.document = snap.text
	}
	limited, cancel := context.WithTimeout(ctx, cacheWait)
	defer cancel()
	err := p.opts.Cache.Store(limited, p.opts.cacheName(), e.encode(), func(have []byte) bool {
		_, theirs, err := p.opts.fromCache(have)
		return theirs.Seq > head.Seq && (err == nil || errors.Is(err, ErrRetired)) // another process has seen more
	})
	if err != nil {
		p.opts.Log.Warn("kept no copy", "error", err)
		p.count(func(s *Stats) { s.CacheFailures++ })
		return
	}
	p.kept, p.keptAt = bytes.Clone(raw), now
}

// note keeps how the last look went.
func (p *Provider) note(err error, changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.opts.Now()
	p.stats.Looks++
	if changed {
		p.stats.Changes++
		p.stats.Changed = now
	}
	switch text := describe(err); {
	case err == nil && p.health != nil && !errors.Is(p.health, context.Canceled):
		p.opts.Log.Info("well again: what runs is what the source holds", "seq", p.Snapshot().Seq(), "digest", p.Snapshot().Digest(), "was", describe(p.health))
	case errors.Is(err, context.Canceled): // the program ends: nothing is wrong with anything
	case err != nil && text != describe(p.health):
		if p.snap.Load() == nil {
			p.opts.Log.Warn("took nothing", "error", text)
		} else {
			p.opts.Log.Warn("kept what runs", "error", text)
		}
	}
	p.health = err
	if err == nil {
		p.stats.Confirmed = now
		return
	}
	switch {
	case errors.Is(err, ErrRejected):
		p.stats.Rejected++
	case errors.Is(err, ErrUnavailable):
		p.stats.Failed++
	case !errors.Is(err, ErrRetired):
		p.stats.Refused++
	}
}

// describe is an error for the log. What a callback or a check said may hold values, and stays out.
func describe(err error) string {
	switch {
	case err == nil, !errors.Is(err, ErrRejected):
		return fmt.Sprint(err)
	case errors.Is(err, errHung):
		return errHung.Error()
	}
	return "the program does not take it"
}
