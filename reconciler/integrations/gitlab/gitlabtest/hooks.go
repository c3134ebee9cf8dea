package gitlabtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// hook is a project's webhook.
type hook struct {
	id           int
	url          string
	token        string
	signingToken string // "whsec_" and base64 of the key
	uuid         string
	createdAt    time.Time
	events       map[string]bool
	failures     int       // in a row
	disabled     time.Time // until when; meaningless from maxFailures on
}

// Delivery is one webhook request as it was sent, so that tests can send it
// again: twice, late or in another order.
type Delivery struct {
	URL    string
	Header http.Header
	Body   []byte
	Status int // of the answer; 0 when there was none
	hook   *hook
}

// courier sends webhooks one after the other, in the order they were caused.
type courier struct {
	queue  chan Delivery // closed by stop
	done   chan struct{} // closed when the last one is sent
	client *http.Client
	report func(h *hook, ok bool) // called without a lock

	mu   sync.Mutex // guards sent
	sent []Delivery
}

const maxQueue = 1024 // webhooks waiting; more are dropped

// startCourier starts the goroutine that sends; stop ends it.
func startCourier(report func(*hook, bool)) *courier {
	c := &courier{queue: make(chan Delivery, maxQueue), done: make(chan struct{}), report: report,
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: dialLoopback}}}
	go func() {
		defer close(c.done)
		for d := range c.queue {
			c.send(d)
		}
		c.client.CloseIdleConnections()
	}()
	return c
}

// stop sends what is queued and waits.
func (c *courier) stop() {
	close(c.queue)
	<-c.done
}

// dialLoopback reaches this machine only: a stand-in must not write to the world.
func dialLoopback(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("webhook to %s: only loopback addresses are served", addr)
	}
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}

func (c *courier) send(d Delivery) {
	req, err := http.NewRequest(http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err == nil {
		req.Header = d.Header.Clone()
		var resp *http.Response
		if resp, err = c.client.Do(req); err == nil {
			d.Status = resp.StatusCode
			resp.Body.Close()
		}
	}
	if d.hook != nil {
		c.report(d.hook, d.Status >= 200 && d.Status < 300)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, d)
}

// Deliveries are the webhooks sent so far, oldest first.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	c := s.courier
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sent)
}

// deliver tells the project's webhooks about a merge request. Callers hold mu.
func (s *Server) deliver(p *project, user *User, mr *mergeRequest, action string, extra object) {
	if len(p.hooks) == 0 {
		return
	}
	s.post(p, "merge_requests_events", "Merge Request Hook", s.mergeRequestEvent(p, user, mr, action, extra))
}

// deliverPush tells the project's webhooks that a branch moved. Callers hold mu.
func (s *Server) deliverPush(p *project, user *User, branch, before, after string) {
	if len(p.hooks) == 0 || before == after {
		return
	}
	s.post(p, "push_events", "Push Hook", s.pushEvent(p, user, branch, before, after))
}

func (s *Server) post(p *project, event, title string, payload object) {
	body, err := json.Marshal(payload)
	if err != nil || s.web == nil {
		return
	}
	eventID := randomUUID()
	for _, h := range p.hooks {
		if h.events[event] && h.alert(s.now()) == "executable" {
			s.dispatch(Delivery{URL: h.url, Header: s.hookHeader(h, title, eventID, body), Body: body, hook: h})
		}
	}
}

func (s *Server) hookHeader(h *hook, title, eventID string, body []byte) http.Header {
	id := randomUUID()
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "GitLab/"+s.version())
	header.Set("X-Gitlab-Event", title)
	header.Set("X-Gitlab-Instance", s.url)
	header.Set("X-Gitlab-Webhook-UUID", h.uuid)
	header.Set("X-Gitlab-Event-UUID", eventID)
	header.Set("Idempotency-Key", id)
	if h.token != "" {
		header.Set("X-Gitlab-Token", h.token)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(h.signingToken, "whsec_"))
	if h.signingToken == "" || err != nil {
		return header
	}
	at := strconv.FormatInt(s.now().Unix(), 10)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	header.Set("webhook-id", id)
	header.Set("webhook-timestamp", at)
	header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return header
}

func randomUUID() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// hookURL says whether a webhook's address is one.
func hookURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
