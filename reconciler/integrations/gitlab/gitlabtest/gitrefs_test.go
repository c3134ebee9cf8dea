package gitlabtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// TestRefsAreToldAsGitTellsThem follows a repository through its life; at each step the first answer of protocol 0 has to be
// git's own, the first time, when git is asked, and after.
func TestRefsAreToldAsGitTellsThem(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.must2(f.AddProject(gitlabtest.Project{Path: "acme/empty", Members: map[string]gitlabtest.AccessLevel{"mia": gitlabtest.Maintainer}}))
	dir := f.RepoDir(config)
	git := func(args ...string) func() { return func() { f.bare(args...) } }
	config := func(text string) func() {
		return func() { f.must(os.WriteFile(filepath.Join(dir, "config"), []byte(text), 0o644)) }
	}
	was, err := os.ReadFile(filepath.Join(dir, "config"))
	f.must(err)
	for _, step := range []struct {
		sentence string
		do       func()
	}{
		{"one branch", func() {}},
		{"names that sort by more than their folders", func() {
			for _, name := range []string{"a", "a-b", "a/b", "stage/production", "Z"} {
				f.bare("update-ref", "refs/heads/x"+name, "main")
				if name == "a" {
					f.bare("update-ref", "-d", "refs/heads/xa")
				}
			}
		}},
		{"what is kept and hidden", func() {
			f.bare("update-ref", "refs/keep-around/abc", "main")
			f.bare("update-ref", "refs/merge-requests/1/head", "main")
		}},
		{"tags of both kinds", func() { f.bare("tag", "light", "main"); f.bare("tag", "-a", "-m", "m", "heavy", "main") }},
		{"a tag of a tag", git("tag", "-a", "-m", "m", "heavier", "heavy")},
		{"a tag gone", git("tag", "-d", "heavier")},
		{"a tag of a tree", git("tag", "-a", "-m", "m", "tree", "main^{tree}")},
		{"without it", git("tag", "-d", "tree")},
		{"a branch that is another", git("symbolic-ref", "refs/heads/other", "refs/heads/main")},
		{"without that", git("symbolic-ref", "-d", "refs/heads/other")},
		{"a name with a dot", git("tag", "v1.0", "main")},
		{"no name with a dot", git("tag", "-d", "v1.0")},
		{"a HEAD of no branch", git("symbolic-ref", "HEAD", "refs/heads/none")},
		{"a HEAD of a commit", git("update-ref", "--no-deref", "HEAD", "main")},
		{"HEAD as it was", git("symbolic-ref", "HEAD", "refs/heads/main")},
		{"packed refs", git("pack-refs", "--all")},
		{"packed objects", git("repack", "-adq")},
		{"a configuration of more", config(string(was) + "[transfer]\n\tadvertiseSID = false\n\thideRefs = refs/tags\n")},
	} {
		step.do()
		for _, service := range []string{"upload-pack", "receive-pack"} {
			for _, path := range []string{"acme/config", "acme/empty"} {
				cmd := exec.Command("git", service, "--http-backend-info-refs", f.RepoDir(path))
				cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
				out, err := cmd.Output()
				f.must(err)
				want := line("# service=git-"+service+"\n") + "0000" + string(out)
				for _, time := range []string{"first", "second"} {
					if got := f.refs(path, service); got != want {
						t.Errorf("%s: %s of %s, asked the %s time: got %q, git tells %q", step.sentence, service, path, time, got, want)
					}
				}
			}
		}
	}
}
