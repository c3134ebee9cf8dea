package real_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
)

// verdict stands in for a test and notes how it was ended.
type verdict struct {
	testing.TB
	skipped, failed string
}

func (v *verdict) Helper()                        {}
func (v *verdict) Skipf(format string, a ...any)  { v.skipped = fmt.Sprintf(format, a...) }
func (v *verdict) Fatalf(format string, a ...any) { v.failed = fmt.Sprintf(format, a...) }

func TestBinary(t *testing.T) {
	installed, inPath := t.TempDir(), t.TempDir()
	place(t, filepath.Join(installed, "bin", "both"))
	place(t, filepath.Join(inPath, "both"))
	place(t, filepath.Join(inPath, "other"))
	if err := os.WriteFile(filepath.Join(inPath, "text"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLUICE_REAL_DIR", installed)
	t.Setenv("PATH", inPath)

	for _, row := range []struct{ sentence, name, required, want, skipped, failed string }{
		{"an installed program before the one in PATH", "both", "", filepath.Join(installed, "bin", "both"), "", ""},
		{"else the one in PATH", "other", "required", filepath.Join(inPath, "other"), "", ""},
		{"an absent program skips and says so", "none", "", "",
			"SKIPPED, NOT CHECKED: none: not in " + installed + "/bin and not in PATH; install it with: make real", ""},
		{"an absent program fails where it is required", "none", "required", "", "",
			"none: not in " + installed + "/bin and not in PATH, and SLUICE_REAL=required; install it with: make real"},
		{"a file that is no program is absent", "text", "required", "", "",
			"text: not in " + installed + "/bin and not in PATH, and SLUICE_REAL=required; install it with: make real"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			t.Setenv("SLUICE_REAL", row.required)
			var v verdict
			got := real.Binary(&v, row.name)
			if got != row.want || v.skipped != row.skipped || v.failed != row.failed {
				t.Errorf("got %q, skipped %q, failed %q; want %q, %q, %q", got, v.skipped, v.failed, row.want, row.skipped, row.failed)
			}
		})
	}
}

func place(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	writeProgram(t, path, "#!/bin/sh\nexec sleep 600\n")
}

// writeProgram writes a script that is about to be run. No process may start meanwhile: it would inherit the open file,
// and the kernel runs no file that somebody has open to write ("text file busy").
func writeProgram(t testing.TB, path, script string) {
	t.Helper()
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte(script), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
}
