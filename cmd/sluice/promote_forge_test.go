package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// TestPromotionsReachTheForge: by a push that asks for the merge request, by a token, and by the robot of sluice run, each with
// the commit that its gate lets in; then back.
func TestPromotionsReachTheForge(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	program, err := exec.LookPath("sluice")
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProject(ctx, dir, program, fmt.Sprintf(sixLines, "directory"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.forge.Close() })
	live := filepath.Join(dir, "live")
	if err := os.Mkdir(live, 0o755); err != nil {
		t.Fatal(err)
	}
	operator, err := p.operatorFile("state", "directory: {kind: file, directory: "+live+"}")
	if err != nil {
		t.Fatal(err)
	}
	ann := p.team.Person("ann")
	clone := ann.Dir()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	run := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := call(ctx, os.Getenv, args...)
		if code != want {
			t.Fatalf("sluice %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, want, out, errs)
		}
		return out + errs
	}
	newest := func() gitlabtest.MergeRequest {
		t.Helper()
		all, err := p.forge.MergeRequests(p.team.Path())
		if err != nil || len(all) == 0 {
			t.Fatalf("merge requests: %d, %v", len(all), err)
		}
		return all[len(all)-1]
	}
	opened := func(what, author, branch string) int {
		t.Helper()
		mr := newest()
		if mr.State != "opened" || mr.Author != author || !strings.HasPrefix(mr.SourceBranch, branch) || mr.TargetBranch != "main" || mr.Squash || !mr.RemoveSource {
			t.Fatalf("%s: got !%d %s by %s from %s into %s, squash %t, branch removed %t; want one by %s from %s", what, mr.IID, mr.State, mr.Author, mr.SourceBranch, mr.TargetBranch, mr.Squash, mr.RemoveSource, author, branch)
		}
		return mr.IID
	}
	merge := func(iid int, approvers ...string) {
		t.Helper()
		for _, who := range approvers {
			if err := p.team.Person(who).Approve(iid); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.team.Person("bob").Merge(iid, gitlabtest.MergeOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := ann.Fetch(ctx); err != nil {
		t.Fatal(err)
	}
	run(exitDone, "-C", clone, "init", "--seal")
	if _, err := p.bring(ctx, "development", "limit", limit(5000)); err != nil {
		t.Fatal(err)
	}
	run(exitDone, "run", "--once", "--config", operator)

	out := run(exitDone, "-C", clone, "promote", "payments", "--to", "testing", "--yes")
	first := opened("by a push", "ann", "sluice/promote/testing/payments/")
	if !strings.Contains(out, fmt.Sprintf("proposed: merge request !%d", first)) || !strings.Contains(newest().Description, "\n    git fetch origin\n") {
		t.Errorf("promote printed\n%s\nand described it\n%s", out, newest().Description)
	}
	if out := run(exitNo, "-C", clone, "promote", "payments", "--to", "testing", "--yes"); !strings.Contains(out, "cannot be seen without a token") {
		t.Errorf("a second time without a token printed\n%s", out)
	}
	merge(first)
	run(exitDone, "run", "--once", "--config", operator)
	run(exitDone, "-C", clone, "promote", "payments", "--to", "testing", "--yes") // it is there already

	token := filepath.Join(dir, "ann.token")
	if err := os.WriteFile(token, []byte(ann.Token()), 0o600); err != nil {
		t.Fatal(err)
	}
	out = run(exitDone, "-C", clone, "promote", "payments", "--to", "staging", "--yes", "--gitlab-token-file", token)
	iid := opened("by a token", "ann", "sluice/promote/staging/payments/")
	if !strings.Contains(out, fmt.Sprintf("proposed: merge request !%d", iid)) {
		t.Errorf("promote printed\n%s", out)
	}
	if out := run(exitPending, "-C", clone, "promote", "payments", "--to", "staging", "--yes", "--wait", "--timeout", "0s"); !strings.Contains(out, "not merged yet, or") {
		t.Errorf("waiting printed\n%s", out)
	}
	merge(iid, "bob")
	if out := run(exitDone, "-C", clone, "promote", "payments", "--to", "staging", "--yes"); !strings.Contains(out, "has these files already") {
		t.Errorf("a second time printed\n%s", out)
	}
	text, err := os.ReadFile(operator)
	if err != nil {
		t.Fatal(err)
	}
	robot := filepath.Join(dir, "robot.yaml")
	if err := os.WriteFile(robot, append(text, "bot_key_file: "+filepath.Join(dir, "reconciler", "bot")+"\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	run(exitDone, "run", "--once", "--config", robot)
	merge(opened("by the robot", "reconciler", "sluice/promote/gray/payments/"), "carol")
	run(exitDone, "run", "--once", "--config", robot)
	opened("by the robot, one further", "reconciler", "sluice/promote/production/payments/")
	if out := run(exitNo, "-C", clone, "rollback", "payments", "--stage", "gray", "--yes"); !strings.Contains(out, "never admitted with another revision") {
		t.Errorf("rollback printed\n%s", out)
	}
	if _, err := p.bring(ctx, "development", "limit", limit(8000)); err != nil {
		t.Fatal(err)
	}
	run(exitDone, "run", "--once", "--config", operator)
	back := []string{"-C", clone, "rollback", "payments", "--stage", "development", "--yes", "--gitlab-token-file"}
	bad := filepath.Join(dir, "bad.token")
	if err := os.WriteFile(bad, []byte("glpat-nobody"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(exitForbidden, append(back, bad)...) // it is pushed, and has no merge request
	run(exitForbidden, append(back, bad)...)
	out = run(exitDone, append(back, token)...)
	iid = opened("the way back", "ann", "sluice/rollback/development/payments/")
	if !strings.Contains(out, fmt.Sprintf("proposed: merge request !%d from", iid)) {
		t.Errorf("rollback printed\n%s", out)
	}
	if err := p.forge.CloseMergeRequest(p.team.Path(), iid, "bob"); err != nil {
		t.Fatal(err)
	}
	run(exitDone, append(back, token)...)
	again := opened("the way back, after somebody closed it", "ann", "sluice/rollback/development/payments/")
	if again == iid {
		t.Errorf("got !%d, which is closed", iid)
	}
	merge(again)
	run(exitDone, "run", "--once", "--config", operator)
	if data, err := os.ReadFile(filepath.Join(live, "development", "payments", "current", "app.yaml")); err != nil || !strings.Contains(string(data), "5000") {
		t.Errorf("after the rollback development has %q, %v", data, err)
	}
}
