package gitlab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	gogitlab "github.com/xanzy/go-gitlab"

	"github.com/sluice-gitops/sluice/schema"
)

// request is one question, or one change.
type request struct {
	doing  string // for people, in errors
	method string // GET if empty
	path   string // below /api/v4/, escaped
	query  query  // of a GET
	body   any    // of a change, sent as JSON
	again  bool   // a change that may be sent twice; a GET always may
}

// reads says whether the request changes nothing.
func (r request) reads() bool { return r.method == "" || r.method == http.MethodGet }

// query holds the parameters that we send. Versions of GitLab ignore those that they do not know, so none of them is
// relied on to filter.
type query struct {
	State    string `url:"state,omitempty"`
	Scope    string `url:"scope,omitempty"`
	Source   string `url:"source_branch,omitempty"`
	Target   string `url:"target_branch,omitempty"`
	OrderBy  string `url:"order_by,omitempty"`
	Sort     string `url:"sort,omitempty"`
	Activity string `url:"activity_filter,omitempty"`
	Updated  string `url:"updated_after,omitempty"`
	Name     string `url:"name,omitempty"`
	Page     int    `url:"page,omitempty"`
	PerPage  int    `url:"per_page,omitempty"`
}

// answer is what came back, whole.
type answer struct {
	exchange
	request string // method and path, no host
}

// raw is the answer as evidence.
func (a answer) raw() schema.Raw {
	return schema.Raw{Request: a.request, Body: a.body, Digest: schema.DigestOf(a.body)}
}

// date is GitLab's clock, zero if it did not say.
func (a answer) date() time.Time {
	t, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// ask sends a request until it is answered. Only a GET, or a change that allows it, is sent again, and only where that may
// help: after a lost connection and after 429, 502, 503 and 504. An answer without error is JSON of a success, or the
// empty 204 of a change.
func (c *Client) ask(ctx context.Context, r request) (answer, error) {
	if err := c.rested(ctx, r); err != nil {
		return answer{}, err
	}
	for try := 1; ; try++ {
		a, err := c.once(ctx, r)
		if err == nil {
			return a, nil
		}
		wait, ok := c.again(ctx, r, a, err, try)
		if !ok {
			return answer{}, err
		}
		c.cfg.Log.Debug("asked GitLab in vain", "request", a.request, "status", a.status, "try", try, "wait", wait)
		if err := c.cfg.Pause(ctx, wait); err != nil {
			return answer{}, &Error{Doing: r.doing, Request: a.request, TokenFile: c.cfg.TokenFile, Kind: ErrUnavailable, Err: err}
		}
	}
}

// once sends a request once, within the time limit. The limit is not the http.Client's own: the library drops an answer
// that comes when ctx has ended, and that would leave the client's timer running.
func (c *Client) once(ctx context.Context, r request) (answer, error) {
	limited, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	if r.method == "" {
		r.method = http.MethodGet
	}
	var a answer
	opt := []gogitlab.RequestOptionFunc{gogitlab.WithContext(withExchange(limited, &a.exchange))}
	parameters := r.body
	if r.reads() {
		parameters = r.query
	}
	req, err := c.api.NewRequest(r.method, r.path, parameters, opt)
	if err != nil {
		return a, &Error{Doing: r.doing, Kind: ErrIncomplete, Err: err}
	}
	base := c.api.BaseURL().EscapedPath()
	a.request = r.method + " /" + strings.TrimPrefix(req.URL.RequestURI(), base)
	// The library's error for a refusal says less than the exchange: only the lack of an answer is of interest.
	if resp, err := c.api.Do(req, nil); resp == nil {
		a.exchange = exchange{token: a.token}
		return a, c.unanswered(ctx, r, a, err)
	}
	if a.status < 200 || a.status > 299 {
		return a, c.refusal(r, a)
	}
	return a, c.checkJSON(r, a)
}

// unanswered makes an error from a request that got no answer. It leaves out what repeats the URL.
func (c *Client) unanswered(ctx context.Context, r request, a answer, err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	e := &Error{Doing: r.doing, Request: a.request, TokenFile: c.cfg.TokenFile, Kind: ErrUnavailable, Err: err}
	again := "it is asked again"
	if !r.reads() {
		again = "it may have been done all the same; that is looked at before it is done again"
	}
	var token *tokenError
	switch {
	case ctx.Err() != nil:
		e.Err = context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		c.cfg.Budget.hangs(c.cfg.Now())
		e.Err, e.Hint = fmt.Errorf("%w within %s", errHangs, c.cfg.Timeout), again
	case errors.As(err, &token):
		e.Kind, e.Request = ErrUnauthorized, ""
		e.Hint = "write a valid token to " + c.cfg.TokenFile
	case errors.Is(err, errRedirected):
		e.Kind, e.Hint = ErrIncomplete, "set url to the address that GitLab itself answers at"
	case errors.Is(err, errTooLarge):
		e.Kind = ErrIncomplete
	default:
		e.Hint = "check that " + c.home.Host + " can be reached; " + again
	}
	return e
}

// checkJSON refuses a success that is not the API's: a login page, a proxy's greeting, half an answer.
func (c *Client) checkJSON(r request, a answer) error {
	if !r.reads() && a.status == http.StatusNoContent && len(a.body) == 0 {
		return nil
	}
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	switch {
	case err != nil || kind != "application/json":
		e := c.incomplete(r.doing, a, ErrIncomplete, "the answer is %s, not JSON", printable(strconv.Quote(kind)))
		e.Hint = "a login page or a proxy answers instead of the API: check url, and that /api/v4 is let through"
		return e
	case !json.Valid(a.body):
		return c.incomplete(r.doing, a, ErrIncomplete, "the JSON is broken or cut short after %d bytes", len(a.body))
	case a.token.in(a.body):
		return c.incomplete(r.doing, a, ErrIncomplete, "the answer repeats the token and is not kept")
	}
	return nil
}

// errHangs: the time limit passed without a whole answer. It is not tried again within the same question: that would take as
// long again.
var errHangs = errors.New("nothing whole")

// again says whether to send a request once more, and after how long.
func (c *Client) again(ctx context.Context, r request, a answer, err error, try int) (time.Duration, bool) {
	if ctx.Err() != nil || !errors.Is(err, ErrUnavailable) || errors.Is(err, errHangs) {
		return 0, false
	}
	asked := c.retryAfter(a.header)
	if asked > 0 && (a.status == 429 || a.status == 503) {
		c.cfg.Budget.rest(c.cfg.Now(), asked)
	}
	if !r.reads() && !r.again {
		c.leaveAlone(err, asked)
		return 0, false
	}
	if try >= c.cfg.Tries {
		return 0, false
	}
	switch a.status {
	case 0, 429, 502, 503, 504:
	default:
		return 0, false
	}
	wait := backoff(try)
	if asked > 0 {
		wait = asked
	}
	if wait <= c.cfg.MaxPause {
		return wait, true
	}
	c.leaveAlone(err, wait)
	return 0, false
}

// leaveAlone tells whoever asked how long GitLab wants no more of it.
func (c *Client) leaveAlone(err error, wait time.Duration) {
	if e := (*Error)(nil); wait > 0 && errors.As(err, &e) {
		e.RetryAfter = wait
		e.Hint = fmt.Sprintf("GitLab asks to be left alone for %s", wait.Round(time.Second))
	}
}

// retryAfter is how long GitLab asks to wait: Retry-After in seconds or as a date, else RateLimit-Reset once nothing
// remains.
func (c *Client) retryAfter(h http.Header) time.Duration {
	if v := h.Get("Retry-After"); v != "" {
		if n, err := strconv.ParseUint(v, 10, 31); err == nil {
			return time.Duration(n) * time.Second
		}
		if t, err := http.ParseTime(v); err == nil {
			return t.Sub(c.cfg.Now())
		}
	}
	if n, err := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64); err == nil && h.Get("RateLimit-Remaining") == "0" {
		return time.Unix(n, 0).Sub(c.cfg.Now())
	}
	return 0
}

// backoff doubles from 200 ms, and half of it is chance, so that many clients do not come back together.
func backoff(try int) time.Duration {
	d := 200 * time.Millisecond << min(try-1, 6)
	return d/2 + rand.N(d/2)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// decode reads an answer. What does not fit is an incomplete answer.
func (c *Client) decode(doing string, a answer, into any) error {
	if err := json.Unmarshal(a.body, into); err != nil {
		e := c.incomplete(doing, a, ErrIncomplete, "the answer is not what the API documents")
		e.Err = err
		return e
	}
	return nil
}
