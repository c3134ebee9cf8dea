package gitlab_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

// TestRequestsOfALanding holds the formula that Landings documents: P + M × (4 + V + N) + 2 × A, and P + 1 for none.
func TestRequestsOfALanding(t *testing.T) {
	for _, tc := range []struct {
		name string
		opts gitlabtest.Options
		want int
	}{
		{"one page, one merge request, three people", gitlabtest.Options{}, 1 + 1*4 + 2*3},
		{"and a page of notes, without times of approvals", gitlabtest.Options{HideApprovedAt: true}, 1 + 1*(4+1) + 2*3},
	} {
		f := startForge(t, tc.opts, nil)
		mr := f.merged("change", 1)
		c := f.client()
		before := len(f.Requests())
		f.landings(c, mr.LandedSHA)
		if got := len(f.Requests()) - before; got != tc.want {
			t.Errorf("%s: got %d requests, want %d: %v", tc.name, got, tc.want, f.Requests()[before:])
		}
	}
	f := startForge(t, gitlabtest.Options{}, nil)
	c := f.client()
	before := len(f.Requests())
	f.landings(c, f.commit("mia", "main", "", "straight in"))
	if got := len(f.Requests()) - before; got != 2 {
		t.Errorf("none: got %d requests, want 2", got)
	}
}

// TestNothingIsKeptBetweenCalls: a role that was taken away counts at once.
func TestNothingIsKeptBetweenCalls(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, nil)
	mr := f.merged("change", 1)
	c := f.client()
	role := func() schema.Account { return f.landings(c, mr.LandedSHA)[0].Approvals[0].By }
	if got := role(); got.AccessLevel != 30 || got.State != "active" || got.Bot {
		t.Fatalf("at first: got %+v, want an active Developer", got)
	}
	ok(t)(nil, f.UpdateProject(config, func(p *gitlabtest.Project) { delete(p.Members, "bob") }))
	if got := role(); got.AccessLevel != 0 {
		t.Errorf("after leaving: got level %d, want 0", got.AccessLevel)
	}
	ok(t)(nil, f.UpdateUser("bob", func(u *gitlabtest.User) { u.State = "blocked" }))
	if got := role(); got.State != "blocked" {
		t.Errorf("after being blocked: got state %s", got.State)
	}
}

func TestAMovingHead(t *testing.T) {
	still := newMR(7, nil)
	for _, tc := range []struct {
		name   string
		change stubMR
	}{
		{"a push", stubMR{"sha": headB}},
		{"a change of state", stubMR{"state": "closed"}},
		{"anything that GitLab notes", stubMR{"updated_at": "2026-03-02T11:00:00.001Z"}},
		{"a new target", stubMR{"target_branch": "stage/production"}},
	} {
		t.Run(tc.name+", once", func(t *testing.T) {
			s := newStub(t)
			moved := newMR(7, tc.change)
			s.serve(still, bobApproved)
			s.on(mrPath, text(200, still.json()), text(200, moved.json()))
			c, w := s.client(nil)
			got, err := c.MergeRequest(context.Background(), 7)
			if err != nil || len(w.all()) != 1 || got.State != moved["state"] || got.Head.String() != moved["sha"] {
				t.Errorf("got %+v, %v after pauses %v; want the later one after one pause", got, err, w.all())
			}
		})
		t.Run(tc.name+", all the time", func(t *testing.T) {
			s := newStub(t)
			moved := text(200, newMR(7, tc.change).json())
			s.serve(still, bobApproved)
			s.on(mrPath, text(200, still.json()), moved, text(200, still.json()), moved, text(200, still.json()), moved)
			c, _ := s.client(nil)
			_, err := c.MergeRequest(context.Background(), 7)
			if !errors.Is(err, gitlab.ErrIncomplete) || !strings.Contains(err.Error(), "moving head") || s.count("GET "+mrPath) != 6 {
				t.Errorf("got %v after %d readings, want ErrIncomplete [moving head] after 6", err, s.count("GET "+mrPath))
			}
		})
	}
}

func TestAMergeUnderWay(t *testing.T) {
	s := newStub(t)
	locked := newMR(7, stubMR{"state": "locked", "merge_commit_sha": nil})
	s.serve(locked, bobApproved)
	c, _ := s.client(nil)
	if got, err := landingsOf(t, c); !errors.Is(err, gitlab.ErrIncomplete) || got != nil {
		t.Errorf("a locked one that GitLab relates: got %v, %v; want ErrIncomplete", got, err)
	}
	s.on("/projects/42/repository/commits/"+headB+"/merge_requests", one(`[]`))
	s.on("/projects/42/merge_requests", one("["+locked.json()+"]"))
	if got, err := landingsOf(t, c); !errors.Is(err, gitlab.ErrIncomplete) || got != nil {
		t.Errorf("a locked one that it does not relate yet: got %v, %v; want ErrIncomplete", got, err)
	}
	s.on("/projects/42/merge_requests", one("["+newMR(7, stubMR{"state": "locked", "target_branch": "other"}).json()+"]"))
	if got, err := landingsOf(t, c); err != nil || len(got) != 0 {
		t.Errorf("a locked one into another branch: got %v, %v; want none", got, err)
	}
}

func TestWhichRowsLanded(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change stubMR
		want   int
	}{
		{"by its merge commit", stubMR{}, 1},
		{"by its squash commit", stubMR{"merge_commit_sha": nil, "squash_commit_sha": headB}, 1},
		{"by a squash commit below another merge commit", stubMR{"merge_commit_sha": headA, "squash_commit_sha": headB}, 1},
		{"by being fast-forwarded", stubMR{"merge_commit_sha": nil}, 1},
		{"by being fast-forwarded, in versions that repeat the head", stubMR{"merge_commit_sha": headA}, 1},
		{"not by another merge commit", stubMR{"merge_commit_sha": strings.Repeat("c", 40)}, 0},
		{"not by another squash commit", stubMR{"merge_commit_sha": nil, "squash_commit_sha": headA}, 0},
		{"not while open", stubMR{"state": "opened"}, 0},
		{"not when closed", stubMR{"state": "closed"}, 0},
		{"not into another branch", stubMR{"target_branch": "stage/main"}, 0},
		{"not into another project", stubMR{"target_project_id": 43}, 0},
		{"from a fork", stubMR{"source_project_id": 43}, 1},
	} {
		s := newStub(t)
		s.serve(newMR(7, tc.change), bobApproved)
		s.on("/projects/42/merge_requests", one(`[]`))
		c, _ := s.client(nil)
		if got, err := landingsOf(t, c); err != nil || len(got) != tc.want {
			t.Errorf("%s: got %v, %v; want %d", tc.name, got, err, tc.want)
		}
	}
}

// TestAStaleRow: bodies of lists are cached; only the merge request itself says that it was merged.
func TestAStaleRow(t *testing.T) {
	s := newStub(t)
	s.serve(newMR(7, nil), bobApproved)
	s.on(mrPath, text(200, newMR(7, stubMR{"state": "closed"}).json()))
	s.on("/projects/42/merge_requests", one(`[]`))
	c, _ := s.client(nil)
	if got, err := landingsOf(t, c); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v; want none", got, err)
	}
}

func TestVersionsAreSorted(t *testing.T) {
	s := newStub(t)
	s.serve(newMR(7, nil), bobApproved)
	const at = `"created_at":"2026-03-02T10:00:00Z"`
	s.on(mrPath+"/versions", one(`[{"id":1,`+at+`},{"id":3,`+at+`},{"id":2,`+at+`}]`))
	c, _ := s.client(nil)
	got, err := c.MergeRequest(context.Background(), 7)
	if err != nil || len(got.Versions) != 3 || got.Versions[0].ID != 3 || got.Versions[2].ID != 1 {
		t.Errorf("got %+v, %v; want 3, 2, 1", got.Versions, err)
	}
}

func TestAForkHasNoBranchHere(t *testing.T) {
	for _, source := range []any{43, nil} {
		s := newStub(t)
		s.serve(newMR(7, stubMR{"source_project_id": source}), bobApproved)
		c, _ := s.client(nil)
		got, err := c.MergeRequest(context.Background(), 7)
		if err != nil || got.SourceRef != "refs/merge-requests/7/head" {
			t.Errorf("source project %v: got ref %s, %v; want the merge request's own", source, got.SourceRef, err)
		}
	}
}

// TestDatesFromNotes: before 18.4 only the system's notes tell when an approval was given.
func TestDatesFromNotes(t *testing.T) {
	const untimed = `{"approved_by":[{"user":{"id":8,"username":"bob","state":"active"}}]}`
	at := func(minute int) time.Time { return time.Date(2026, 3, 2, 10, minute, 0, 0, time.UTC) }
	note := func(id, author, minute int, system bool, body string) string {
		return fmt.Sprintf(`{"id":%d,"author":{"id":%d},"created_at":%q,"system":%t,"body":%q}`, id, author, at(minute).Format(time.RFC3339), system, body)
	}
	const yes, no = "approved this merge request", "unapproved this merge request"
	for _, tc := range []struct {
		name  string
		notes []string
		want  time.Time
	}{
		{"an approval", []string{note(1, 8, 1, true, yes)}, at(1)},
		{"the newest of two", []string{note(1, 8, 1, true, yes), note(2, 8, 5, true, yes)}, at(5)},
		{"in whatever order they come", []string{note(2, 8, 5, true, yes), note(1, 8, 1, true, yes)}, at(5)},
		{"given again after it was taken back", []string{note(1, 8, 1, true, yes), note(2, 8, 2, true, no), note(3, 8, 3, true, yes)}, at(3)},
		{"taken back", []string{note(1, 8, 1, true, yes), note(2, 8, 2, true, no)}, time.Time{}},
		{"taken back in the same second", []string{note(2, 8, 1, true, no), note(1, 8, 1, true, yes)}, time.Time{}},
		{"somebody else's", []string{note(1, 7, 1, true, yes)}, time.Time{}},
		{"a comment that says so", []string{note(1, 8, 1, false, yes)}, time.Time{}},
		{"a note that only begins so", []string{note(1, 8, 1, true, yes+" never")}, time.Time{}},
		{"none", nil, time.Time{}},
	} {
		s := newStub(t)
		s.serve(newMR(7, nil), untimed)
		// GitLab counts notes before it leaves out those that the token may not see.
		s.on(mrPath+"/notes", text(200, "["+strings.Join(tc.notes, ",")+"]", "X-Page", "1", "X-Next-Page", "", "X-Total", "9"))
		c, _ := s.client(nil)
		got, err := c.MergeRequest(context.Background(), 7)
		if err != nil || len(got.Approvals) != 1 || !got.Approvals[0].At.Equal(tc.want) {
			t.Errorf("%s: got %v, %v; want %v", tc.name, got.Approvals, err, tc.want)
		}
	}
}

func TestPeople(t *testing.T) {
	for _, tc := range []struct {
		name         string
		user, member stubbed
		want         schema.Account
	}{
		{"a member", text(200, `{"id":8,"username":"bob","state":"active","bot":false}`), text(200, `{"id":8,"access_level":40}`),
			schema.Account{ID: 8, Username: "bob", State: "active", AccessLevel: 40}},
		{"renamed since", text(200, `{"id":8,"username":"robert","state":"active"}`), text(200, `{"id":8,"access_level":40}`),
			schema.Account{ID: 8, Username: "robert", State: "active", AccessLevel: 40}},
		{"no member", text(200, `{"id":8,"username":"bob","state":"active"}`), text(404, `{"message":"404 Not found"}`),
			schema.Account{ID: 8, Username: "bob", State: "active"}},
		{"blocked", text(200, `{"id":8,"username":"bob","state":"blocked"}`), text(200, `{"id":8,"access_level":30}`),
			schema.Account{ID: 8, Username: "bob", State: "blocked", AccessLevel: 30}},
		{"deleted", text(404, `{"message":"404 User Not Found"}`), text(404, `{"message":"404 Not found"}`),
			schema.Account{ID: 8, Username: "bob", State: "deleted"}},
		{"a bot by GitLab's word", text(200, `{"id":8,"username":"helper","state":"active","bot":true}`), text(404, `{}`),
			schema.Account{ID: 8, Username: "helper", State: "active", Bot: true}},
		{"a project's bot by its name", text(200, `{"id":8,"username":"project_42_bot_0a1b2c","state":"active"}`), text(404, `{}`),
			schema.Account{ID: 8, Username: "project_42_bot_0a1b2c", State: "active", Bot: true}},
		{"a group's bot of old", text(200, `{"id":8,"username":"group_42_bot1","state":"active"}`), text(404, `{}`),
			schema.Account{ID: 8, Username: "group_42_bot1", State: "active", Bot: true}},
		{"a service account", text(200, `{"id":8,"username":"service_account_group_4_x","state":"active"}`), text(404, `{}`),
			schema.Account{ID: 8, Username: "service_account_group_4_x", State: "active", Bot: true}},
		{"a person with such a name", text(200, `{"id":8,"username":"project_manager_bot","state":"active"}`), text(404, `{}`),
			schema.Account{ID: 8, Username: "project_manager_bot", State: "active"}},
	} {
		s := newStub(t)
		s.serve(newMR(7, nil), bobApproved)
		s.on("/users/8", tc.user)
		s.on("/projects/42/members/all/8", tc.member)
		c, _ := s.client(nil)
		got, err := c.MergeRequest(context.Background(), 7)
		if err != nil || got.Approvals[0].By != tc.want {
			t.Errorf("%s: got %+v, %v; want %+v", tc.name, got.Approvals, err, tc.want)
		}
	}
}

// TestAccessLostInTheMiddle: to a token that lost its project nobody is a member, so the merge request is read again last.
func TestAccessLostInTheMiddle(t *testing.T) {
	s := newStub(t)
	gone := text(404, `{"message":"404 Project Not Found"}`)
	s.serve(newMR(7, nil), bobApproved)
	s.on(mrPath, text(200, newMR(7, nil).json()), gone)
	s.on("/projects/42/members/all/8", text(404, `{"message":"404 Not found"}`))
	c, _ := s.client(nil)
	if _, err := c.MergeRequest(context.Background(), 7); !errors.Is(err, gitlab.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestRawAnswers(t *testing.T) {
	s := newStub(t)
	s.serve(newMR(7, nil), bobApproved)
	c, _ := s.client(nil)
	got, err := landingsOf(t, c)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	var requests []string
	for _, raw := range got[0].Raw {
		requests = append(requests, raw.Request)
		if raw.Digest != schema.DigestOf(raw.Body) || len(raw.Body) == 0 {
			t.Errorf("%s: the digest is not that of the body", raw.Request)
		}
	}
	want := []string{"GET " + mrPath, "GET " + mrPath + "/versions?page=1&per_page=100", "GET " + mrPath + "/approvals",
		"GET " + commitPath + headB + "/merge_requests?page=1&per_page=100"}
	if !slices.Equal(requests, want) {
		t.Errorf("got  %q\nwant %q", requests, want)
	}
	if want := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC); !got[0].AsOf.Equal(want) {
		t.Errorf("as of: got %v, want GitLab's Date %v", got[0].AsOf, want)
	}
}
