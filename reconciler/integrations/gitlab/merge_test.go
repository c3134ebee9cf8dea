package gitlab_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/schema"
)

// TestMerging: with the head, at once, again only where GitLab was still finding out, and a lost answer is looked at.
func TestMerging(t *testing.T) {
	no405, no422 := text(405, `{"message":"405 Method Not Allowed"}`), text(422, `{"message":"Branch cannot be merged"}`)
	merged := `"state":"merged"`
	done := text(200, shown(7, merged))
	status := func(s string) string { return shown(7, `"detailed_merge_status":"`+s+`"`) }
	open := shown(7, "")
	for _, tc := range []struct {
		name  string
		reads []string // before the first try, and after each refusal
		puts  []stubbed
		tries int
		err   error
	}{
		{"merged", []string{open}, []stubbed{done}, 1, nil},
		{"not yet, then merged", []string{open, status("checking")}, []stubbed{no405, done}, 2, nil},
		{"mergeable, and for a moment it is not", []string{open, status("mergeable")}, []stubbed{no422, done}, 2, nil},
		{"never", []string{open, status("checking")}, []stubbed{no405}, 4, schema.ErrTryLater},
		{"approvals are missing at GitLab", []string{open, status("not_approved")}, []stubbed{no405}, 1, schema.ErrTryLater},
		{"a pipeline runs", []string{open, status("ci_still_running")}, []stubbed{no405}, 1, schema.ErrTryLater},
		{"a state that came with a newer version", []string{open, status("some_new_rule")}, []stubbed{no405}, 1, schema.ErrTryLater},
		{"conflicts", []string{open, status("conflict")}, []stubbed{text(406, `{"message":"Branch cannot be merged"}`)}, 1, schema.ErrNotMergeable},
		{"needs a rebase", []string{open, status("need_rebase")}, []stubbed{no405}, 1, schema.ErrNotMergeable},
		{"not allowed to merge", []string{open}, []stubbed{text(401, `{"message":"401 Unauthorized"}`)}, 1, gitlab.ErrUnauthorized},
		{"the head is another", []string{open}, []stubbed{text(409, `{"message":"SHA does not match HEAD of source branch"}`)}, 1, gitlab.ErrRefused},
		{"the head is another, said late", []string{open, shown(7, `"sha":"`+other+`"`)}, []stubbed{no405}, 1, schema.ErrTryLater},
		{"merged by somebody else meanwhile", []string{open, shown(7, merged)}, []stubbed{no405}, 1, nil},
		{"merged by somebody else with another head", []string{open, shown(7, merged+`,"sha":"`+other+`"`)}, []stubbed{no405}, 1, schema.ErrNotMergeable},
		{"closed meanwhile", []string{open, shown(7, `"state":"closed"`)}, []stubbed{no405}, 1, schema.ErrNotMergeable},
		{"the answer is lost and it is merged", []string{open, shown(7, merged)}, []stubbed{text(502, "")}, 1, nil},
		{"the answer is lost and it is open", []string{open, open}, []stubbed{text(502, "")}, 1, schema.ErrTryLater},
		{"set to merge later", []string{open}, []stubbed{text(200, shown(7, `"merge_when_pipeline_succeeds":true`))}, 1, schema.ErrTryLater},
		{"merged before we came", []string{shown(7, merged)}, []stubbed{done}, 0, nil},
		{"closed before we came", []string{shown(7, `"state":"closed"`)}, []stubbed{done}, 0, schema.ErrNotMergeable},
		{"being merged", []string{shown(7, `"state":"locked"`)}, []stubbed{done}, 0, schema.ErrTryLater},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStub(t)
			sent := ""
			reads := make([]stubbed, len(tc.reads))
			for i, body := range tc.reads {
				reads[i] = text(200, body)
			}
			puts := make([]stubbed, len(tc.puts))
			for i, answer := range tc.puts {
				puts[i] = kept(&sent, answer)
			}
			s.on("/projects/42/merge_requests/7", reads...)
			s.on("/projects/42/merge_requests/7/merge", puts...)
			c, _ := s.client(nil)
			err := c.Merge(context.Background(), 7, proposal(t).Head)
			if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Errorf("got %v, want %v", err, tc.err)
			}
			if n := s.count("PUT /projects/42/merge_requests/7/merge"); n != tc.tries {
				t.Errorf("asked %d times, want %d", n, tc.tries)
			}
			if tc.tries > 0 && !strings.Contains(sent, `"sha":"`+theSHA+`"`) || strings.Contains(sent, "auto_merge") || strings.Contains(sent, "when_pipeline") {
				t.Errorf("sent %q, want the head, and never to merge later", sent)
			}
		})
	}
}

// TestTheSquashFlagIsTakenOffFirst: asking for a merge without squash does not switch it off.
func TestTheSquashFlagIsTakenOffFirst(t *testing.T) {
	s := newStub(t)
	sent := ""
	s.on("/projects/42/merge_requests/7", kept(&sent, text(200, shown(7, `"squash":true`))))
	s.on("/projects/42/merge_requests/7/merge", kept(&sent, text(200, shown(7, `"state":"merged"`))))
	c, _ := s.client(nil)
	if err := c.Merge(context.Background(), 7, proposal(t).Head); err != nil {
		t.Fatal(err)
	}
	if want := "PUT {\"squash\":false}\nPUT {\"sha\""; !strings.HasPrefix(sent, want) {
		t.Errorf("sent %q, want %q first", sent, want)
	}
}

// TestAsMergedIsByTheTokensAccount: what would be judged is what would be there after our merge.
func TestAsMergedIsByTheTokensAccount(t *testing.T) {
	s := newStub(t)
	s.on("/projects/42/merge_requests/7", text(200, shown(7, "")))
	s.on("/projects/42/merge_requests/7/versions", listed())
	s.on("/projects/42/merge_requests/7/approvals", text(200, `{"approved_by":[]}`))
	s.on("/user", text(200, `{"id":3,"username":"robot","state":"active"}`))
	s.on("/users/3", text(200, `{"id":3,"username":"robot","state":"active","bot":true}`))
	s.on("/projects/42/members/all/3", text(200, `{"id":3,"access_level":40}`))
	c, _ := s.client(nil)
	mr, err := c.AsMerged(context.Background(), 7)
	if err != nil || mr.MergedBy.ID != 3 || mr.MergedBy.AccessLevel != 40 || !mr.MergedBy.Bot {
		t.Errorf("got %v and %+v", err, mr.MergedBy)
	}
	s.on("/projects/42/merge_requests/7", text(200, shown(7, `"state":"closed"`)))
	if _, err := c.AsMerged(context.Background(), 7); !errors.Is(err, schema.ErrTryLater) {
		t.Errorf("a closed one: got %v", err)
	}
}
