package gitlabtest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// The table of what landed: merge_commit_sha, squash_commit_sha and the
// target's tip, by merge method and squash.
func TestWhatLands(t *testing.T) {
	for _, row := range []struct {
		method         string
		squash         bool
		merge, squash2 bool // is there a merge commit, a squash commit
	}{
		{"merge", false, true, false},
		{"merge", true, true, true},
		{"rebase_merge", false, true, false},
		{"rebase_merge", true, true, true},
		{"ff", false, false, false},
		{"ff", true, false, true},
	} {
		t.Run(fmt.Sprintf("%s, squash %v", row.method, row.squash), func(t *testing.T) {
			f := start(t, gitlabtest.Options{}, func(p *gitlabtest.Project) { p.MergeMethod = row.method })
			base := f.bare("rev-parse", "main")
			f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
			head := f.commit("ann", "feature", map[string]string{"b.yaml": "b: 2\n"})
			f.open("ann", "feature")
			if row.method == "merge" { // only this method merges into a target that moved on
				base = f.commit("mia", "main", map[string]string{"z.yaml": "z: 1\n"})
			}
			mr, err := f.Merge(config, 1, "mia", gitlabtest.MergeOptions{SHA: head, Squash: row.squash})
			if err != nil {
				t.Fatal(err)
			}
			tip := f.bare("rev-parse", "main")
			if mr.LandedSHA != tip || mr.SHA != head || mr.State != "merged" || mr.MergedBy != "mia" {
				t.Errorf("got landed %s sha %s state %s by %s, want %s %s merged mia", mr.LandedSHA, mr.SHA, mr.State, mr.MergedBy, tip, head)
			}
			want := head
			if row.squash2 {
				want = mr.SquashCommitSHA
				if want == "" || want == head {
					t.Fatalf("got squash commit %q, want a new commit", want)
				}
				if got := f.bare("log", "-1", "--format=%an %cn %s", want); got != "Ann Mia Change feature" {
					t.Errorf("squash commit: got %q", got)
				}
			} else if mr.SquashCommitSHA != "" {
				t.Errorf("got squash commit %s, want none", mr.SquashCommitSHA)
			}
			if !row.merge {
				if mr.MergeCommitSHA != "" || tip != want {
					t.Errorf("got merge commit %q and tip %s, want none and %s", mr.MergeCommitSHA, tip, want)
				}
			} else if got := f.bare("log", "-1", "--format=%H %P", "main"); got != fmt.Sprintf("%s %s %s", mr.MergeCommitSHA, base, want) {
				t.Errorf("tip and parents: got %s, want %s %s %s", got, mr.MergeCommitSHA, base, want)
			}
			if got := f.bare("show", "main:b.yaml"); got != "b: 2" {
				t.Errorf("b.yaml on main: got %q", got)
			}
			if got := f.bare("cat-file", "commit", "main"); strings.Contains(got, "gpgsig") {
				t.Error("the forge signed a commit")
			}
		})
	}
}

func TestSquashOfOneCommitWithItsOwnMessage(t *testing.T) {
	f := start(t, gitlabtest.Options{}, func(p *gitlabtest.Project) { p.MergeMethod = "ff" })
	head := f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	mr, err := f.OpenMergeRequest(config, gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: "feature"})
	f.must(err)
	mr, err = f.Merge(config, mr.IID, "mia", gitlabtest.MergeOptions{Squash: true})
	f.must(err)
	if mr.SquashCommitSHA != head || f.bare("rev-parse", "main") != head {
		t.Errorf("got squash commit %s, want the commit itself, %s", mr.SquashCommitSHA, head)
	}
}

// status is the HTTP status of a refusal, 0 for none.
func status(err error) int {
	var e *gitlabtest.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

func TestMergeIsRefused(t *testing.T) {
	type arrange func(f *forge)
	for _, row := range []struct {
		name   string
		opts   gitlabtest.Options
		method string
		do     arrange
		user   string
		sha    string
		want   int
		detail string
	}{
		{"by somebody who may not", gitlabtest.Options{}, "", nil, "bob", "", 401, "mergeable"},
		{"rights come before the sha", gitlabtest.Options{}, "", nil, "bob", "0123", 401, "mergeable"},
		{"with another sha", gitlabtest.Options{}, "", nil, "mia", "0123", 409, "mergeable"},
		{"without the sha where it is demanded", gitlabtest.Options{RequireSHA: true}, "", nil, "bob", "", 400, "mergeable"},
		{"the sha comes before the state", gitlabtest.Options{}, "", conflict, "mia", "0123", 409, "conflict"},
		{"with a conflict", gitlabtest.Options{}, "", conflict, "mia", "", 405, "conflict"},
		{"with a conflict, in the old way", gitlabtest.Options{Conflict406: true}, "", conflict, "mia", "", 406, "conflict"},
		{"ff behind the target", gitlabtest.Options{}, "ff", moveOn, "mia", "", 405, "need_rebase"},
		{"rebase_merge behind the target", gitlabtest.Options{}, "rebase_merge", moveOn, "mia", "", 405, "need_rebase"},
		{"as a draft", gitlabtest.Options{}, "", func(f *forge) { f.must(f.EditMergeRequest(config, 1, "ann", "Draft: x")) }, "mia", "", 405, "draft_status"},
		{"when closed", gitlabtest.Options{}, "", func(f *forge) { f.must(f.CloseMergeRequest(config, 1, "ann")) }, "mia", "", 405, "not_open"},
		{"while it is checked", gitlabtest.Options{Checks: 1}, "", nil, "mia", "", 405, "checking"},
		{"without the approvals of Premium", gitlabtest.Options{Tier: gitlabtest.Premium}, "", func(f *forge) {
			f.must(f.UpdateProject(config, func(p *gitlabtest.Project) { p.ApprovalsRequired = 1 }))
		}, "mia", "", 405, "not_approved"},
		{"without the pipeline that is demanded", gitlabtest.Options{}, "", pipelines, "mia", "", 405, "ci_must_pass"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := start(t, row.opts, func(p *gitlabtest.Project) { p.MergeMethod = row.method })
			f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
			f.open("ann", "feature")
			if row.do != nil {
				row.do(f)
			}
			before := f.bare("rev-parse", "main")
			if got := f.get(1).DetailedStatus; got != row.detail {
				t.Errorf("detailed status: got %s, want %s", got, row.detail)
			}
			_, err := f.Merge(config, 1, row.user, gitlabtest.MergeOptions{SHA: row.sha})
			if got := status(err); got != row.want {
				t.Errorf("got %d (%v), want %d", got, err, row.want)
			}
			if f.bare("rev-parse", "main") != before {
				t.Error("main moved by a refused merge")
			}
		})
	}
}

func conflict(f *forge) { f.commit("mia", "main", map[string]string{"b.yaml": "b: 9\n"}) }
func moveOn(f *forge)   { f.commit("mia", "main", map[string]string{"z.yaml": "z: 1\n"}) }
func pipelines(f *forge) {
	f.must(f.UpdateProject(config, func(p *gitlabtest.Project) { p.PipelineMustSucceed = true }))
}

func TestMergeRuleLetsDevelopersMerge(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.must(f.Protect(config, gitlabtest.ProtectedBranch{Name: "main", Push: []gitlabtest.Access{{}},
		Merge: []gitlabtest.Access{{Level: gitlabtest.Developer}}}))
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	f.must2(f.Merge(config, 1, "bob", gitlabtest.MergeOptions{RemoveSource: true}))
	if out := f.bare("for-each-ref", "refs/heads/feature"); out != "" {
		t.Errorf("the source branch is still there: %s", out)
	}
}

func TestRebase(t *testing.T) {
	f := start(t, gitlabtest.Options{}, func(p *gitlabtest.Project) { p.MergeMethod = "ff" })
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	old := f.commit("ann", "feature", map[string]string{"b.yaml": "b: 2\n"})
	f.open("ann", "feature")
	f.must(f.Approve(config, 1, "bob"))
	moveOn(f)
	mr, err := f.Rebase(config, 1, "bob")
	f.must(err)
	if len(mr.Versions) != 2 || mr.Versions[1].HeadSHA != old || mr.SHA == old {
		t.Fatalf("got versions %v", mr.Versions)
	}
	if got := f.bare("log", "--format=%an %cn %s", "main..feature"); got != "Ann Bob edit feature\nAnn Bob edit feature" {
		t.Errorf("replayed commits: got %q", got)
	}
	f.must2(f.Merge(config, 1, "mia", gitlabtest.MergeOptions{SHA: mr.SHA}))
	if got := f.bare("rev-parse", "main"); got != mr.SHA {
		t.Errorf("main: got %s, want %s", got, mr.SHA)
	}
}

func TestRebaseWithConflictTellsInTheMergeRequest(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	head := f.commit("ann", "feature", map[string]string{"a.yaml": "a: 7\n"})
	f.open("ann", "feature")
	f.commit("mia", "main", map[string]string{"a.yaml": "a: 8\n"})
	mr, err := f.Rebase(config, 1, "ann")
	f.must(err)
	if mr.SHA != head || mr.MergeError == "" {
		t.Errorf("got head %s and error %q, want %s and a reason", mr.SHA, mr.MergeError, head)
	}
}

func TestRevert(t *testing.T) {
	for _, method := range []string{"merge", "ff"} {
		t.Run(method, func(t *testing.T) {
			f := start(t, gitlabtest.Options{}, func(p *gitlabtest.Project) { p.MergeMethod = method })
			f.commit("ann", "feature", map[string]string{"a.yaml": "a: 2\n"})
			f.commit("ann", "feature", map[string]string{"b.yaml": "b: 2\n"})
			f.open("ann", "feature")
			f.must2(f.Merge(config, 1, "mia", gitlabtest.MergeOptions{}))
			f.commit("mia", "main", map[string]string{"z.yaml": "z: 1\n"})
			mr, err := f.Revert(config, 1, "bob")
			f.must(err)
			if mr.Author != "bob" || !strings.HasPrefix(mr.SourceBranch, "revert-") || mr.IID != 2 {
				t.Errorf("got %+v", mr)
			}
			f.must2(f.Merge(config, 2, "mia", gitlabtest.MergeOptions{}))
			if got := f.bare("ls-tree", "--name-only", "main"); got != "a.yaml\nz.yaml" {
				t.Errorf("files on main: got %q", got)
			}
			if got := f.bare("show", "main:a.yaml"); got != "a: 1" {
				t.Errorf("a.yaml: got %q", got)
			}
			if _, err := f.Revert(config, 1, "bob"); status(err) != 400 {
				t.Errorf("second revert: got %v, want 400", err)
			}
		})
	}
}

func TestAssumedMerged(t *testing.T) {
	for _, off := range []bool{false, true} {
		t.Run(fmt.Sprintf("switched off: %v", off), func(t *testing.T) {
			f := start(t, gitlabtest.Options{NoAssumedMerge: off}, nil)
			f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
			f.open("ann", "feature")
			dir := f.clone("mia")
			f.gitOK(dir, "merge", "--quiet", "--ff-only", "origin/feature")
			f.gitOK(dir, "push", "--quiet", "origin", "main")
			mr := f.get(1)
			if off {
				if mr.State != "opened" {
					t.Errorf("got %s, want opened", mr.State)
				}
				return
			}
			if mr.State != "merged" || mr.MergedBy != "mia" || mr.MergeCommitSHA != "" || mr.SquashCommitSHA != "" || len(mr.Approvals) != 0 {
				t.Errorf("got %+v, want merged by mia with no shas", mr)
			}
		})
	}
}

func TestRetargetMakesAVersion(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("mia", "stage", map[string]string{"s.yaml": "s: 1\n"})
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	f.must(f.Retarget(config, 1, "ann", "stage"))
	mr := f.get(1)
	if mr.TargetBranch != "stage" || len(mr.Versions) != 2 || mr.Versions[0].StartSHA != f.bare("rev-parse", "stage") {
		t.Errorf("got %+v", mr)
	}
}

func TestAutoMerge(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	pipelines(f)
	head := f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	f.must(f.SetStatus(config, "ann", gitlabtest.StatusReport{SHA: head, Ref: "feature", State: "running"}))
	mr, err := f.Merge(config, 1, "mia", gitlabtest.MergeOptions{Auto: true})
	f.must(err)
	if mr.State != "opened" || mr.DetailedStatus != "ci_still_running" {
		t.Errorf("got %s %s, want opened ci_still_running", mr.State, mr.DetailedStatus)
	}
	f.must(f.SetStatus(config, "ann", gitlabtest.StatusReport{SHA: head, Ref: "feature", State: "success"}))
	if mr := f.get(1); mr.State != "merged" || mr.MergedBy != "mia" {
		t.Errorf("got %s by %s, want merged by mia", mr.State, mr.MergedBy)
	}
}
