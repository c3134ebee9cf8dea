// Package real finds and runs the real programs that tests drive: etcd, etcdctl, kube-apiserver, ssh-keygen, gpg, chromium, prometheus, git.
//
// A test that cannot find its program skips and prints why. Where SLUICE_REAL is "required", as in the project's own
// pipeline, it fails instead, so that nothing is left unchecked unseen. Only tests may import this package.
//
//	etcd := exec.Command(real.Binary(t, "etcd"), "--data-dir", t.TempDir())
//	real.Start(t, etcd) // dies with the test, whatever happens to it
package real

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Binary returns the path of a program: the one that ci/real/install.sh placed, else the one in PATH. Where there is
// none, the test ends: skipped with a reason, or failed where Required.
func Binary(t testing.TB, name string) string {
	t.Helper()
	path, err := find(Dir(), name)
	if err == nil {
		return path
	}
	Missing(t, err.Error())
	return ""
}

// Missing ends a test that lacks something real: skipped with the reason, or failed where Required.
func Missing(t testing.TB, reason string) {
	t.Helper()
	if Required() {
		t.Fatalf("%s, and SLUICE_REAL=required; install it with: make real", reason)
		return
	}
	t.Skipf("SKIPPED, NOT CHECKED: %s; install it with: make real", reason)
}

// Required tells whether a missing program is a failure.
func Required() bool { return os.Getenv("SLUICE_REAL") == "required" }

// Dir is where ci/real/install.sh places what it builds: $SLUICE_REAL_DIR, else .cache/sluice/real in the home
// directory.
func Dir() string {
	if dir := os.Getenv("SLUICE_REAL_DIR"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".cache", "sluice", "real")
}

// find looks in the installed programs first: they have the version the tests are written for.
func find(dir, name string) (string, error) {
	if dir != "" {
		if path, err := exec.LookPath(filepath.Join(dir, "bin", name)); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s: not in %s/bin and not in PATH", name, dir)
	}
	return path, nil
}
