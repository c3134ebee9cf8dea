package gitlab_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

// TestJobsAreTheMergeRequestsOwn: GitLab tells the jobs of every ref that has the commit. Atlantis blocked merge requests on those
// of others (runatlantis/atlantis#6557).
func TestJobsAreTheMergeRequestsOwn(t *testing.T) {
	f := startForge(t, gitlabtest.Options{}, nil)
	mr := f.merged("change", 1)
	for i := range 120 { // more than a page
		ok(t)(nil, f.SetStatus(config, "ann", gitlabtest.StatusReport{SHA: mr.SHA, Ref: "other", Name: fmt.Sprint("job ", i), State: "failed"}))
	}
	own := fmt.Sprintf("refs/merge-requests/%d/head", mr.IID)
	for ref, state := range map[string]string{own: "success", "change": "failed", "main": "success", "refs/merge-requests/77/head": "success", "refs/heads/change": "success"} {
		ok(t)(nil, f.SetStatus(config, "ann", gitlabtest.StatusReport{SHA: mr.SHA, Ref: ref, Name: "check", State: state}))
	}
	c := f.client()
	before, err := c.MergeRequest(context.Background(), int64(mr.IID))
	ok(t)(nil, err)
	if before.Statuses != nil {
		t.Errorf("got %v without asking for them", before.Statuses)
	}
	got, err := c.Statuses(context.Background(), before)
	ok(t)(nil, err)
	states := map[string]string{}
	for _, s := range got.Statuses {
		states[s.Ref+" "+s.Name] = s.State
	}
	if diff := cmp.Diff(map[string]string{own + " check": "success", "change check": "failed"}, states); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	again, err := gitlab.Reread(got)
	if diff := cmp.Diff(got, again); err != nil || diff != "" {
		t.Errorf("read again from what was kept, %v (-was +is):\n%s", err, diff)
	}
	lied := got
	lied.Statuses = []schema.JobStatus{{ID: 1, Commit: got.Head, Ref: own, Name: "unit", State: "success"}}
	if again, err := gitlab.Reread(lied); err == nil && cmp.Equal(lied, again) {
		t.Error("a job that no answer tells of is believed")
	}
}

func TestAJobThatIsNoneIsNotRead(t *testing.T) {
	for sentence, row := range map[string]string{
		"no name":   `{"id": 1, "status": "success"}`,
		"no status": `{"id": 1, "name": "check"}`,
		"no object": `7`,
	} {
		s := newStub(t)
		s.serve(newMR(7, nil), bobApproved)
		c, _ := s.client(nil)
		m, err := c.MergeRequest(context.Background(), 7)
		if err != nil {
			t.Fatal(err)
		}
		s.on("/projects/42/repository/commits/"+url.PathEscape(m.Head.String())+"/statuses", one("["+row+"]"))
		if _, err := c.Statuses(context.Background(), m); !errors.Is(err, gitlab.ErrIncomplete) {
			t.Errorf("%s: got %v, want an incomplete answer", sentence, err)
		}
	}
}
