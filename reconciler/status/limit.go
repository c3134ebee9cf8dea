package status

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limit lets each viewer ask so often and no more: the page is made for people, and one program that asks without end keeps
// nobody else waiting. A viewer is who a proxy says it is, else a certificate,
// else an address.
type Limit struct {
	access Access
	now    func() time.Time

	mu      sync.Mutex // guards what follows
	viewers map[string]bucket
	streams map[string]int // that a viewer holds open
}

// bucket is how many requests a viewer may still make, as of a time.
type bucket struct {
	left float64
	at   time.Time
}

// A viewer may ask 200 times at once and 50 times a second after that: a page is four requests, people open many of them, and an
// office may have one address.
const (
	atOnce    = 200
	perSecond = 50
)

// mostOwnStreams is how many streams a viewer may hold open: many tabs of an office that has one address, and a tenth of all.
const mostOwnStreams = mostStreams / 10

// mostViewers bounds what is kept of them; those who have not asked for long are forgotten first.
const mostViewers = 10_000

// NewLimit makes one for viewers as access tells them apart.
func NewLimit(access Access, now func() time.Time) *Limit {
	if now == nil {
		now = time.Now
	}
	return &Limit{access: access, now: now, viewers: map[string]bucket{}, streams: map[string]int{}}
}

// Guard passes on what is within the limit.
func (l *Limit) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		viewer := l.access.viewer(r)
		if wait := l.take(viewer); wait > 0 {
			tooMany(w, r, "too many requests", wait)
			return
		}
		if isStream(r) {
			if !l.enter(viewer) {
				tooMany(w, r, "too many streams are open", 30*time.Second)
				return
			}
			defer l.leave(viewer)
		}
		next.ServeHTTP(w, r)
	})
}

func tooMany(w http.ResponseWriter, r *http.Request, title string, wait time.Duration) {
	h := w.Header()
	h.Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", policy)
	writeProblem(w, r, problem{Title: title, Status: http.StatusTooManyRequests})
}

// isStream reports whether a request stays open, of whatever project.
func isStream(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/api/v1/events") }

// enter counts a stream that begins; false where the viewer has his share of them.
func (l *Limit) enter(viewer string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.streams[viewer] >= mostOwnStreams {
		return false
	}
	l.streams[viewer]++
	return true
}

func (l *Limit) leave(viewer string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.streams[viewer]--; l.streams[viewer] == 0 {
		delete(l.streams, viewer)
	}
}

// take counts a request and returns how long to wait before the next one; 0 if it may go on.
func (l *Limit) take(viewer string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	have, known := l.viewers[viewer]
	if !known {
		l.forget(now)
		have = bucket{left: atOnce, at: now}
	}
	have.left, have.at = have.leftAt(now), now
	if have.left < 1 {
		l.viewers[viewer] = have
		return time.Duration((1 - have.left) / perSecond * float64(time.Second))
	}
	have.left--
	l.viewers[viewer] = have
	return 0
}

// forget makes room for a viewer: those who may ask as often as ever are like new ones. Where too many are busy, the half that asked
// least begins anew, which gives them least; whoever has used up his share stays without.
func (l *Limit) forget(now time.Time) {
	if len(l.viewers) < mostViewers {
		return
	}
	maps.DeleteFunc(l.viewers, func(_ string, b bucket) bool { return b.leftAt(now) >= atOnce })
	if len(l.viewers) < mostViewers {
		return
	}
	least := slices.SortedFunc(maps.Keys(l.viewers), func(a, b string) int { return cmp.Compare(l.viewers[b].leftAt(now), l.viewers[a].leftAt(now)) })
	for _, viewer := range least[:mostViewers/2] {
		delete(l.viewers, viewer)
	}
}

// leftAt is how many requests are left at a later time.
func (b bucket) leftAt(now time.Time) float64 {
	return min(atOnce, b.left+max(0, now.Sub(b.at).Seconds())*perSecond)
}
