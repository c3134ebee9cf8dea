package provider

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// trialTime is how long after Open the cache keeps what the program ran before, so that a binding may still refuse the new.
const trialTime = 5 * time.Second

// A trial is the start of a program: nothing is bound yet that could refuse a release, so it is not known whether what
// the source holds can run. By whose turn it is.
type trial struct {
	earlier *Snapshot // what the cache has
	held    *entry    // what is to be kept once the trial is over
	end     time.Time // zero while Open looks
}

// entry is what persist was asked to keep.
type entry struct {
	snap *Snapshot
	head Head
	raw  []byte
}

func (t *trial) over() bool { return t.earlier == nil || !t.end.IsZero() && !time.Now().Before(t.end) }

// hold reports whether the cache has to wait with an entry. An app that has left its stage is no matter of a trial.
func (t *trial) hold(e entry) bool {
	if t.over() || e.snap == nil {
		*t = trial{}
		return false
	}
	if e.head.Seq == t.earlier.Seq() {
		return false
	}
	t.held = &e
	return true
}

// take ends the trial and returns what is to be kept.
func (t *trial) take() *entry {
	held := t.held
	*t = trial{}
	return held
}

// settle keeps what was held back, when its time has come.
func (p *Provider) settle(ctx context.Context) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return
	}
	if p.trial.over() {
		p.keep(ctx)
	}
}

// keepAtClose is for programs that end before the trial does. A look of somebody else's that goes on then keeps nothing.
func (p *Provider) keepAtClose() {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
		p.keep(context.WithoutCancel(p.life))
	default:
	}
}

func (p *Provider) keep(ctx context.Context) {
	if e := p.trial.take(); e != nil {
		p.persist(ctx, e.snap, e.head, e.raw)
	}
}

// untilSettled is how long the trial may take yet, at most the limit.
func (p *Provider) untilSettled(limit time.Duration) time.Duration {
	if left := time.Until(p.settles); left > 0 {
		return min(limit, left)
	}
	return limit
}

// refused is called with what a binding says against the snapshot that runs. Within the trial the program goes back to what it
// ran before, if it may start with that and everybody takes it; otherwise the refusal stands. Either way the cache does not
// get what was refused.
func (p *Provider) refused(refusal error, b binder) error {
	p.doubted.Store(p.snap.Load().Seq())
	limited, cancel := context.WithTimeout(p.life, linger) // a callback that binds has the turn itself
	defer cancel()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-limited.Done():
		return refusal
	}
	if refusal = b.attach(); refusal == nil { // another release was taken meanwhile
		return nil
	}
	running, earlier := p.snap.Load(), p.trial.earlier
	p.doubted.Store(running.Seq())
	if p.trial.over() || running.Seq() == earlier.Seq() {
		return refusal
	}
	if err := p.goBack(running, earlier, b); err != nil {
		return errors.Join(refusal, fmt.Errorf("cache: entry %d: %w", earlier.Seq(), err))
	}
	p.mu.Lock()
	p.health = refusal
	p.mu.Unlock()
	p.opts.Log.Warn("runs what the cache has", "seq", earlier.Seq(), "digest", earlier.Digest(), "refused", running.Seq(), "error", describe(refusal))
	p.lookAgain() // which reports what was refused
	return nil
}

// goBack is no step behind what was believed: the next look judges by the newest head that was seen, as before.
func (p *Provider) goBack(running, earlier *Snapshot, b binder) error {
	if err := p.startable(earlier); err != nil {
		return err
	}
	if err := b.fits(earlier.Document); err != nil {
		return err
	}
	next, changes := *earlier, Between(running.Document, earlier.Document) // a copy: somebody may have read it before
	values, old, err := p.prepareAndSwap(p.life, &next, changes)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		p.tell(old, &next, values, changes)
	}
	return b.attach()
}

// binder is a binding that is being made.
type binder interface {
	// attach binds the snapshot that runs, or says why it cannot.
	attach() error
	fits(d *Document) error
}
