package reconciler_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// TestFilesThatRuleAreControlFiles: who may change what, and which checks run, is the admins' to say.
func TestFilesThatRuleAreControlFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "config")
	git := func(stdin string, args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if out, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("git init: %v: %s", err, out)
	}
	want := []string{".gitlab-ci.yml", ".sluice/schemas/app.json", ".sluice/trust/root.yaml", "CODEOWNERS", "sluice.yaml"}
	for _, path := range append([]string{"README.md", "payments/app.yaml", "payments/CODEOWNERS"}, want...) {
		blob := git(path, "hash-object", "-w", "--stdin")
		git("", "update-index", "--add", "--cacheinfo", "100644,"+blob+","+path)
	}
	tree, err := schema.ParseHash(git("", "write-tree"))
	if err != nil {
		t.Fatal(err)
	}
	repo, err := gitrepo.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, files, err := reconciler.ControlFiles(t.Context(), repo, tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range want {
		if string(files[path]) != path {
			t.Errorf("%s is no control file", path)
		}
	}
	if len(manifest) != len(want) {
		t.Errorf("got %d control files, want %d: %v", len(manifest), len(want), manifest)
	}
}
