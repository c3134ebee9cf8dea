package gitlab_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	ours   = "sluice/promote/gray/pay/0123456789ab"
	theSHA = "1111111111111111111111111111111111111111"
	other  = "2222222222222222222222222222222222222222"
)

func proposal(t *testing.T) schema.Proposal {
	t.Helper()
	head, err := schema.ParseHash(theSHA)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Proposal{
		SourceRef: "refs/heads/" + ours, TargetRef: "refs/heads/main", Head: head, Title: "Promote pay to gray", Description: "what and why\n",
		Labels: []string{"sluice", "promote to gray"}, Reviewers: []int64{7, 8},
	}
}

// request is one merge request as GitLab shows it; change replaces or adds fields.
func shown(iid int, change string) string {
	fields := map[string]any{
		"id": 900 + iid, "iid": iid, "project_id": 42, "source_project_id": 42, "target_project_id": 42, "state": "opened", "title": "Promote pay to gray",
		"description": "what and why", "source_branch": ours, "target_branch": "main", "sha": theSHA, "author": map[string]any{"id": 3, "username": "robot", "state": "active"},
		"updated_at": "2026-11-23T09:00:00Z", "created_at": "2026-11-23T09:00:00Z", "detailed_merge_status": "mergeable",
	}
	if err := json.Unmarshal([]byte("{"+change+"}"), &fields); err != nil {
		panic(err)
	}
	data, _ := json.Marshal(fields)
	return string(data)
}

// kept answers and keeps the body that was sent.
func kept(into *string, answer stubbed) stubbed {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			body, _ := io.ReadAll(r.Body)
			*into += r.Method + " " + string(body) + "\n"
		}
		answer(w, r)
	}
}

// byMethod answers reads and changes of one path differently.
func byMethod(get, change stubbed) stubbed {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			get(w, r)
			return
		}
		change(w, r)
	}
}

func listed(rows ...string) stubbed {
	return text(200, "["+strings.Join(rows, ",")+"]", "X-Total", fmt.Sprint(len(rows)), "X-Next-Page", "")
}

func TestProposing(t *testing.T) {
	taken := `{"message":["Another open merge request already exists for this source branch: !7"]}`
	byBob := `"state":"closed","closed_by":{"id":9,"username":"bob"}`
	for _, tc := range []struct {
		name   string
		listed []string
		post   stubbed
		iid    int64
		err    error
		writes string // a part of what was sent; empty: nothing was
	}{
		{"none is there", nil, text(201, shown(9, "")), 9, nil, `"source_branch":"` + ours + `"`},
		{"one is open", []string{shown(7, "")}, nil, 7, nil, ""},
		{"one is open with other words", []string{shown(7, `"description":"old"`)}, nil, 7, nil, `PUT {"description":"what and why\n"`},
		{"the last one was merged", []string{shown(7, `"state":"merged"`)}, text(201, shown(9, "")), 9, nil, "POST"},
		{"a person closed the last one, and a person asks for it again", []string{shown(7, byBob)}, text(201, shown(9, "")), 9, nil, "POST"},
		{"a branch of that name in a fork", []string{shown(7, `"source_project_id":43`)}, text(201, shown(9, "")), 9, nil, "POST"},
		{"GitLab lists another branch's", []string{shown(7, `"source_branch":"other"`)}, text(201, shown(9, "")), 9, nil, "POST"},
		{"somebody was first", nil, text(409, taken), 7, nil, "POST"},
		{"GitLab does not see the branch yet", nil, text(400, `{"message":{"source_branch":["does not exist"]}}`), 0, schema.ErrTryLater, "POST"},
		{"not allowed", nil, text(403, `{"message":"403 Forbidden"}`), 0, gitlab.ErrForbidden, "POST"},
		{"quick actions are not allowed", nil, text(422, `{"message":"no"}`), 0, gitlab.ErrRefused, "POST"},
		{"the answer is lost", nil, text(502, ""), 0, gitlab.ErrUnavailable, "POST"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStub(t)
			sent := ""
			post := tc.post
			if post == nil {
				post = text(500, "{}")
			}
			s.on("/projects/42/merge_requests", kept(&sent, byMethod(listed(tc.listed...), post)))
			s.on("/projects/42/merge_requests/7", kept(&sent, text(200, shown(7, ""))))
			c, _ := s.client(nil)
			iid, err := c.Propose(context.Background(), proposal(t))
			if iid != tc.iid || !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Errorf("got !%d and %v, want !%d and %v", iid, err, tc.iid, tc.err)
			}
			if tc.writes == "" && sent != "" || !strings.Contains(sent, tc.writes) {
				t.Errorf("sent %q, want %q", sent, tc.writes)
			}
			if n := s.count("POST /projects/42/merge_requests"); n > 1 {
				t.Errorf("opened %d times", n)
			}
		})
	}
}

// TestAPersonsNo: what a person closed is a no at whatever commit, and only what sluice certainly closed itself is none.
func TestAPersonsNo(t *testing.T) {
	const mark = `,"description":"**Closed by sluice: a newer revision is live.**\n\nwhat and why"`
	token := func(n string) string { return `{"id":3` + n + `,"username":"project_42_bot_` + n + `"}` }
	byBob := `"state":"closed","closed_by":{"id":9,"username":"bob"}`
	byUs := `"state":"closed","closed_by":{"id":3,"username":"robot"}`
	for _, tc := range []struct {
		name   string
		listed []string
		want   int64
	}{
		{"none is there", nil, 0},
		{"one is open", []string{shown(7, "")}, 0},
		{"a person closed it", []string{shown(7, byBob)}, 7},
		{"a person closed it at another commit", []string{shown(7, byBob+`,"sha":"`+other+`"`)}, 7},
		{"a person closed it and the branch is gone", []string{shown(7, byBob+`,"sha":null`)}, 7},
		{"sluice closed it", []string{shown(7, byUs+mark)}, 0},
		{"its author closed it without our mark", []string{shown(7, byUs)}, 7},
		{"a person closed what sluice had closed and somebody opened again", []string{shown(7, byBob+mark)}, 7},
		{"sluice closed it with a new token", []string{shown(7, `"state":"closed","author":`+token("1")+`,"closed_by":`+token("2")+mark)}, 0},
		{"the robot before this one opened it, and a person closed it", []string{shown(7, byBob+`,"author":`+token("1"))}, 7},
		{"another robot closed it, without our mark", []string{shown(7, `"state":"closed","author":`+token("1")+`,"closed_by":`+token("2"))}, 7},
		{"GitLab does not know who closed it", []string{shown(7, `"state":"closed","closed_by":null`+mark)}, 7},
		{"a person closed the one before what sluice closed", []string{shown(7, byBob), shown(8, byUs+mark)}, 7},
		{"one was merged since", []string{shown(7, byBob), shown(8, `"state":"merged"`)}, 0},
		{"a branch of that name in a fork", []string{shown(7, byBob+`,"source_project_id":43`)}, 0},
		{"into another branch", []string{shown(7, byBob+`,"target_branch":"other"`)}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStub(t)
			s.on("/projects/42/merge_requests", listed(tc.listed...))
			c, _ := s.client(nil)
			p := proposal(t)
			if got, err := c.Refused(context.Background(), p.SourceRef, p.TargetRef); got != tc.want || err != nil {
				t.Errorf("got !%d and %v, want !%d", got, err, tc.want)
			}
		})
	}
}

// TestWhatAProposalSends: reviewers by number, the branch to be deleted after the merge, and no squash.
func TestWhatAProposalSends(t *testing.T) {
	s := newStub(t)
	sent := ""
	s.on("/projects/42/merge_requests", kept(&sent, byMethod(listed(), text(201, shown(9, "")))))
	c, _ := s.client(nil)
	if _, err := c.Propose(context.Background(), proposal(t)); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"reviewer_ids":[7,8]`, `"remove_source_branch":true`, `"squash":false`, `"labels":"sluice,promote to gray"`, `"target_branch":"main"`} {
		if !strings.Contains(sent, part) {
			t.Errorf("sent %q, want %s", sent, part)
		}
	}
}

func TestWithdrawing(t *testing.T) {
	const branch = "/projects/42/repository/branches/sluice%2Fpromote%2Fgray%2Fpay%2F0123456789ab"
	for _, tc := range []struct {
		name   string
		state  string
		branch stubbed
		closes bool
		err    error
	}{
		{"open", `"state":"opened"`, text(204, ""), true, nil},
		{"closed already", `"state":"closed"`, text(204, ""), false, nil},
		{"merged meanwhile, and its branch gone", `"state":"merged"`, text(404, `{"message":"404 Branch Not Found"}`), false, nil},
		{"the branch is protected", `"state":"opened"`, text(403, `{"message":"403 Forbidden"}`), true, gitlab.ErrForbidden},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStub(t)
			sent := ""
			s.on("/projects/42/merge_requests/7", kept(&sent, text(200, shown(7, tc.state))))
			s.on(branch, tc.branch)
			c, _ := s.client(nil)
			err := c.Withdraw(context.Background(), 7, "refs/heads/"+ours, "a newer revision is live")
			if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Errorf("got %v, want %v", err, tc.err)
			}
			want := `PUT {"description":"**Closed by sluice: a newer revision is live.**\n\nwhat and why","state_event":"close"}` + "\n"
			if tc.closes != (sent == want) || !tc.closes && sent != "" {
				t.Errorf("sent %q", sent)
			}
			if s.count("DELETE "+branch) != 1 {
				t.Error("the branch was not deleted")
			}
		})
	}
}
