package apollo

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

const (
	maxPolled        = 500 // namespaces in one request
	maxNotifications = 1 << 16

	// again is when a change is told a second time to who asks until then: who was told of it by one of several servers may have
	// read the keys at another that did not have it yet, and most clients do not say what they were told.
	again = 10 * time.Second
	// behind is how long a server that has seen less than its client was told waits for it. Clients wait for five seconds.
	behind = 3 * time.Second
)

// notification is what a client has seen of a namespace, and what there is.
type notification struct {
	NamespaceName  string    `json:"namespaceName"`
	NotificationID int64     `json:"notificationId"`
	Messages       *messages `json:"messages,omitempty"`
}

type messages struct {
	Details map[string]int64 `json:"details"`
}

// poll answers as soon as a namespace is newer than what the client has seen.
func (s *Server) poll(w http.ResponseWriter, r *http.Request, q question) {
	var seen []notification
	text := r.URL.Query().Get("notifications")
	if len(text) > maxNotifications || json.Unmarshal([]byte(text), &seen) != nil || len(seen) == 0 || len(seen) > maxPolled {
		refuse(w, http.StatusBadRequest, "notifications: want a list of namespaceName and notificationId")
		return
	}
	if !s.hold(q.app) {
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, "too many clients wait for this app")
		return
	}
	defer s.release(q.app)
	asked := asked{seen, q, s.opts.Now()}
	over := time.NewTimer(s.opts.Wait)
	defer over.Stop()
	for {
		l, closed := s.now(q.app)
		news, next := asked.news(l, s.opts.Now())
		if len(news) > 0 {
			reply(w, http.StatusOK, news)
			return
		}
		if closed {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		select {
		case <-l.changed:
		case <-next:
		case <-over.C:
			w.WriteHeader(http.StatusNotModified)
			return
		case <-r.Context().Done():
			return
		}
	}
}

// asked is a request for notifications.
type asked struct {
	seen  []notification
	q     question
	began time.Time
}

// news lists the namespaces that changed after what the client has seen, or just then, under the names that it gave them. Where
// there are none now, next says when there will be without a change.
func (a asked) news(l *live, now time.Time) (news []notification, next <-chan time.Time) {
	var first time.Time
	for _, one := range a.seen {
		space, ok := l.spaces[nameOf(one.NamespaceName)]
		due := space.came.Add(again)
		switch {
		case !ok, space.since < one.NotificationID:
			continue
		case space.since > one.NotificationID:
		case !a.began.Before(due):
			continue
		case now.Before(due):
			if first.IsZero() || due.Before(first) {
				first = due
			}
			continue
		}
		one.NotificationID = space.since
		one.Messages = &messages{map[string]int64{a.q.id + "+" + a.q.cluster + "+" + one.NamespaceName: space.since}}
		news = append(news, one)
	}
	if !first.IsZero() {
		next = time.After(first.Sub(now))
	}
	return news, next
}

// caughtUp waits until the app is as new as what the client was told, which another server may have done. What clients that ask
// for keys send along is what [asked.news] told them last.
func (s *Server) caughtUp(r *http.Request, q question) bool {
	var told messages
	if text := r.URL.Query().Get("messages"); len(text) > maxNotifications || json.Unmarshal([]byte(text), &told) != nil {
		return true
	}
	var seq int64
	for key, id := range told.Details {
		if name, ok := strings.CutPrefix(key, q.id+"+"+q.cluster+"+"); ok && nameOf(name) == nameOf(q.namespace) {
			seq = max(seq, id)
		}
	}
	l, _ := s.now(q.app)
	if l.seq >= seq {
		return true
	}
	if !s.hold(q.app) {
		return false
	}
	defer s.release(q.app)
	over := time.NewTimer(behind)
	defer over.Stop()
	for {
		l, closed := s.now(q.app)
		if l.seq >= seq || closed {
			return l.seq >= seq
		}
		select {
		case <-l.changed:
		case <-over.C:
			return false
		case <-r.Context().Done():
			return false
		}
	}
}

// hold counts a request that waits, if there may be one more.
func (s *Server) hold(app string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[app] >= s.opts.Waiters {
		return false
	}
	s.held[app]++
	return true
}

func (s *Server) release(app string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[app]--
}
