package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
)

const eightLines = "version: 1\nlayout: directory\ntargets:\n  %s: {}\nstages:\n  - name: development\n%s  - name: production\nstage_local: [local.yaml]\n"

// TestInitStage plays a stage that is added where files lie already: they wait until the admins seal them.
func TestInitStage(t *testing.T) {
	program, err := exec.LookPath("sluice")
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProject(t.Context(), t.TempDir(), program, fmt.Sprintf(eightLines, "directory", ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.forge.Close() })
	live := filepath.Join(p.dir, "live")
	if err := os.Mkdir(live, 0o755); err != nil {
		t.Fatal(err)
	}
	operator, err := p.operatorFile("state", "directory: {kind: file, directory: "+live+"}")
	if err != nil {
		t.Fatal(err)
	}
	ann := p.team.Person("ann")
	sluice := func(want int, says string, args ...string) {
		t.Helper()
		code, out, errs := call(t.Context(), os.Getenv, args...)
		if code != want || !strings.Contains(out+errs, says) {
			t.Fatalf("sluice %s: exit %d, want %d and %q\n%s%s", strings.Join(args, " "), code, want, says, out, errs)
		}
	}
	push := func(files map[string]string) {
		t.Helper()
		if err := ann.Fetch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := ann.Commit(t.Context(), team.Commit{Branch: "main", Start: "origin/main", Files: files, Message: "change"}); err != nil {
			t.Fatal(err)
		}
		if err := ann.Push(t.Context(), "main"); err != nil {
			t.Fatal(err)
		}
	}
	pass := []string{"run", "--once", "--config", operator}
	stage := []string{"-C", ann.Dir(), "init", "--stage", "canary"}

	sluice(exitUnprovable, "no ledger", stage...)
	push(map[string]string{"stages/canary/payments/app.yaml": "a: 1\n"})
	sluice(exitDone, "sealed", "-C", ann.Dir(), "init", "--seal")
	sluice(exitDone, "", pass...)
	sluice(exitUsage, `there is no stage "canary" in the rules in force`, stage...)

	push(map[string]string{"sluice.yaml": fmt.Sprintf(eightLines, "directory", "  - name: canary\n")})
	sluice(exitNo, "override", pass...)
	sluice(exitDone, "1 app in 1 stage", stage...)
	sluice(exitDone, "", pass...)
	if _, err := os.Stat(filepath.Join(live, "canary/payments/current/app.yaml")); err != nil {
		t.Errorf("the sealed app is not delivered: %v", err)
	}
	sluice(exitUsage, "has admitted apps already", stage...)
	sluice(exitUsage, "holds no app", "-C", ann.Dir(), "init", "--stage", "production")
	sluice(exitDone, "", "-C", ann.Dir(), "audit", "verify", "--anchor", string(p.team.Anchor()))
}
