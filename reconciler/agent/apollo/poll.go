package apollo

import (
	"encoding/json"
	"net/http"
	"time"
)

const (
	maxPolled        = 500 // namespaces in one request
	maxNotifications = 1 << 16
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
	over := time.NewTimer(s.opts.Wait)
	defer over.Stop()
	for {
		l, closed := s.now(q.app)
		if news := newer(seen, l, q); len(news) > 0 {
			reply(w, http.StatusOK, news)
			return
		}
		if closed {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		select {
		case <-l.changed:
		case <-over.C:
			w.WriteHeader(http.StatusNotModified)
			return
		case <-r.Context().Done():
			return
		}
	}
}

// newer lists the namespaces that changed after what a client has seen, under the names that it gave them.
func newer(seen []notification, l *live, q question) []notification {
	var news []notification
	for _, one := range seen {
		space, ok := l.spaces[nameOf(one.NamespaceName)]
		if !ok || space.since <= one.NotificationID {
			continue
		}
		one.NotificationID = space.since
		one.Messages = &messages{map[string]int64{q.id + "+" + q.cluster + "+" + one.NamespaceName: space.since}}
		news = append(news, one)
	}
	return news
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
