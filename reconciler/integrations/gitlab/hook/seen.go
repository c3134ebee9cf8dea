package hook

import (
	"crypto/sha256"
	"time"
)

const (
	keep    = 24 * time.Hour // as long as GitLab may send an event again
	maxSeen = 1 << 16        // some megabytes; more than one event a second for a day
)

// seen remembers events. It is bounded: beyond that the oldest is forgotten early, and may then cause one look too many. Only
// events that are GitLab's get in, so that nobody else can push them out.
type seen struct {
	at    map[[sha256.Size]byte]time.Time
	order [][sha256.Size]byte // oldest first, from next on
	next  int
	most  int
}

func newSeen(most int) *seen { return &seen{at: map[[sha256.Size]byte]time.Time{}, most: most} }

// again says whether an event was here within the time that is kept, and remembers it.
func (s *seen) again(id [sha256.Size]byte, now time.Time) bool {
	for len(s.at) > 0 && now.Sub(s.at[s.order[s.next]]) > keep {
		s.forget()
	}
	if _, known := s.at[id]; known {
		return true
	}
	if len(s.at) >= s.most {
		s.forget()
	}
	s.at[id] = now
	s.order = append(s.order, id)
	return false
}

// forget drops the oldest.
func (s *seen) forget() {
	delete(s.at, s.order[s.next])
	s.next++
	if s.next >= s.most {
		s.order, s.next = append([][sha256.Size]byte(nil), s.order[s.next:]...), 0
	}
}
