package gitlab_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gogitlab "github.com/xanzy/go-gitlab"
	"golang.org/x/time/rate"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
)

// Each test here shows a defect of the bare library, so that nobody takes what is done against it for needless, and that
// it does not reach our users. When one of them fails at its first half, the library was replaced: look what can go.

// bare is the library as it comes, but impatient.
func bare(t *testing.T, url string, options ...gogitlab.ClientOptionFunc) *gogitlab.Client {
	t.Helper()
	options = append([]gogitlab.ClientOptionFunc{gogitlab.WithBaseURL(url), gogitlab.WithHTTPClient(&http.Client{Transport: http.DefaultTransport}),
		gogitlab.WithCustomRetryWaitMinMax(time.Millisecond, 2*time.Millisecond)}, options...)
	//lint:ignore SA1019 what is frozen is what is shown here
	c, err := gogitlab.NewClient(canary, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return c
}

func TestLibraryLeaksTheTokenOnRedirects(t *testing.T) {
	var leaked string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked = r.Header.Get("PRIVATE-TOKEN")
		text(200, `{"id":42}`)(w, r)
	}))
	t.Cleanup(other.Close)
	s := newStub(t)
	s.on("/projects/42", redirectTo(301, other.URL+"/api/v4/projects/42"))
	if _, _, err := bare(t, s.URL).Projects.GetProject(42, nil); err != nil || leaked != canary {
		t.Errorf("bare library: got %v, the other host got %q; it used to get the token", err, leaked)
	}
	leaked = "not asked"
	c, _ := s.client(nil)
	if _, err := c.Opened(context.Background()); !errors.Is(err, gitlab.ErrIncomplete) || leaked != "not asked" {
		t.Errorf("ours: got %v, the other host got %q; want it not to be asked", err, leaked)
	}
}

func TestLibraryTurnsAMergeIntoAGet(t *testing.T) {
	s := newStub(t)
	s.on("/projects/42/merge_requests/7/merge", redirectTo(301, "/api/v4/projects/42/merge_requests/7"))
	s.serve(newMR(7, stubMR{"state": "opened"}), bobApproved)
	if _, _, err := bare(t, s.URL).MergeRequests.AcceptMergeRequest(42, 7, nil); err != nil || s.count("GET "+mrPath) != 1 {
		t.Errorf("bare library: got %v after %v; it used to say that the merge went well", err, s.asked)
	}
	// Ours: TestARedirectedPostStaysAPost.
}

// TestLibraryTakesOneLimitForAll: its own limiter, made from the first answer, lets it crawl, and is written while others
// read it, which only the race detector shows; go test -race on TestManyAtOnce passes because ours is given.
func TestLibraryTakesOneLimitForAll(t *testing.T) {
	s := newStub(t)
	s.on("/projects/42", text(200, `{"id":42}`, "RateLimit-Limit", "1"))
	s.on("/projects/42/merge_requests", one(`[]`))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	lib := bare(t, s.URL)
	if _, _, err := lib.Projects.GetProject(42, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := lib.Projects.GetProject(42, nil, gogitlab.WithContext(ctx)); err == nil || !strings.Contains(err.Error(), "exceed context deadline") {
		t.Errorf("bare library: got %v; it used to wait a minute and a half for its second request", err)
	}
	c, _ := s.client(nil)
	for range 5 {
		if err := c.Get(ctx, "projects/42"); err != nil {
			t.Errorf("ours: got %v, want another endpoint's limit not to bind", err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	s := newStub(t)
	s.on("/projects/42", text(200, `{"id":42}`, "RateLimit-Limit", "600"))
	s.serve(newMR(7, nil), bobApproved)
	c, _ := s.client(nil)
	done := make(chan error)
	for range 8 {
		go func() {
			_, err := c.MergeRequest(context.Background(), 7)
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := s.count("GET /projects/42"); n != 1 {
		t.Errorf("the project was looked for %d times, want once", n)
	}
}

func TestLibraryLosesTheTextOf404(t *testing.T) {
	s := newStub(t)
	s.on("/projects/42/repository/commits/"+headA+"/signature", text(404, `{"message":"404 GPG Signature Not Found"}`))
	s.on("/projects/42/repository/commits/"+headB+"/signature", text(404, `{"message":"404 Project Not Found"}`))
	lib := bare(t, s.URL)
	_, _, unsigned := lib.Commits.GetGPGSignature(42, headA)
	_, _, lost := lib.Commits.GetGPGSignature(42, headB)
	if unsigned == nil || lost == nil || unsigned.Error() != lost.Error() {
		t.Errorf("bare library: got %v and %v; they used to be one", unsigned, lost)
	}
	c, _ := s.client(nil)
	unsigned = c.Get(context.Background(), "projects/42/repository/commits/"+headA+"/signature")
	lost = c.Get(context.Background(), "projects/42/repository/commits/"+headB+"/signature")
	if !errors.Is(unsigned, gitlab.ErrUnsigned) || !errors.Is(lost, gitlab.ErrNotFound) {
		t.Errorf("ours: got %v and %v, want ErrUnsigned and ErrNotFound", unsigned, lost)
	}
}

func TestLibrarySendsAPostAgain(t *testing.T) {
	s := newStub(t)
	s.on("/projects/42/merge_requests/7/notes", html(503))
	lib := bare(t, s.URL, gogitlab.WithCustomRetryMax(1)) // 5 as it comes, which takes twelve seconds
	_, _, err := lib.Notes.CreateMergeRequestNote(42, 7, &gogitlab.CreateMergeRequestNoteOptions{Body: gogitlab.Ptr("hello")})
	if n := s.count("POST " + mrPath + "/notes"); err == nil || n != 2 {
		t.Errorf("bare library: got %v after %d POSTs; it used to be 2", err, n)
	}
	// Ours: TestAPostIsNeverSentAgain.
}

func TestLibraryGivesUpOnALostConnection(t *testing.T) {
	s := newStub(t)
	s.on("/projects/42", cut(""), text(200, `{"id":42}`))
	if _, _, err := bare(t, s.URL).Projects.GetProject(42, nil); err == nil || s.requests() != 1 {
		t.Errorf("bare library: got %v after %d requests; it used to give up after 1", err, s.requests())
	}
	// Ours: TestAGetIsSentAgain.
}

func TestLibraryIgnoresRetryAfter(t *testing.T) {
	s := newStub(t)
	s.on("/projects/42", text(429, "Retry later\n", "Content-Type", "text/plain", "Retry-After", "3600"), text(200, `{"id":42}`))
	if _, _, err := bare(t, s.URL).Projects.GetProject(42, nil); err != nil || s.requests() != 2 {
		t.Errorf("bare library: got %v after %d requests; it used to ask again at once", err, s.requests())
	}
	// Ours: TestWaits.
}

func TestLibraryListsTwentyMergeRequestsOfACommit(t *testing.T) {
	s := newStub(t)
	var query string
	s.on("/projects/42/repository/commits/"+headB+"/merge_requests", func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.RawQuery
		page(1, 2, 1, 20, 101)(w, r) // GitLab's size when none is asked for
	})
	got, _, err := bare(t, s.URL).Commits.ListMergeRequestsByCommit(42, headB)
	if err != nil || len(got) != 20 || query != "" {
		t.Errorf("bare library: got %d of 101, %v, by query %q; it used to be 20", len(got), err, query)
	}
	// Ours: TestPagesAreAskedFor.
}

func TestLibraryDropsTheTimesOfApprovals(t *testing.T) {
	s := newStub(t)
	s.serve(newMR(7, nil), bobApproved)
	got, _, err := bare(t, s.URL).MergeRequestApprovals.GetConfiguration(42, 7)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := json.Marshal(got); err != nil || strings.Contains(string(data), "10:30:00") {
		t.Errorf("bare library: got %s, %v; it used to drop approved_at", data, err)
	}
	c, _ := s.client(nil)
	ours, err := landingsOf(t, c)
	if want := time.Date(2026, 3, 2, 10, 30, 0, 720e6, time.UTC); err != nil || !ours[0].Approvals[0].At.Equal(want) {
		t.Errorf("ours: got %v, %v; want %v", ours, err, want)
	}
}

func TestLibraryFailsOnAQuickPipeline(t *testing.T) {
	s := newStub(t)
	s.serve(newMR(7, stubMR{"merge_user": stubMR{"id": 8, "username": "bob"}, "merged_by": stubMR{"id": 7, "username": "ann"},
		"head_pipeline": stubMR{"id": 5, "sha": headA, "duration": 0.01, "queued_duration": 0.3}}), bobApproved)
	if _, _, err := bare(t, s.URL).MergeRequests.GetMergeRequest(42, 7, nil); err == nil {
		t.Error("bare library: got no error; it used to fail on the duration")
	}
	c, _ := s.client(nil)
	ours, err := landingsOf(t, c)
	if err != nil || ours[0].MergedBy.Username != "bob" {
		t.Errorf("ours: got %v, %v; want it to be read, with merge_user before merged_by", ours, err)
	}
}

func TestLibraryCannotReadA429(t *testing.T) {
	s := newStub(t)
	s.on("/x", text(429, "Retry later\n", "Content-Type", "text/plain"))
	s.on("/projects/42", text(429, "Retry later\n", "Content-Type", "text/plain"))
	_, _, err := bare(t, s.URL, gogitlab.WithoutRetries()).Projects.GetProject(42, nil)
	if err == nil || !strings.Contains(err.Error(), "failed to parse unknown error format") {
		t.Errorf("bare library: got %v; it used to fail on the text", err)
	}
	c, _ := s.client(nil)
	var e *gitlab.Error
	if err := c.Get(context.Background(), "x"); !errors.As(err, &e) || e.Status != 429 || e.Message != "Retry later" {
		t.Errorf("ours: got %v", err)
	}
}

func TestLibraryTakesRobotsForPeople(t *testing.T) {
	s := newStub(t)
	robot := stubMR{"id": 7, "username": "deployer", "state": "active", "bot": true}
	s.serve(newMR(7, stubMR{"author": robot}), bobApproved)
	s.on("/users/7", text(200, `{"id":7,"username":"deployer","state":"active","bot":true}`))
	got, _, err := bare(t, s.URL).MergeRequests.GetMergeRequest(42, 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := json.Marshal(got.Author); err != nil || strings.Contains(string(data), "bot") {
		t.Errorf("bare library: got %s, %v; it used to drop bot", data, err)
	}
	c, _ := s.client(nil)
	if ours, err := landingsOf(t, c); err != nil || !ours[0].Author.Bot {
		t.Errorf("ours: got %v, %v; want a robot", ours, err)
	}
}

// TestLibraryHasNoTimeLimit looks at its default, since waiting for ever cannot be tested.
func TestLibraryHasNoTimeLimit(t *testing.T) {
	s := newStub(t)
	var deadline bool
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		_, deadline = r.Context().Deadline()
		return nil, errors.New("not sent")
	})
	lib := bare(t, s.URL, gogitlab.WithHTTPClient(&http.Client{Transport: transport}), gogitlab.WithCustomLimiter(rate.NewLimiter(rate.Inf, 0)))
	if _, _, err := lib.Projects.GetProject(42, nil); err == nil || deadline {
		t.Errorf("bare library: got %v, with a deadline: %t", err, deadline)
	}
	// Ours: TestASilentServerIsUnavailable.
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
