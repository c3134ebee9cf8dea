package provider

import (
	"sync/atomic"
	"time"
)

// Origin says where a snapshot came from.
type Origin string

// The origins of a snapshot.
const (
	Live     Origin = "live"     // from the source
	Cached   Origin = "cache"    // the last one that was live, from this machine
	Fallback Origin = "fallback" // compiled in
)

// Snapshot is the whole configuration at one moment. It never changes: what holds one sees one release, however many
// keys it reads, and whatever happens meanwhile. The zero value is not usable.
type Snapshot struct {
	*Document
	head      Head
	gray      bool
	origin    Origin
	confirmed *atomic.Int64 // when the source last said that this is it, Unix nanoseconds; shared by what Bind makes of it
	bound     map[any]any   // what each binding made of it
	now       func() time.Time
}

// Seq is the ledger sequence of the admission: the entry that `sluice audit show` explains. The fallback has none.
func (s *Snapshot) Seq() int64 { return s.head.Seq }

// Revision names the promoted files, the same in every stage that they came through.
func (s *Snapshot) Revision() string {
	if s.gray {
		return s.head.Canary.Revision
	}
	return s.head.Revision
}

// Content names all files of the app in this stage.
func (s *Snapshot) Content() string {
	if s.gray {
		return s.head.Canary.Content
	}
	return s.head.Content
}

// Commit is the Git commit that brought it.
func (s *Snapshot) Commit() string {
	if s.gray {
		return s.head.Canary.Commit
	}
	return s.head.Commit
}

// Gray reports whether this instance was chosen to run a revision before the others do.
func (s *Snapshot) Gray() bool { return s.gray }

// Origin says where it came from.
func (s *Snapshot) Origin() Origin { return s.origin }

// Confirmed is when the source last said that this is what it holds; zero for the fallback. It is the one thing about a
// snapshot that moves.
func (s *Snapshot) Confirmed() time.Time {
	if n := s.confirmed.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// Age is how long ago the source last confirmed it; 0 for the fallback, which nobody ever does.
func (s *Snapshot) Age() time.Duration {
	if at := s.Confirmed(); !at.IsZero() {
		return max(0, s.now().Sub(at))
	}
	return 0
}
