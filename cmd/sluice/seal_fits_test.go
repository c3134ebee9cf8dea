package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
)

// TestInitSealRefusesWhatATargetCannotHold: nobody judges what is sealed, so that this is the last look before it fails there.
func TestInitSealRefusesWhatATargetCannotHold(t *testing.T) {
	program, err := exec.LookPath("sluice")
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProject(t.Context(), t.TempDir(), program, fmt.Sprintf(eightLines, "configmap", ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.forge.Close() })
	operator, err := p.operatorFile("state", "configmap: {kind: file, directory: "+t.TempDir()+"}")
	if err != nil {
		t.Fatal(err)
	}
	ann := p.team.Person("ann")
	if err := ann.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"stages/production/payments/a b.txt": "no key of a ConfigMap", "stages/production/web/app.yaml": "a: 1\n"}
	if _, err := ann.Commit(t.Context(), team.Commit{Branch: "main", Start: "origin/main", Files: files, Message: "change"}); err != nil {
		t.Fatal(err)
	}
	if err := ann.Push(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		sentence string
		more     []string
		want     int
		says     string
		tags     int
	}{
		{"the target's name says that it is a ConfigMap", nil, exitUsage, "stages/production/payments: error[target-invalid]", 0},
		{"a file that is not there says nothing", []string{"--config", operator + ".not"}, exitUsage, "read the operator's file " + operator + ".not: no such file", 0},
		{"the operator's file says that it is a directory", []string{"--config", operator}, exitDone, "sealed", 1},
	} {
		code, out, errs := call(t.Context(), os.Getenv, append([]string{"-C", ann.Dir(), "init", "--seal"}, row.more...)...)
		if code != row.want || !strings.Contains(out+errs, row.says) || strings.Contains(out+errs, "stages/production/web") {
			t.Errorf("%s: exit %d, want %d and %q\n%s%s", row.sentence, code, row.want, row.says, out, errs)
		}
		tags, err := exec.CommandContext(t.Context(), "git", "-C", ann.Dir(), "ls-remote", "--tags", "origin").Output()
		if got := strings.Count(string(tags), "refs/tags/sluice/") - strings.Count(string(tags), "^{}"); err != nil || got != row.tags {
			t.Errorf("%s: %d requests are at the remote, want %d\n%s%v", row.sentence, got, row.tags, tags, err)
		}
	}
}
