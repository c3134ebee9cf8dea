package gitrepo

import (
	"context"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/sluice-gitops/sluice/schema"
)

// ahead is the way to the remote for the next push, opened before there is anything to push. What the remote shows then may be
// old when it is used: the remote compares again before it moves a ref.
type ahead struct {
	mu    sync.Mutex // guards the rest
	ready chan opened
	since time.Time
}

// opened is a session of a push that has not begun.
type opened struct {
	session    transport.ReceivePackSession
	advertised *packp.AdvRefs
	err        error
}

// aheadFor is how long a session that nobody uses is kept: less than servers wait for a client.
const aheadFor = 5 * time.Second

// pushSoon opens the way, if it is not open.
func (r *Repo) pushSoon() {
	a := r.ahead
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.remote == nil || a.ready != nil {
		return
	}
	ready := make(chan opened, 1)
	a.ready, a.since = ready, time.Now()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), aheadFor)
		defer cancel()
		s, advertised, err := r.receivePack(ctx)
		ready <- opened{s, advertised, err}
	}()
	time.AfterFunc(aheadFor, func() { a.dropThis(ready) })
}

// take gives the session to a push that the remote seemed ready for; nil if there is none.
func (a *ahead) take(ctx context.Context, ref string, old schema.Hash) (transport.ReceivePackSession, *packp.AdvRefs) {
	ready, fresh := a.claim()
	if ready == nil {
		return nil, nil
	}
	select {
	case o := <-ready:
		if o.err != nil {
			return nil, nil // asked again, it may answer
		}
		if fresh && schema.Hash(o.advertised.References[ref]) == old {
			return o.session, o.advertised
		}
		_ = o.session.Close() // the other side may be about to close it, or the ref came back since
	case <-ctx.Done():
		go closeWhenOpen(ready)
	}
	return nil, nil
}

// claim takes the session away from everybody else.
func (a *ahead) claim() (ready chan opened, fresh bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ready, a.ready = a.ready, nil
	return ready, time.Since(a.since) < aheadFor/2
}

// drop closes a session that is not used.
func (a *ahead) drop() {
	if ready, _ := a.claim(); ready != nil {
		closeWhenOpen(ready)
	}
}

func (a *ahead) dropThis(ready chan opened) {
	a.mu.Lock()
	mine := a.ready == ready
	if mine {
		a.ready = nil
	}
	a.mu.Unlock()
	if mine {
		closeWhenOpen(ready)
	}
}

func closeWhenOpen(ready chan opened) {
	if o := <-ready; o.err == nil {
		_ = o.session.Close() // nothing was sent
	}
}
