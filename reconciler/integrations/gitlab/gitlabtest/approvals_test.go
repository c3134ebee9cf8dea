package gitlabtest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

func TestApprovals(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	f.must(f.Approve(config, 1, "bob"))
	mr := f.get(1)
	if len(mr.Approvals) != 1 || mr.Approvals[0].User != "bob" || mr.Approvals[0].At.Before(mr.Versions[0].CreatedAt) || mr.Approvals[0].SHA != mr.SHA {
		t.Errorf("got approvals %+v", mr.Approvals)
	}
	for _, row := range []struct {
		name string
		err  error
		want int
	}{
		{"twice", f.Approve(config, 1, "bob"), 401},
		{"a reporter", f.Approve(config, 1, "rob"), 401},
		{"the author, on CE", f.Approve(config, 1, "ann"), 0},
		{"take back what was not given", f.Unapprove(config, 1, "mia"), 404},
		{"take back", f.Unapprove(config, 1, "bob"), 0},
	} {
		if got := status(row.err); got != row.want || row.want == 0 && row.err != nil {
			t.Errorf("%s: got %d (%v), want %d", row.name, got, row.err, row.want)
		}
	}
	var system []string
	for _, n := range f.get(1).Notes {
		if n.System {
			system = append(system, n.Author+" "+n.Body)
		}
	}
	want := []string{"bob approved this merge request", "ann approved this merge request", "bob unapproved this merge request"}
	if !slices.Equal(system, want) {
		t.Errorf("system notes: got %q, want %q", system, want)
	}
}

func TestAuthorMayNotApproveOnPremium(t *testing.T) {
	f := start(t, gitlabtest.Options{Tier: gitlabtest.Premium}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	if got := status(f.Approve(config, 1, "ann")); got != 401 {
		t.Errorf("got %d, want 401", got)
	}
	f.must(f.UpdateProject(config, func(p *gitlabtest.Project) { p.AuthorApproval = true }))
	f.must(f.Approve(config, 1, "ann"))
}

func TestApprovalsAreReset(t *testing.T) {
	reset := func(p *gitlabtest.Project) { p.ResetApprovalsOnPush = true }
	for _, row := range []struct {
		name    string
		project func(*gitlabtest.Project)
		push    func(*forge)
		left    int
	}{
		{"not without the setting", nil, func(f *forge) { f.commit("ann", "feature", map[string]string{"b.yaml": "b: 2\n"}) }, 1},
		{"by a push that changes the diff", reset, func(f *forge) { f.commit("ann", "feature", map[string]string{"b.yaml": "b: 2\n"}) }, 0},
		{"not by a rebase with the same diff", reset, func(f *forge) { moveOn(f); f.must2(f.Rebase(config, 1, "ann")) }, 1},
		{"not by a push to the target", reset, moveOn, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := start(t, gitlabtest.Options{}, row.project)
			f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
			f.open("ann", "feature")
			f.must(f.Approve(config, 1, "bob"))
			row.push(f)
			if got := len(f.get(1).Approvals); got != row.left {
				t.Errorf("got %d approvals left, want %d", got, row.left)
			}
		})
	}
}

// A reset that comes late removes what was given before the push, and only that.
func TestDelayedReset(t *testing.T) {
	f := start(t, gitlabtest.Options{}, func(p *gitlabtest.Project) { p.ResetApprovalsOnPush = true })
	f.DelayApprovalResets(10 * time.Second)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	f.must(f.Approve(config, 1, "bob"))
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 2\n"})
	f.must(f.Approve(config, 1, "mia"))
	if got := len(f.get(1).Approvals); got != 2 {
		t.Fatalf("at once after the push: got %d approvals, want 2", got)
	}
	f.clock.step(10 * time.Second)
	got := f.get(1).Approvals
	if len(got) != 1 || got[0].User != "mia" {
		t.Errorf("later: got %v, want mia's alone", got)
	}
}
