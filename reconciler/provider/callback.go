package provider

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// hung is a function of the program that was given up.
type hung struct {
	what  string // OnChange or AfterChange
	since time.Time
	limit time.Duration
	done  chan struct{} // closed when it returns after all
}

func (h *hung) returned() bool {
	select {
	case <-h.done:
		return true
	default:
		return false
	}
}

// errHung is in each error about such a function.
var errHung = errors.New("a function of the program has not returned")

func (h *hung) error() error {
	return fmt.Errorf("%w: %s, called at %s, may take %s; no release is taken before it returns", errHung, h.what, h.since.UTC().Format(time.RFC3339), h.limit)
}

// linger is how long a function may still take to return after its context has ended.
const linger = time.Second

// within calls functions of the program, by whose turn it is, and gives up when their time or the context is over. A goroutine
// cannot be stopped: until it returns by itself no function is called again, so that none runs twice at once.
func (p *Provider) within(ctx context.Context, what string, call func(context.Context) error) error {
	if h := p.hung.Load(); h != nil && !h.returned() {
		return h.error()
	}
	limited, cancel := context.WithTimeout(ctx, p.opts.Callback)
	h := &hung{what: what, since: p.opts.Now(), limit: p.opts.Callback, done: make(chan struct{})}
	var err error
	go func() { // ends when the functions return
		defer close(h.done)
		defer cancel()
		err = guarded(func() error { return call(limited) })
	}()
	select {
	case <-h.done:
		return err
	case <-limited.Done():
	}
	late := time.NewTimer(linger)
	defer late.Stop()
	select {
	case <-h.done:
		return err
	case <-late.C:
	}
	p.hung.Store(h)
	go func() { // what was given up for it is tried again once it returns
		<-h.done
		p.lookAgain()
	}()
	p.count(func(s *Stats) { s.Hung++ })
	p.opts.Log.Error("a function of the program does not return", "function", what, "limit", p.opts.Callback)
	return h.error()
}

// errPanicked stands for a panic of the program's own code. What it panicked with may hold values.
var errPanicked = errors.New("the callback panicked")

// guarded calls the program's own code. A panic is a refusal: a release that the program cannot deal with is one that it
// does not take.
func guarded(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanicked
		}
	}()
	return f()
}
