package gitlabtest_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// What a text sets off, and what it does not.
func TestTextSetsOff(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	for _, row := range []struct {
		name, body string
		fired      []string
	}{
		{"a command on a line of its own", "see\n/label ~late\nbelow", []string{"/label ~late"}},
		{"a command in capitals", "/APPROVE", []string{"/approve"}},
		{"two commands", "/draft\n/ready", []string{"/draft", "/ready"}},
		{"not after a space", " /approve", nil},
		{"not after a backslash", `\/approve`, nil},
		{"not within a line", "please /approve", nil},
		{"not a name that is none", "/apps/payments", nil},
		{"not a longer word", "/approvedly", nil},
		{"not in fenced code", "```\n/approve\n```", nil},
		{"after fenced code", "```\nx\n```\n/todo", []string{"/todo"}},
		{"not in a quote", ">>>\n/approve\n>>>", nil},
		{"not in a block of HTML", "<details>\n/approve\n</details>", nil},
		{"a mention", "ask @bob.", []string{"@bob"}},
		{"everybody", "@all: look", []string{"@all"}},
		{"a mention behind an entity", "ask &#64;bob", []string{"@bob"}},
		{"not in inline code", "ask `@bob`", nil},
		{"not in code as HTML", "ask <code>&#64;bob</code>", nil},
		{"not behind a backslash", `ask \@bob`, nil},
		{"not within an address", "bob@bob.example", nil},
		{"not in a comment", "<!-- @bob --> x", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := len(f.Fired())
			resp, body := f.raw("bob", "POST", "/projects/acme%2Fconfig/merge_requests/1/notes", url.Values{"body": {row.body}})
			if resp.StatusCode/100 != 2 {
				t.Fatalf("got %d %s", resp.StatusCode, body)
			}
			var got []string
			for _, x := range f.Fired()[before:] {
				got = append(got, x.Text)
				if x.User != "bob" || x.IID != 1 || x.Project != config {
					t.Errorf("got %+v", x)
				}
			}
			if !slices.Equal(got, row.fired) {
				t.Errorf("got %q, want %q", got, row.fired)
			}
		})
	}
}

// Commands do what their author may do, and leave the text.
func TestQuickActionsAreCarriedOut(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	head := f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	mr, err := f.OpenMergeRequest(config, gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: "feature", Title: "Feature",
		Description: "why\n/label ~\"needs review\" ~app\n/assign_reviewer @bob"})
	f.must(err)
	if mr.Description != "why" || !slices.Equal(mr.Labels, []string{"app", "needs review"}) || !slices.Equal(mr.Reviewers, []string{"bob"}) {
		t.Fatalf("by the description: got %q, labels %q, reviewers %q", mr.Description, mr.Labels, mr.Reviewers)
	}
	f.must2(f.AddNote(config, 1, "bob", "fine\n/approve"))
	f.must2(f.AddNote(config, 1, "rob", "/approve")) // a Reporter may not
	mr = f.get(1)
	if len(mr.Approvals) != 1 || mr.Approvals[0].User != "bob" || mr.Notes[len(mr.Notes)-1].Body != "fine" {
		t.Fatalf("by the notes: got approvals %v, last note %q", mr.Approvals, mr.Notes[len(mr.Notes)-1].Body)
	}
	if last := f.Fired()[len(f.Fired())-1]; last.Text != "/approve" || last.User != "rob" || last.Done {
		t.Errorf("got %+v, want rob's without effect", last)
	}
	const notes = "/projects/acme%2Fconfig/merge_requests/1/notes"
	if resp, body := f.raw("mia", "POST", notes, url.Values{"body": {"/merge"}}); resp.StatusCode != 202 || f.get(1).State != "opened" {
		t.Fatalf("/merge without the head: got %d %s, state %s", resp.StatusCode, body, f.get(1).State)
	}
	resp, body := f.raw("mia", "POST", notes, url.Values{"body": {"/merge"}, "merge_request_diff_head_sha": {head}})
	if resp.StatusCode != 202 || !strings.Contains(body, "Merged this merge request.") || f.get(1).State != "merged" {
		t.Errorf("/merge: got %d %s, state %s", resp.StatusCode, body, f.get(1).State)
	}
}

// A note that is edited sets its commands off too.
func TestEditedNoteSetsOff(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	n, err := f.AddNote(config, 1, "bob", "fine")
	f.must(err)
	path := "/projects/acme%2Fconfig/merge_requests/1/notes/" + itoa(n.ID)
	if resp, _ := f.raw("ann", "PUT", path, url.Values{"body": {"mine"}}); resp.StatusCode != 403 {
		t.Errorf("a developer edits another's note: got %d, want 403", resp.StatusCode)
	}
	if resp, _ := f.raw("bob", "PUT", path, url.Values{"body": {"very fine\n/approve"}}); resp.StatusCode != 200 {
		t.Fatalf("got %d", resp.StatusCode)
	}
	if mr := f.get(1); len(mr.Approvals) != 1 || mr.Notes[0].Body != "very fine" {
		t.Errorf("got %v and %q", mr.Approvals, mr.Notes[0].Body)
	}
	if resp, _ := f.raw("mia", "PUT", path, url.Values{"body": {"forged"}}); resp.StatusCode != 200 {
		t.Errorf("a maintainer edits another's note: got %d, want 200", resp.StatusCode)
	}
	if n := f.get(1).Notes[0]; n.Body != "forged" || n.Author != "bob" {
		t.Errorf("got %q by %s: the author stays", n.Body, n.Author)
	}
}
