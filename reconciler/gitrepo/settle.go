package gitrepo

import (
	"context"
	"errors"
	"sync"
	"time"
)

// settling is what makes the last fetches and pushes last through a crash. It begins when the next push is through, or after a
// moment, and goes on beside its caller: a disk that is busy keeps nothing waiting that somebody waits for. Whoever reads refs
// from the disk, changes them or closes the mirror waits for it.
type settling struct {
	mu    sync.Mutex // guards the rest
	queue []func() error
	timer *time.Timer
	done  chan struct{} // of what began last
	err   error         // of what nobody has asked about yet
}

// moment is how long it waits for a push.
const moment = time.Second

// later does something after all that was put off before it.
func (s *settling) later(do func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, do)
	if s.timer == nil {
		s.timer = time.AfterFunc(moment, func() { s.begin() })
	}
}

// begin does what was put off so far; the channel is closed when it is done, nil if there is nothing.
func (s *settling) begin() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	if len(s.queue) == 0 {
		return s.done
	}
	queue, before, done := s.queue, s.done, make(chan struct{})
	s.queue, s.done = nil, done
	go func() {
		defer close(done)
		if before != nil {
			<-before
		}
		for _, do := range queue {
			s.note(do())
		}
	}()
	return done
}

func (s *settling) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = errors.Join(s.err, err)
}

// wait waits until nothing is put off any more.
func (s *settling) wait(ctx context.Context) error {
	done := s.begin()
	if done == nil {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failed tells once what did not come to the disk.
func (s *settling) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.err
	s.err = nil
	return err
}

// settle waits until all that was fetched and pushed is on the disk.
func (r *Repo) settle(ctx context.Context) error {
	if err := r.settling.wait(ctx); err != nil {
		return err
	}
	return r.settling.failed()
}
