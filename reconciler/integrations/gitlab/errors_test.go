package gitlab_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	commitPath = "/projects/42/repository/commits/"
	mrPath     = "/projects/42/merge_requests/7"
)

// landingsOf asks about headB, which the stub's merge request landed as.
func landingsOf(t *testing.T, c *gitlab.Client) ([]schema.MergeRequest, error) {
	t.Helper()
	return c.Landings(context.Background(), hash(t, headB), "refs/heads/main")
}

func html(status int) stubbed {
	return text(status, "<html>Sign in to GitLab</html>", "Content-Type", "text/html; charset=utf-8")
}

// TestWhatCouldNotBeFoundOut: a refusal is an error of one kind and never an empty list.
func TestWhatCouldNotBeFoundOut(t *testing.T) {
	list := commitPath + headB + "/merge_requests"
	for _, tc := range []struct {
		name   string
		path   string
		answer stubbed
		want   error
		code   schema.Code
	}{
		{"a wrong token", list, text(401, `{"message":"401 Unauthorized"}`), gitlab.ErrUnauthorized, "forge-unauthorized"},
		{"an expired token", list, text(401, `{"error":"invalid_token","error_description":"Token is expired."}`), gitlab.ErrUnauthorized, "forge-unauthorized"},
		{"too small a scope", list, text(403, `{"error":"insufficient_scope","scope":"api"}`), gitlab.ErrForbidden, "forge-forbidden"},
		{"a project out of sight", list, text(404, `{"message":"404 Project Not Found"}`), gitlab.ErrNotFound, "forge-lost-access"},
		{"an unknown commit", list, text(404, `{"message":"404 Commit Not Found"}`), gitlab.ErrMissing, "forge-missing"},
		{"a missing merge request", mrPath, text(404, `{"message":"404 Not found"}`), gitlab.ErrMissing, "forge-missing"},
		{"a 404 that is no JSON", mrPath, html(404), gitlab.ErrMissing, "forge-missing"},
		{"an error of the server", list, text(500, `{"message":"500 Internal Server Error"}`), gitlab.ErrUnavailable, "forge-unavailable"},
		{"a bad gateway", list, html(502), gitlab.ErrUnavailable, "forge-unavailable"},
		{"too many requests, as text", list, text(429, "Retry later\n", "Content-Type", "text/plain"), gitlab.ErrUnavailable, "forge-unavailable"},
		{"a cut connection", list, cut(""), gitlab.ErrUnavailable, "forge-unavailable"},
		{"a connection cut in the middle", list, cut(`[{"id":1,`), gitlab.ErrUnavailable, "forge-unavailable"},
		{"a login page with 200", list, html(200), gitlab.ErrIncomplete, "forge-incomplete"},
		{"JSON that claims to be a page", list, text(200, `[]`, "Content-Type", "text/html", "X-Next-Page", ""), gitlab.ErrIncomplete, "forge-incomplete"},
		{"no content type", list, text(200, `[]`, "Content-Type", ""), gitlab.ErrIncomplete, "forge-incomplete"},
		{"truncated JSON", list, one(`[{"id":1,"iid":1,`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"two JSON texts", list, one(`[] []`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"null for a list", list, one(`null`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"an object for a list", list, one(`{}`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"rows without id", list, one(`[{"iid":1}]`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"a request it does not take", list, text(400, `{"error":"page is invalid"}`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"an empty body", list, text(204, ""), gitlab.ErrIncomplete, "forge-incomplete"},
		{"the token repeated in an answer", list, one("[" + newMR(7, stubMR{"title": canary}).json() + "]"), gitlab.ErrIncomplete, "forge-incomplete"},
		{"another merge request", mrPath, text(200, newMR(8, nil).json()), gitlab.ErrIncomplete, "forge-incomplete"},
		{"another project's merge request", mrPath, text(200, newMR(7, stubMR{"target_project_id": 43}).json()), gitlab.ErrIncomplete, "forge-incomplete"},
		{"null for a merge request", mrPath, text(200, `null`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"an id that is no commit", mrPath, text(200, newMR(7, stubMR{"sha": "abc"}).json()), gitlab.ErrIncomplete, "forge-incomplete"},
		{"approvals without a list", mrPath + "/approvals", text(200, `{"approved":true}`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"an approver without id", mrPath + "/approvals", text(200, `{"approved_by":[{"user":null}]}`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"an approver named twice", mrPath + "/approvals", text(200, `{"approved_by":[{"user":{"id":8}},{"user":{"id":8}}]}`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"a version without time", mrPath + "/versions", one(`[{"id":1}]`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"another user", "/users/8", text(200, `{"id":9,"username":"eve","state":"active"}`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"a user without state", "/users/8", text(200, `{"id":8,"username":"bob"}`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"a member without level", "/projects/42/members/all/8", text(200, `{"id":8}`), gitlab.ErrIncomplete, "forge-incomplete"},
		{"a role that may not be read", "/projects/42/members/all/8", text(403, `{"message":"403 Forbidden"}`), gitlab.ErrForbidden, "forge-forbidden"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStub(t)
			s.serve(newMR(7, nil), bobApproved)
			s.on(tc.path, tc.answer)
			c, _ := s.client(nil)
			got, err := landingsOf(t, c)
			if !errors.Is(err, tc.want) || got != nil {
				t.Fatalf("got %v, %v; want %v", got, err, tc.want)
			}
			var e *gitlab.Error
			if !errors.As(err, &e) || e.Code() != tc.code {
				t.Errorf("got %+v, want code %s", e, tc.code)
			}
			if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is not one line without the token: %q", err)
			}
		})
	}
}

// TestLostAccessLooksLikeMissing: GitLab words both alike, so the project itself is asked for.
func TestLostAccessLooksLikeMissing(t *testing.T) {
	s := newStub(t)
	c, _ := s.client(nil)
	s.on("/projects/42", text(200, `{"id":42}`), text(404, `{"message":"404 Not found"}`))
	if _, err := c.MergeRequest(context.Background(), 7); !errors.Is(err, gitlab.ErrNotFound) || errors.Is(err, gitlab.ErrMissing) {
		t.Errorf("with the project gone: got %v, want ErrNotFound alone", err)
	}
	s.on("/projects/42", text(200, `{"id":42}`))
	if _, err := c.MergeRequest(context.Background(), 7); !errors.Is(err, gitlab.ErrMissing) || errors.Is(err, gitlab.ErrNotFound) {
		t.Errorf("with the project there: got %v, want ErrMissing alone", err)
	}
}

func TestAnUnsignedCommitIsNotAMissingOne(t *testing.T) {
	s := newStub(t)
	s.on("/signature", text(404, `{"message":"404 GPG Signature Not Found"}`))
	c, _ := s.client(nil)
	if err := c.Get(context.Background(), "signature"); !errors.Is(err, gitlab.ErrUnsigned) {
		t.Errorf("got %v, want ErrUnsigned", err)
	}
}

func TestAnErrorSaysWhatToDo(t *testing.T) {
	s := newStub(t)
	s.serve(newMR(7, nil), bobApproved)
	s.on(mrPath+"/approvals", text(403, `{"error":"insufficient_scope","error_description":"The request requires higher privileges."}`))
	c, _ := s.client(nil)
	_, err := landingsOf(t, c)
	var e *gitlab.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *gitlab.Error", err)
	}
	const want = "read the approvals of !7: GitLab answered 403 for GET /projects/42/merge_requests/7/approvals: " +
		"forbidden: insufficient_scope: The request requires higher privileges."
	if e.Error() != want {
		t.Errorf("got  %s\nwant %s", e, want)
	}
	if e.Status != 403 || e.Needs == "" || !strings.Contains(e.Hint, e.TokenFile) || e.TokenFile == "" {
		t.Errorf("got %+v: want the status, what the token needs, and where it lies", e)
	}
}

// TestTheTokenNeverShows greps all that the client says while everything goes wrong, GitLab's echoing it included.
// TestWhetherTheTokenIsRefused tells what no request of this token can do from what one request could not.
func TestWhetherTheTokenIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		answer stubbed
		want   bool
	}{
		"it ended":                  {text(401, `{"error":"invalid_token"}`), true},
		"its scope is too small":    {text(403, `{"error":"insufficient_scope","scope":"api"}`), true},
		"this may not be seen":      {text(403, `{"message":"403 Forbidden"}`), false},
		"a scope that is not there": {text(404, `{"error":"insufficient_scope"}`), false},
	} {
		s := newStub(t)
		s.on(mrPath, tc.answer)
		c, _ := s.client(nil)
		_, err := c.MergeRequest(context.Background(), 7)
		var e *gitlab.Error
		if !errors.As(err, &e) || e.OfToken() != tc.want {
			t.Errorf("%s: got %v, want it to be of the token: %v", name, err, tc.want)
		}
	}
}

func TestTheTokenNeverShows(t *testing.T) {
	var logged bytes.Buffer
	s := newStub(t)
	s.serve(newMR(7, nil), bobApproved)
	echo := func(w http.ResponseWriter, r *http.Request) {
		text(401, `{"message":"token `+r.Header.Get("PRIVATE-TOKEN")+` is wrong"}`)(w, r)
	}
	var said []string
	for _, answer := range []stubbed{echo, cut(canary), html(503), text(429, canary, "Content-Type", "text/plain"),
		text(302, "", "Location", "https://"+canary+"@elsewhere.example/"+canary+"?token="+canary)} {
		s.on(commitPath+headB+"/merge_requests", answer)
		c, _ := s.client(func(cfg *gitlab.Config) {
			cfg.Log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
			if err := os.Chmod(cfg.TokenFile, 0o644); err != nil {
				t.Fatal(err)
			}
		})
		_, err := landingsOf(t, c)
		var e *gitlab.Error
		if !errors.As(err, &e) {
			t.Fatalf("got %v, want a *gitlab.Error", err)
		}
		said = append(said, err.Error(), e.Message, e.Hint, e.Needs, e.Request)
	}
	if logged.Len() == 0 || !strings.Contains(said[0], "[sealed]") {
		t.Error("nothing was logged, or GitLab's echo was not repeated: the test would see nothing")
	}
	if all := strings.Join(said, "\n") + logged.String(); strings.Contains(all, canary) {
		t.Errorf("the token shows in:\n%s", all)
	}
}

func TestAContextThatEndsShowsThrough(t *testing.T) {
	s := newStub(t)
	c, _ := s.client(nil)
	ctx, cancel := context.WithCancel(context.Background())
	s.on("/projects/42", func(http.ResponseWriter, *http.Request) { cancel() }, text(200, `{"id":42}`))
	_, err := c.Opened(ctx)
	if !errors.Is(err, context.Canceled) || s.requests() != 1 {
		t.Errorf("got %v after %d requests, want context.Canceled after 1", err, s.requests())
	}
}

// TestASilentServerIsAskedOnce: every question that waits for nothing is time in which drift is not repaired. After the first
// the others are not asked for a while, and then they are.
func TestASilentServerIsAskedOnce(t *testing.T) {
	s := newStub(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.on("/projects/42", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c, _ := s.client(func(cfg *gitlab.Config) {
		cfg.Timeout, cfg.Tries, cfg.Now = 50*time.Millisecond, 3, func() time.Time { return now }
	})
	for range 4 {
		if _, err := c.Opened(context.Background()); !errors.Is(err, gitlab.ErrUnavailable) || s.requests() != 1 {
			t.Fatalf("got %v after %d requests, want ErrUnavailable after 1", err, s.requests())
		}
	}
	now = now.Add(11 * time.Second)
	if _, err := c.Opened(context.Background()); !errors.Is(err, gitlab.ErrUnavailable) || s.requests() != 2 {
		t.Fatalf("got %v after %d requests, want it to be asked again", err, s.requests())
	}
}

// TestASlowBody: one that begins and never ends is no answer, however much of it is there.
func TestASlowBody(t *testing.T) {
	s := newStub(t)
	s.on("/x", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"id":42}`))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c, _ := s.client(func(cfg *gitlab.Config) { cfg.Timeout, cfg.Tries = 50*time.Millisecond, 1 })
	if err := c.Get(context.Background(), "x"); !errors.Is(err, gitlab.ErrUnavailable) || !strings.Contains(err.Error(), "nothing whole within") {
		t.Errorf("got %v, want no answer", err)
	}
}

func TestMessages(t *testing.T) {
	for _, tc := range []struct{ name, contentType, body, want string }{
		{"a text", "application/json", `{"message":"404 Not found"}`, "404 Not found"},
		{"a list", "application/json", `{"message":["Another open merge request already exists: !7","x"]}`, "Another open merge request already exists: !7, x"},
		{"an object of lists", "application/json", `{"message":{"b":["no"],"a":["is invalid"]}}`, "a is invalid; b no"},
		{"an error and its description", "application/json", `{"error":"invalid_token","error_description":"Token is expired."}`, "invalid_token: Token is expired."},
		{"plain text", "text/plain; charset=utf-8", "Retry later\n", "Retry later"},
		{"a page", "text/html", "<html>", "a page that is not the API's"},
		{"nothing", "", "", ""},
		{"terminal codes and lines", "application/json", `{"message":"a\u001b[31mred\u0007\r\nb"}`, "a[31mred b"},
		{"the token", "text/plain", "use " + canary + "!", "use [sealed]!"},
		{"the token with a letter nobody sees", "text/plain", canary[:9] + "\x00" + canary[9:], "[sealed]"},
		{"too much", "text/plain", strings.Repeat("é", 400), strings.Repeat("é", 150) + "…"},
	} {
		if got := gitlab.Message(tc.contentType, []byte(tc.body), canary); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("application/json", []byte(`{"message":{"a":["b",null,1]},"error":"x"}`))
	f.Add("text/plain", []byte("Retry later\xff\n"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		got := gitlab.Message(contentType, body, canary)
		if strings.ContainsAny(got, "\n\r\x1b") || len(got) > 310 || strings.Contains(got, canary) {
			t.Errorf("got %q: want one short line of printable text without the token", got)
		}
	})
}
