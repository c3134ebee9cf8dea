package gitlabtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault is a disturbance of the API. Git and the pages are never disturbed.
type Fault struct {
	Method string // "" is any
	Path   string // substring of the escaped path below /api/v4; "" is any
	Times  int    // requests it lasts for; 0 is until Heal
	// Delay holds the request before anything else happens.
	Delay time.Duration
	// Status, if not 0, is the answer. 429 comes with a text body, the others
	// with a page, unless Body says otherwise.
	Status     int
	Body       string        // JSON when it begins with { or [
	RetryAfter time.Duration // in seconds in the header, on 429 and 503
	// Cut drops the connection without an answer.
	Cut bool
	// After lets the request do its work first: the answer is what is lost.
	After bool
}

// Request is one API request the server saw.
type Request struct {
	Method, Path string // the path as it was sent, escaped, with the query
	User         string // username, "" when the token is unknown
	Status       int    // 0 when the connection was cut
}

type faults struct {
	mu       sync.Mutex // guards everything below
	list     []Fault
	down     bool
	reset    time.Duration
	requests []Request
}

const maxRequests = 20_000 // requests remembered

func newFaults() *faults { return &faults{} }

// Fail adds a fault. Of several that match, the oldest acts.
func (s *Server) Fail(f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, f)
}

// Heal removes all faults, and the delay of approval resets.
func (s *Server) Heal() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list, s.faults.down, s.faults.reset = nil, false, 0
}

// Down makes the whole API answer 502 while Git goes on.
func (s *Server) Down(down bool) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.down = down
}

// TooManyRequests answers the next n requests with 429.
func (s *Server) TooManyRequests(n int, retryAfter time.Duration) {
	s.Fail(Fault{Times: n, Status: http.StatusTooManyRequests, RetryAfter: retryAfter})
}

// ServerErrors answers the next n requests with a 5xx.
func (s *Server) ServerErrors(n, status int) { s.Fail(Fault{Times: n, Status: status}) }

// CutConnections drops the next n requests without an answer.
func (s *Server) CutConnections(n int) { s.Fail(Fault{Times: n, Cut: true}) }

// Slow holds every request for a while; 0 ends nothing, see Heal.
func (s *Server) Slow(delay time.Duration) { s.Fail(Fault{Delay: delay}) }

// DelayApprovalResets lets pushes reset approvals only so much later by the
// server's clock; until then the old approvals are served.
func (s *Server) DelayApprovalResets(delay time.Duration) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.reset = delay
}

// Requests are the API requests so far, oldest first, faults included.
func (s *Server) Requests() []Request {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return slices.Clone(s.faults.requests)
}

func (f *faults) resetDelay() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reset
}

func (f *faults) remember(r Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.requests) == maxRequests {
		f.requests = slices.Delete(f.requests, 0, maxRequests/2)
	}
	f.requests = append(f.requests, r)
}

// take finds the fault for a request and counts it down.
func (f *faults) take(r *http.Request) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return Fault{Status: http.StatusBadGateway}, true
	}
	for i := range f.list {
		fault := f.list[i]
		if fault.Method != "" && fault.Method != r.Method || !strings.Contains(r.URL.EscapedPath(), fault.Path) {
			continue
		}
		if fault.Times == 1 {
			f.list = slices.Delete(f.list, i, i+1)
		} else if fault.Times > 1 {
			f.list[i].Times--
		}
		return fault, true
	}
	return Fault{}, false
}

// serve answers a request through the faults.
func (f *faults) serve(w http.ResponseWriter, r *http.Request, next http.Handler, now func() time.Time) {
	seen := Request{Method: r.Method, Path: r.URL.RequestURI()}
	answer := &heldAnswer{header: http.Header{}, status: http.StatusOK}
	defer func() { f.remember(seen) }()
	fault, hit := f.take(r)
	if hit && !pause(r, fault.Delay) {
		return
	}
	if !hit || fault.After || fault.Status == 0 && !fault.Cut {
		next.ServeHTTP(answer, r)
		seen.User = answer.header.Get(userHeader)
		answer.header.Del(userHeader)
	}
	if fault.Cut {
		panic(http.ErrAbortHandler)
	}
	if fault.Status != 0 {
		answer = fault.answer(now())
	}
	seen.Status = answer.status
	answer.send(w)
}

// answer is what GitLab, or the proxy before it, says in trouble: never JSON.
func (f Fault) answer(now time.Time) *heldAnswer {
	a := &heldAnswer{header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, status: f.Status}
	if f.RetryAfter > 0 {
		a.header.Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	if f.Body != "" {
		if strings.HasPrefix(f.Body, "{") || strings.HasPrefix(f.Body, "[") {
			a.header.Set("Content-Type", "application/json")
		}
		a.body.WriteString(f.Body)
		return a
	}
	if f.Status == http.StatusTooManyRequests {
		a.header.Set("RateLimit-Name", "throttle_authenticated_api")
		a.header.Set("RateLimit-Limit", "60")
		a.header.Set("RateLimit-Observed", "61")
		a.header.Set("RateLimit-Remaining", "0")
		a.header.Set("RateLimit-Reset", strconv.FormatInt(now.Add(f.RetryAfter).Unix(), 10))
		a.body.WriteString("Retry later\n")
		return a
	}
	a.header.Set("Content-Type", "text/html")
	a.body.WriteString("<html><body><h1>" + strconv.Itoa(f.Status) + " " + http.StatusText(f.Status) + "</h1>GitLab is not responding</body></html>\n")
	return a
}

// pause waits; false when the client left first.
func pause(r *http.Request, delay time.Duration) bool {
	if delay <= 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
