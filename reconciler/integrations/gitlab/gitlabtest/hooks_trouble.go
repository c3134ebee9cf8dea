package gitlabtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// GitLab stops calling a webhook for a while after so many failures in a row,
// and for good after so many more.
const (
	failuresPause = 4
	maxFailures   = 40
)

// alert is the hook's alert_status.
func (h *hook) alert(now time.Time) string {
	switch {
	case h.failures >= maxFailures:
		return "disabled"
	case h.failures >= failuresPause && now.Before(h.disabled):
		return "temporarily_disabled"
	}
	return "executable"
}

// hookAnswered counts the failures of a webhook. The pause begins with a minute
// and doubles up to a day; one success ends it.
func (s *Server) hookAnswered(h *hook, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok {
		h.failures, h.disabled = 0, time.Time{}
		return
	}
	h.failures++
	if h.failures >= failuresPause {
		pause := min(time.Minute<<min(h.failures-failuresPause, 12), 24*time.Hour)
		h.disabled = s.now().Add(pause)
	}
}

// FailWebhooks counts so many failures of every webhook of a project, as if its
// receiver had not answered: 4 disable it for a while, 40 for good, 0 heals it.
func (s *Server) FailWebhooks(project string, failures int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(project)
	if p == nil {
		return notFound("Project")
	}
	for _, h := range p.hooks {
		h.failures, h.disabled = failures, s.now().Add(time.Minute)
	}
	return nil
}

// mail is the trouble on the way from GitLab to a receiver.
type mail struct {
	lose, repeat int
	holding      bool
	held         []Delivery
}

// LoseWebhooks drops the next n webhooks: nobody gets them and nothing tells.
func (s *Server) LoseWebhooks(n int) { s.setMail(func(m *mail) { m.lose = n }) }

// RepeatWebhooks sends each of the next n webhooks twice, with the same
// Idempotency-Key and webhook-id.
func (s *Server) RepeatWebhooks(n int) { s.setMail(func(m *mail) { m.repeat = n }) }

// HoldWebhooks keeps webhooks back until ReleaseWebhooks.
func (s *Server) HoldWebhooks() { s.setMail(func(m *mail) { m.holding = true }) }

// ReleaseWebhooks sends what was kept back: in order, or the last one first.
func (s *Server) ReleaseWebhooks(backwards bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.mail.held
	s.mail.holding, s.mail.held = false, nil
	if backwards {
		slices.Reverse(held)
	}
	for _, d := range held {
		s.enqueue(d)
	}
}

// SendWebhook sends a delivery once more as it was, as whoever recorded it could.
func (s *Server) SendWebhook(d Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.hook, d.Status = nil, 0
	s.enqueue(d)
}

func (s *Server) setMail(change func(*mail)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.mail)
}

// dispatch puts a webhook on its way, through the trouble. Callers hold mu.
func (s *Server) dispatch(d Delivery) {
	if s.mail.lose > 0 {
		s.mail.lose--
		return
	}
	copies := 1
	if s.mail.repeat > 0 {
		s.mail.repeat--
		copies = 2
	}
	for range copies {
		if s.mail.holding {
			s.mail.held = append(s.mail.held, d)
			continue
		}
		s.enqueue(d)
	}
}

func (s *Server) enqueue(d Delivery) {
	if s.web == nil {
		return
	}
	select {
	case s.courier.queue <- d:
	default:
		s.log.Error("webhook dropped", "url", d.URL)
	}
}

// testHook sends an example at once; a success ends a pause.
func (c *call) testHook() (reply, error) {
	h, err := c.hook()
	if err != nil {
		return reply{}, err
	}
	if c.r.PathValue("trigger") != "push_events" {
		return reply{http.StatusBadRequest, object{"error": "trigger does not have a valid value"}}, nil
	}
	tip := c.p.repo.tip(c.p.DefaultBranch)
	body, err := json.Marshal(c.s.pushEvent(c.p, c.user, c.p.DefaultBranch, nullSHA, tip))
	if err != nil || strings.Trim(tip, "0") == "" {
		return reply{}, refuse(http.StatusUnprocessableEntity, "Ensure the project has at least one commit.")
	}
	c.s.dispatch(Delivery{URL: h.url, Header: c.s.hookHeader(h, "Push Hook", randomUUID(), body), Body: body, hook: h})
	return created(object{"message": "201 Created"})
}
