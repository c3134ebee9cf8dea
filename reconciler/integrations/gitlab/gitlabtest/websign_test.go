package gitlabtest_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// TestTheForgeSigns: with a key for web commits, all that the forge makes is signed and committed by GitLab; what people
// pushed stays theirs.
func TestTheForgeSigns(t *testing.T) {
	sign := func(raw []byte) ([]byte, error) {
		return bytes.Replace(raw, []byte("\n\n"), []byte("\ngpgsig -----BEGIN SSH SIGNATURE-----\n -----END SSH SIGNATURE-----\n\n"), 1), nil
	}
	f := start(t, gitlabtest.Options{SignCommit: sign}, nil)
	dir := f.clone("ann")
	f.gitOK(dir, "switch", "--quiet", "-c", "feature")
	head := f.change(dir, "b.yaml", "b: 1\n")
	f.gitOK(dir, "push", "--quiet", "origin", "feature")
	f.open("ann", "feature")
	mr, err := f.Merge(config, 1, "mia", gitlabtest.MergeOptions{Squash: true, SquashMessage: "all of it\n\nwith a body"})
	f.must(err)
	revert, err := f.Revert(config, 1, "mia")
	f.must(err)
	edit, err := f.CommitFiles(config, gitlabtest.NewCommit{User: "ann", Branch: "edit", Message: "edit", Files: map[string]string{"c.yaml": "c: 1\n"}})
	f.must(err)
	for name, sha := range map[string]string{"the merge": mr.MergeCommitSHA, "the squash": mr.SquashCommitSHA, "the revert": revert.SHA, "the edit": edit} {
		raw := f.bare("cat-file", "commit", sha)
		if strings.Count(raw, "gpgsig ") != 1 || !strings.Contains(raw, "\ncommitter GitLab <noreply@") || strings.Contains(raw, "\nauthor GitLab") {
			t.Errorf("%s is not signed by the forge in a user's name:\n%s", name, raw)
		}
	}
	if raw := f.bare("cat-file", "commit", head); strings.Contains(raw, "gpgsig") {
		t.Errorf("the forge signed what ann pushed:\n%s", raw)
	}
	if got := f.bare("log", "-1", "--format=%B", mr.SquashCommitSHA); got != "all of it\n\nwith a body" {
		t.Errorf("the message of the squash became %q", got)
	}
}
