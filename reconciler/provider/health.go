package provider

import (
	"fmt"
	"time"
)

// Stats are counters since Open, for the program's own metrics.
type Stats struct {
	Seq       int64 // of the snapshot that runs; 0 for the fallback
	Revision  string
	Origin    Origin
	Gray      bool
	Age       time.Duration // since the source last confirmed it
	Confirmed time.Time     // when it did; zero if never in this process
	Changed   time.Time     // when the snapshot was last replaced

	Looks          uint64 // at the source
	Changes        uint64 // that were taken
	Failed         uint64 // looks that found out nothing
	Refused        uint64 // looks that found what the reconciler did not sign, or an old copy
	Rejected       uint64 // looks that found what this program does not take
	WatchesLost    uint64
	CacheFailures  uint64
	ReportFailures uint64
	Hung           uint64 // functions of OnChange or AfterChange that did not return in Options.Callback
}

// Stats returns the counters.
func (p *Provider) Stats() Stats {
	p.mu.Lock()
	s := p.stats
	p.mu.Unlock()
	snap := p.Snapshot()
	s.Seq, s.Revision, s.Origin, s.Gray, s.Age = snap.Seq(), snap.Revision(), snap.Origin(), snap.Gray(), snap.Age()
	return s
}

// Healthy says why what runs is not, or may not be, what the source holds: nil if the last look found it there, not long
// ago. It is for a page or an alert. A program that would be restarted because of it would lose what it has: do not make
// it a liveness probe.
func (p *Provider) Healthy() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return ErrClosed
	case p.health != nil:
		return p.health
	}
	if h := p.hung.Load(); h != nil && !h.returned() {
		return h.error()
	}
	if age := p.opts.Now().Sub(p.stats.Confirmed); age > 3*p.opts.Refresh {
		return fmt.Errorf("%w: for %s", ErrStale, age.Round(time.Second))
	}
	return nil
}

func (p *Provider) count(f func(*Stats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.stats)
}
