package hook

import (
	"sync"
	"time"
)

// pace lets a project be woken at once, and then no sooner than a while later. What comes in between is one wake-up at the
// end of that while: none is lost, and a flood costs what a short interval costs.
type pace struct {
	every time.Duration
	wake  func()

	mu      sync.Mutex // guards the rest
	last    time.Time
	waiting *time.Timer
	closed  bool
}

// hurry wakes the project now or soon.
func (p *pace) hurry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.waiting != nil {
		return
	}
	if wait := p.every - time.Since(p.last); !p.last.IsZero() && wait > 0 {
		p.waiting = time.AfterFunc(wait, p.due)
		return
	}
	p.last = time.Now()
	p.wake()
}

func (p *pace) due() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.waiting, p.last = nil, time.Now()
	p.wake()
}

// close ends what waits. No wake-up comes afterwards.
func (p *pace) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.waiting != nil {
		p.waiting.Stop()
	}
}
