package provider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"
)

// Provider keeps the newest configuration that can be taken. All its methods may be called from everywhere at once, but
// callbacks must not call Close or Refresh.
type Provider struct {
	opts Options
	life context.Context // until Close
	stop context.CancelFunc
	done chan struct{} // closed when the goroutine has ended
	turn chan struct{} // taken by who looks: two looks at once could come back in the wrong order

	snap atomic.Pointer[Snapshot]

	swap     sync.Mutex // guards the two below, and that they and snap fit together
	seen     Head       // newest head that was believed, taken or not
	bindings []bound

	hung atomic.Pointer[hung] // the program's function that was given up; no other is called before it has returned

	kept   []byte    // head that the cache has; this and the next two by whose turn it is
	keptAt time.Time // when it was written
	trial  trial

	settles time.Time    // when the trial is over; written by Open alone
	doubted atomic.Int64 // entry that a binding refused, and none took: it is not kept

	waiting atomic.Pointer[context.CancelFunc] // ends the wait for the source
	again   atomic.Bool                        // it was ended for another look

	mu     sync.Mutex // guards the three below
	stats  Stats
	health error // of the last look; nil if it found what runs
	closed bool

	reported Report // this and the next by the goroutine alone
	lost     int    // watches, one after the other
}

// bound is a binding as the provider sees it.
type bound interface {
	// prepare makes the binding's value of a snapshot and asks who wants to be asked; an error rejects it.
	prepare(ctx context.Context, next *Snapshot, changes Changes) (value any, err error)
	// commit puts the prepared value in place; notify tells that it is.
	commit(value any)
	notify(old, new any, changes Changes)
}

// Open reads the configuration, verifies it and keeps it new until Close. It returns within ctx and Options.Patience: with what the source
// holds, else with what Options.Start allows, else with every reason why not.
func Open(ctx context.Context, opts Options) (*Provider, error) {
	if err := opts.Valid(); err != nil {
		return nil, err
	}
	p := &Provider{opts: opts.withDefaults(), done: make(chan struct{}), turn: make(chan struct{}, 1)}
	p.life, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	patient, cancel := context.WithTimeout(ctx, p.opts.Patience)
	defer cancel()
	cached, cacheErr := p.recall(patient)
	p.trial.earlier = cached
	at, err := p.first(patient)
	if err != nil {
		if err := p.fallBack(cached, err, cacheErr); err != nil {
			p.stop()
			return nil, fmt.Errorf("open configuration of %s in %s: %w", opts.App, opts.Stage, err)
		}
	}
	if p.trial.end = time.Now().Add(trialTime); p.trial.earlier != nil {
		p.settles = p.trial.end
	}
	go p.run(p.life, at, err)
	return p, nil
}

// first looks until it finds something to take, trying again cannot help, or patience ends.
func (p *Provider) first(ctx context.Context) (Position, error) {
	for n := 0; ; n++ {
		at, err := p.look(ctx)
		if !errors.Is(err, ErrUnavailable) {
			return at, err
		}
		if !sleep(ctx, backoff(n)) {
			return at, err
		}
	}
}

// recall reads the cache, whether or not the program may start with it: the program never goes back behind it. It leaves
// the source half of the time that there is.
func (p *Provider) recall(ctx context.Context) (*Snapshot, error) {
	if p.opts.Cache == nil {
		return nil, nil
	}
	limit := cacheWait
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(end)/2)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	data, err := p.opts.Cache.Load(limited, p.opts.cacheName())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	snap, head, err := p.opts.fromCache(data)
	if err != nil {
		err = fmt.Errorf("cache %s: %w", p.opts.cacheName(), err)
	}
	if head.Seq > 0 {
		p.seen = head
	}
	if err != nil {
		p.opts.Log.Warn("refused the cache", "error", err)
	}
	return snap, err
}

// fromCache verifies what is cached as if the source had sent it. The head is returned as soon as it is believed.
func (o Options) fromCache(data []byte) (*Snapshot, Head, error) {
	e, err := decodeCache(data)
	if err != nil {
		return nil, Head{}, err
	}
	head, err := o.believe(e.head)
	if err != nil {
		return nil, Head{}, err
	}
	if head.Retired {
		return nil, head, fmt.Errorf("%w: entry %d", ErrRetired, head.Seq)
	}
	part, _ := head.part(o.Identity)
	document := e.document
	if len(part.Inline) > 0 {
		document = part.Inline
	}
	snap, err := o.snapshot(head, document, Cached)
	if err == nil {
		snap.confirmed.Store(e.confirmed.UnixNano())
	}
	return snap, head, err
}

// maxSkew is how far ahead of this clock the cache's may have been.
const maxSkew = 5 * time.Minute

// fallBack takes what may be started with. An app that has left its stage is not started with what it had before.
func (p *Provider) fallBack(cached *Snapshot, live, cacheErr error) error {
	if errors.Is(live, ErrRetired) {
		return live
	}
	if errors.Is(cacheErr, ErrRetired) {
		return errors.Join(live, cacheErr)
	}
	p.swap.Lock()
	defer p.swap.Unlock()
	reasons := []error{live, cacheErr}
	if cached != nil && p.opts.Start.allowsCache() {
		err := p.startable(cached)
		if err == nil {
			p.start(cached, live)
			return nil
		}
		reasons = append(reasons, fmt.Errorf("cache: %w", err))
	}
	if p.opts.Start.fallback && p.opts.Fallback != nil {
		snap := &Snapshot{Document: p.opts.Fallback, origin: Fallback, confirmed: &atomic.Int64{}, now: p.opts.Now}
		err := p.check(snap)
		if err == nil {
			p.start(snap, live)
			return nil
		}
		reasons = append(reasons, fmt.Errorf("fallback: %w", err))
	}
	return errors.Join(reasons...)
}

func (s Start) allowsCache() bool { return s.anyAge || s.stale > 0 }

// startable says why the program may not start with what the cache has.
func (p *Provider) startable(cached *Snapshot) error {
	start := p.opts.Start
	if !start.allowsCache() {
		return fmt.Errorf("%w: Start does not allow it", ErrStale)
	}
	age := p.opts.Now().Sub(cached.Confirmed())
	if !start.anyAge && (age > start.stale || age < -maxSkew) {
		return fmt.Errorf("%w: it was confirmed at %s", ErrStale, cached.Confirmed().UTC().Format(time.RFC3339))
	}
	return p.check(cached)
}

func (p *Provider) start(snap *Snapshot, live error) {
	p.snap.Store(snap)
	p.mu.Lock()
	if p.health == nil { // patience was over before the first look
		p.health = live
	}
	p.mu.Unlock()
	p.opts.Log.Warn("started without the source", "origin", snap.origin, "seq", snap.Seq(), "digest", snap.Digest(), "error", describe(live))
}

// Snapshot returns the configuration that runs. It costs one atomic load.
func (p *Provider) Snapshot() *Snapshot { return p.snap.Load() }

// Refresh looks now, and returns what Healthy would after it.
func (p *Provider) Refresh(ctx context.Context) error {
	if p.isClosed() {
		return ErrClosed
	}
	_, err := p.look(ctx)
	return err
}

// Close stops everything that the provider started, and waits for it; for a function of the program no longer than a second
// after its context has ended. The last snapshot stays readable.
func (p *Provider) Close() error {
	p.mu.Lock()
	was := p.closed
	p.closed = true
	p.mu.Unlock()
	p.stop()
	<-p.done
	if !was {
		p.keepAtClose()
	}
	if c, ok := p.opts.Source.(Closer); ok && !was {
		return c.Close()
	}
	return nil
}

func (p *Provider) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}
