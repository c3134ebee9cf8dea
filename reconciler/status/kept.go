package status

import (
	"sync"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// rendered are pages as they were last made, so that a thousand viewers of one view cost one page.
type rendered struct {
	view  *schema.View
	stale string
	pages map[string]answer
}

// made returns a page that was made of this view.
func (s *site) made(v *schema.View, now time.Time, key string) (answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stale := staleBar(*v, now); s.last.view != v || s.last.stale != stale {
		s.last = rendered{view: v, stale: stale, pages: map[string]answer{}}
	}
	known, ok := s.last.pages[key]
	return known, ok
}

func (s *site) keep(v *schema.View, now time.Time, key string, made answer) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.view == v && s.last.stale == staleBar(*v, now) && len(s.last.pages) < keptPages && len(key) < 500 {
		s.last.pages[key] = made
	}
	return made
}

// kept is what the newest view adds up to, for all pages and for the list of projects above them.
type kept struct {
	mu   sync.Mutex // guards the rest
	view *schema.View
	sum  *tally
}

// of is what a view adds up to. Only the newest is kept: who asks for another was slow.
func (k *kept) of(v *schema.View) *tally {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.view != v {
		k.view, k.sum = v, tallyOf(v)
	}
	return k.sum
}
