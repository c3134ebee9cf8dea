package provider

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// run keeps the provider new. It is the only goroutine besides that of a callback; Close ends it.
func (p *Provider) run(ctx context.Context, at Position, err error) {
	defer close(p.done)
	failures := 0
	for ctx.Err() == nil {
		if err != nil {
			failures++
		} else {
			failures = 0
		}
		p.reportAndWait(ctx, at, err, p.pause(failures, err))
		if ctx.Err() == nil {
			at, err = p.look(ctx)
		}
	}
}

// reportEvery is how often an instance says what it runs, however rarely it reads everything again. The reconciler takes one
// that said nothing for 15 minutes for quiet.
const reportEvery = 5 * time.Minute

// reportAndWait returns when it is time to look again. Meanwhile it renews the report.
func (p *Provider) reportAndWait(ctx context.Context, at Position, err error, limit time.Duration) {
	for end := time.Now().Add(limit); ; {
		p.report(ctx, err)
		rest := max(0, time.Until(end))
		limit := p.untilSettled(min(rest, reportEvery))
		if p.wait(ctx, at, limit) || rest <= limit {
			return
		}
		p.settle(ctx)
	}
}

// pause is how long to wait for the watch before everything is read again.
// What the program rejected, or what is retired, changes only at the source.
func (p *Provider) pause(failures int, err error) time.Duration {
	regular := p.opts.Refresh - p.opts.Refresh/10 + rand.N(p.opts.Refresh/5+1)
	if failures == 0 || errors.Is(err, ErrRejected) || errors.Is(err, ErrRetired) {
		return regular
	}
	return min(regular, backoff(failures-1))
}

// settle is how far the reads of many programs that see the same change are spread. What changes meanwhile is read with it.
const settle = 20 * time.Millisecond

// wait returns true when the source has changed, or may have, and false when the limit is over.
func (p *Provider) wait(ctx context.Context, at Position, limit time.Duration) bool {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	p.waiting.Store(&cancel)
	if p.again.Swap(false) {
		return true
	}
	w, ok := p.opts.Source.(Watcher)
	if !ok || at == "" {
		<-limited.Done()
		return ctx.Err() != nil || p.again.Swap(false)
	}
	err := w.Watch(limited, at)
	switch {
	case err == nil:
		sleep(ctx, rand.N(settle))
	case limited.Err() == nil:
		p.count(func(s *Stats) { s.WatchesLost++ })
		p.opts.Log.Warn("lost the watch", "error", err)
		sleep(ctx, backoff(p.lost)) // then what happened in the gap is read
		p.lost++
		return true
	}
	p.lost = 0
	return err == nil || ctx.Err() != nil || p.again.Swap(false)
}

// lookAgain ends the wait.
func (p *Provider) lookAgain() {
	p.again.Store(true)
	if cancel := p.waiting.Load(); cancel != nil {
		(*cancel)()
	}
}

// backoff grows from 0.1 s to about 30 s, and no two programs wait alike.
func backoff(n int) time.Duration {
	limit := 100 * time.Millisecond << min(n, 9)
	limit = min(limit, 30*time.Second)
	return limit/2 + rand.N(limit/2)
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// report tells the reconciler what runs here, when that has changed, and now and then that it has not.
func (p *Provider) report(ctx context.Context, err error) {
	r, ok := p.opts.Source.(Reporter)
	if !ok || p.opts.Identity.Instance == "" {
		return
	}
	if errors.Is(err, ErrUnavailable) {
		p.reported = Report{} // it may run out meanwhile, so it is made again as soon as the source answers
		return
	}
	next := p.reportOf(err)
	same := next
	same.At = p.reported.At
	if equalReports(same, p.reported) && p.opts.Now().Sub(p.reported.At) < reportEvery/5 {
		return
	}
	limited, cancel := context.WithTimeout(ctx, p.opts.Timeout)
	defer cancel()
	if err := r.Report(limited, next); err != nil {
		if ctx.Err() == nil {
			p.count(func(s *Stats) { s.ReportFailures++ })
			p.opts.Log.Warn("could not report what runs here", "error", err)
		}
		return
	}
	p.reported = next
}

func (p *Provider) reportOf(err error) Report {
	snap := p.Snapshot()
	r := Report{
		V: 1, Instance: p.opts.Identity.Instance, Service: p.opts.Identity.Service, Labels: p.opts.Identity.Labels,
		Seq: snap.Seq(), Revision: snap.Revision(), Content: snap.Content(), Doc: snap.Digest(), Origin: string(snap.Origin()), Gray: snap.Gray(),
		At: p.opts.Now().UTC().Truncate(time.Millisecond),
	}
	for why, class := range map[string]error{"rejected": ErrRejected, "refused": ErrRefused, "retired": ErrRetired, "backwards": ErrBackwards} {
		if errors.Is(err, class) {
			r.Why = why
		}
	}
	if r.Why != "" {
		p.swap.Lock()
		r.Refused = p.seen.Seq
		p.swap.Unlock()
	}
	return r
}

func equalReports(a, b Report) bool {
	return a.Seq == b.Seq && a.Doc == b.Doc && a.Origin == b.Origin && a.Gray == b.Gray && a.Why == b.Why && a.Refused == b.Refused
}
