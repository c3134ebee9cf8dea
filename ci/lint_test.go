package ci_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestStaticcheckExclusion: one kind of finding in one folder is let pass, and nothing else.
func TestStaticcheckExclusion(t *testing.T) {
	const (
		successor = "github.com/xanzy/go-gitlab.Client is deprecated: use gitlab.com/gitlab-org/api/client-go instead. See https (SA1019)"
		allowed   = "reconciler/integrations/gitlab/a.go:5:13: " + successor
		elsewhere = "reconciler/a.go:5:13: " + successor
		method    = "reconciler/integrations/gitlab/a.go:5:13: (*github.com/xanzy/go-gitlab.Client).Old is deprecated: use New (SA1019)"
		unused    = "reconciler/integrations/gitlab/a.go:7:6: func unused is unused (U1000)"
	)
	for _, row := range []struct {
		sentence string
		findings []string
		code     string
		want     string // what is printed
		ok       bool
	}{
		{"clean", nil, "0", "", true},
		{"the deprecated module in its folder", []string{allowed, allowed}, "1", "", true},
		{"the deprecated module elsewhere", []string{elsewhere}, "1", elsewhere, false},
		{"a deprecated method of it", []string{allowed, method}, "1", method, false},
		{"another finding in the folder", []string{allowed, unused}, "1", unused, false},
		{"a run that found nothing but was not clean", nil, "1", "staticcheck: exit code 1", false},
		{"a run that could not look", []string{allowed}, "2", "staticcheck: exit code 2", false},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			tool := filepath.Join(t.TempDir(), "staticcheck")
			script := "#!/bin/sh\ncat <<'END'\n" + strings.Join(append(row.findings, "END"), "\n") + "\nexit " + row.code + "\n"
			writeProgram(t, tool, script)
			out, err := exec.Command("./staticcheck.sh", tool, "./...").CombinedOutput()
			if got := strings.TrimSpace(string(out)); got != row.want || (err == nil) != row.ok {
				t.Errorf("got %q, %v, want %q and to pass: %v", got, err, row.want, row.ok)
			}
		})
	}
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
