package gitlab_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/schema"
)

// TestAChange goes the way of every request: the token in its header, JSON there and back.
func TestAChange(t *testing.T) {
	s := newStub(t)
	var got string
	s.on("/projects/42/merge_requests", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %s", r.Method, r.Header.Get("Content-Type"), body)
		text(201, `{"iid":9}`)(w, r)
	})
	c, _ := s.client(nil)
	var made struct {
		IID int64 `json:"iid"`
	}
	err := c.Send(context.Background(), "POST", "projects/42/merge_requests", map[string]string{"title": "Promote"}, &made, false)
	if err != nil || made.IID != 9 || got != `POST application/json {"title":"Promote"}` {
		t.Errorf("got %v, !%d and %q", err, made.IID, got)
	}
	if s.tokens[0] != canary {
		t.Errorf("got token %q, want ours", s.tokens[0])
	}
}

func TestAnswersToAChange(t *testing.T) {
	taken := `{"message":["Another open merge request already exists for this source branch: !7"]}`
	for _, tc := range []struct {
		name   string
		method string
		answer stubbed
		into   any
		want   error
		code   schema.Code
		says   string
	}{
		{"made", "POST", text(201, `{"iid":9}`), &struct{}{}, nil, "", ""},
		{"made, and nobody asks for more", "PUT", text(200, `{"iid":9}`), nil, nil, "", ""},
		{"taken away", "DELETE", text(204, ""), nil, nil, "", ""},
		{"taken away, where something was to be told", "DELETE", text(204, ""), &struct{}{}, gitlab.ErrIncomplete, "forge-incomplete", "is empty"},
		{"taken already", "POST", text(409, taken), nil, gitlab.ErrRefused, "forge-refused", "source branch: !7"},
		{"the same state again", "POST", text(400, `{"message":"Cannot transition status via :run from :running"}`), nil, gitlab.ErrRefused, "forge-refused", "from :running"},
		{"not mergeable now", "PUT", text(405, `{"message":"405 Method Not Allowed"}`), nil, gitlab.ErrRefused, "forge-refused", "GitLab answered 405"},
		{"conflicts", "PUT", text(406, `{"message":"Branch cannot be merged"}`), nil, gitlab.ErrRefused, "forge-refused", "cannot be merged"},
		{"not valid", "POST", text(422, `{"message":{"title":["is too long"]}}`), nil, gitlab.ErrRefused, "forge-refused", "title is too long"},
		{"not allowed", "POST", text(403, `{"error":"insufficient_scope"}`), nil, gitlab.ErrForbidden, "forge-forbidden", "insufficient_scope"},
		{"a token that ran out", "PUT", text(401, `{"message":"401 Unauthorized"}`), nil, gitlab.ErrUnauthorized, "forge-unauthorized", "401"},
		{"not there", "PUT", text(404, `{"message":"404 Not found"}`), nil, gitlab.ErrMissing, "forge-missing", "404"},
		{"an error of the server", "POST", text(500, `{}`), nil, gitlab.ErrUnavailable, "forge-unavailable", "500"},
		{"a login page with 200", "POST", html(200), nil, gitlab.ErrIncomplete, "forge-incomplete", "not JSON"},
		{"half an answer", "POST", text(201, `{"iid":`), nil, gitlab.ErrIncomplete, "forge-incomplete", "cut short"},
		{"another answer", "POST", text(201, `[]`), &struct{ A int }{}, gitlab.ErrIncomplete, "forge-incomplete", "documents"},
		{"the token repeated", "POST", text(201, `{"title":"`+canary+`"}`), nil, gitlab.ErrIncomplete, "forge-incomplete", "repeats the token"},
		{"no change at all", "GET", text(200, `{}`), nil, gitlab.ErrIncomplete, "forge-incomplete", "no change is made by GET"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStub(t)
			s.on("/x", tc.answer)
			c, _ := s.client(nil)
			err := c.Send(context.Background(), tc.method, "x", nil, tc.into, false)
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			var e *gitlab.Error
			if err != nil && (!errors.As(err, &e) || e.Code() != tc.code || !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("got %v, want code %s and %q", err, tc.code, tc.says)
			}
			if err != nil && strings.Contains(err.Error(), canary) {
				t.Errorf("the token shows: %v", err)
			}
		})
	}
}

// TestWhatOfAChangeIsSentAgain: only what may be said twice, and never a POST, whatever its caller says.
func TestWhatOfAChangeIsSentAgain(t *testing.T) {
	for _, tc := range []struct {
		name       string
		method     string
		repeatable bool
		sent       int
	}{
		{"a merge", "PUT", false, 1},
		{"the text of a note", "PUT", true, 3},
		{"what is taken away", "DELETE", true, 3},
		{"what is taken away once", "DELETE", false, 1},
		{"a new thing", "POST", false, 1},
		{"a new thing that is said to be repeatable", "POST", true, 1},
	} {
		s := newStub(t)
		s.on("/x", cut(""), html(503), text(200, `{}`))
		c, _ := s.client(nil)
		err := c.Send(context.Background(), tc.method, "x", nil, nil, tc.repeatable)
		if s.requests() != tc.sent || (err == nil) != (tc.sent == 3) {
			t.Errorf("%s: got %v after %d requests, want %d", tc.name, err, s.requests(), tc.sent)
		}
		var e *gitlab.Error
		if tc.sent == 1 && (!errors.As(err, &e) || !strings.Contains(e.Hint, "may have been done")) {
			t.Errorf("%s: got %+v, want it to say that it may have been done", tc.name, e)
		}
	}
}

// TestARepeatedChangeIsWhole: the body is sent again with it.
func TestARepeatedChangeIsWhole(t *testing.T) {
	s := newStub(t)
	var bodies []string
	s.on("/x", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bodies = append(bodies, string(body)); len(bodies) == 1 {
			html(502)(w, r)
			return
		}
		text(200, `{}`)(w, r)
	})
	c, _ := s.client(nil)
	if err := c.Send(context.Background(), "PUT", "x", map[string]int{"a": 1}, nil, true); err != nil || len(bodies) != 2 || bodies[0] != bodies[1] {
		t.Errorf("got %v after %q", err, bodies)
	}
}

func TestAChangeIsToldHowLongToWait(t *testing.T) {
	s := newStub(t)
	s.on("/x", text(429, "Retry later\n", "Content-Type", "text/plain", "Retry-After", "7"))
	c, w := s.client(nil)
	err := c.Post(context.Background(), "x")
	var e *gitlab.Error
	if !errors.As(err, &e) || e.Kind != gitlab.ErrUnavailable || e.RetryAfter != 7*time.Second || len(w.all()) != 0 || s.requests() != 1 {
		t.Errorf("got %+v after %d requests, want 7 s and one request", e, s.requests())
	}
}

func TestAChangeThatMayNotBeMadeSaysWhatTheTokenNeeds(t *testing.T) {
	s := newStub(t)
	s.on("/x", text(403, `{"message":"403 Forbidden"}`))
	c, _ := s.client(nil)
	var e *gitlab.Error
	if err := c.Post(context.Background(), "x"); !errors.As(err, &e) || !strings.Contains(e.Needs, "scope api") || !strings.Contains(e.Hint, "scope api") {
		t.Errorf("got %+v, want it to ask for the scope api", e)
	}
}

// TestAChangeToAProjectOutOfSight is lost access, not a missing merge request.
func TestAChangeToAProjectOutOfSight(t *testing.T) {
	s := newStub(t)
	s.on("/projects/42", text(404, `{"message":"404 Not found"}`))
	c, _ := s.client(nil)
	if err := c.Post(context.Background(), "projects/42/merge_requests"); !errors.Is(err, gitlab.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestAChangeIsNotRedirected(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		home, other := newStub(t), newStub(t)
		home.on("/x", redirectTo(307, other.URL+"/api/v4/x"))
		home.on("/y", redirectTo(302, "/api/v4/z"))
		c, _ := home.client(nil)
		for _, path := range []string{"x", "y"} {
			if err := c.Send(context.Background(), method, path, map[string]int{"a": 1}, nil, true); !errors.Is(err, gitlab.ErrIncomplete) {
				t.Errorf("%s %s: got %v, want ErrIncomplete", method, path, err)
			}
		}
		if other.requests() != 0 || home.count("GET /z") != 0 {
			t.Errorf("%s: it went to %v and %v", method, other.asked, home.asked)
		}
	}
}
