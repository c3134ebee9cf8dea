package ci_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestEndToEndClients lets programs that others wrote read what sluice writes: agollo, viper, koanf, confd and etcdctl, in
// modules of their own.
func TestEndToEndClients(t *testing.T) {
	if os.Getenv("SLUICE_E2E") == "" {
		t.Skip("make e2e lets agollo, viper, koanf, confd and etcdctl read what sluice writes")
	}
	folder := filepath.Join(root, "ci", "clients")
	run := func(args ...string) ([]byte, error) {
		program := exec.CommandContext(t.Context(), "go", args...)
		program.Dir, program.Env = folder, append(os.Environ(), "GOFLAGS=-mod=readonly", "CGO_ENABLED=0")
		return program.CombinedOutput()
	}
	if out, err := run("list", "-deps", "-test", "./..."); err != nil && os.Getenv("SLUICE_REAL") != "required" {
		t.Skipf("SKIPPED, NOT CHECKED: the modules of ci/clients are not here: %s", out)
	}
	out, err := run("test", "-v", "-count=1", "-timeout=5m", "./...")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"TestAgollo", "TestViper", "TestKoanf", "TestEtcdctl", "TestConfd"} {
		if ran := strings.Contains(string(out), "--- PASS: "+name+" "); !ran && os.Getenv("SLUICE_REAL") == "required" {
			t.Errorf("%s did not run:\n%s", name, out)
		}
	}
}
