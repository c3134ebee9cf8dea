package real_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTryingToInstallSaysLoudlyWhatItCouldNot: on a machine that has a shell and nothing that could install or build.
func TestTryingToInstallSaysLoudlyWhatItCouldNot(t *testing.T) {
	bare := t.TempDir()
	for _, name := range []string{"bash", "env", "dirname", "timeout", "id", "cat", "sha256sum", "cut", "mkdir", "rm", "tail", "sed", "tr"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bare, name)); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (string, error) {
		cmd := exec.Command("./install.sh", args...)
		cmd.Env = []string{"PATH=" + bare, "HOME=" + t.TempDir()}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run("--try", "gnupg", "etcd", "etcd-packaged")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"NOT INSTALLED, so its tests skip: gnupg: gpg: not in PATH and there is no apt-get",
		"NOT INSTALLED, so its tests skip: etcd: ", "go: command not found",
		"NOT INSTALLED, so its tests skip: etcd-packaged: ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	if out, err := run("gnupg"); err == nil {
		t.Errorf("without --try it ends well:\n%s", out)
	}
}
