package status_test

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

func TestWhyQuestions(t *testing.T) {
	above := sample(t)
	above.Apps[2].Cells[3].Held.Above = &schema.AboveView{Commit: commit(t, "b"), MergeRequest: 4121}
	refused := sample(t)
	refused.Apps[1].Cells[4].Held.Above = &schema.AboveView{Commit: commit(t, "b")}
	unread := sample(t)
	unread.Apps[2].Cells[3].Held.Above = &schema.AboveView{Why: "read commit bbbbbbbb: not found"}
	gone := troubled(t)
	gone.Apps[0].Cells[4].Incident = &schema.Incident{Ref: "refs/heads/stage/production", Code: "ref-missing", Seen: commit(t, "1"), Since: ago(time.Hour)}
	gone.Incidents = []schema.Incident{*gone.Apps[0].Cells[4].Incident}
	both := troubled(t)
	both.Apps[2].Cells[3].Incident, both.Apps[2].Cells[3].State = &both.Incidents[0], schema.Refused
	quietly := sample(t)
	stale := sample(t)
	stale.Looked = ago(18 * time.Minute)
	signing := func(o *status.TextOptions) { o.Commands = append(o.Commands, "approve", "accept-ref", "break-glass") }
	signed := sample(t)
	signed.Apps[2].Cells[3].Held.Verdict = schema.All("gate", schema.Verdict{
		Policy: "approvals", Outcome: schema.Hold, Code: "signed-approvals-missing",
		Args:  map[string]string{"have_signed": "0", "need_signed": "1", "eligible_signed": "bob, carol"},
		Parts: []schema.Verdict{{Policy: "approvals", Outcome: schema.Hold, Code: "approval-late", Args: map[string]string{"by": "bob"}}},
	})
	nobody := sample(t)
	nobody.Apps[2].Cells[3].Held.Verdict = schema.All("gate", schema.Verdict{
		Policy: "approvals", Outcome: schema.Hold, Code: "approvals-missing", Args: map[string]string{"have": "0", "need": "1", "eligible": ""},
	})
	control := troubled(t)
	control.Control.Verdict = schema.All("control", schema.Verdict{
		Policy: "admins", Outcome: schema.Hold, Code: "control-unsigned", Args: map[string]string{"have": "0", "need": "1"},
	})
	rolling := sample(t)
	rolling.Apps[2].Cells[3].Held.Change.Kind, rolling.Apps[2].Cells[3].Held.Change.Tune = schema.Rollback, true
	sealed := sample(t)
	sealed.Apps[2].Cells[3].Goal = ""
	rows := []struct {
		name   string
		view   schema.View
		cell   schema.Cell
		exit   int
		change func(*status.TextOptions)
	}{
		{"never-admitted", quietly, schema.Cell{Stage: "development", App: "search"}, 1, nil},
		{"newer-above-held", above, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, nil},
		{"newer-above-denied", refused, schema.Cell{Stage: "production", App: "orders/api"}, 1, nil},
		{"newer-not-known", unread, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, nil},
		{"with-rollback", quietly, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, func(o *status.TextOptions) { o.Commands = append(o.Commands, "rollback") }},
		{"no-goal-of-a-rollback", sealed, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, func(o *status.TextOptions) { o.Commands = append(o.Commands, "rollback") }},
		{"verbose", quietly, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, func(o *status.TextOptions) { o.Verbose = true }},
		{"in-colour", quietly, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, func(o *status.TextOptions) { o.Color = true }},
		{"every-stage", quietly, schema.Cell{App: "orders/api"}, 1, nil},
		{"every-stage-clear", quietly, schema.Cell{App: "catalog"}, 0, nil},
		{"unknown-app", quietly, schema.Cell{App: "payment/ledger"}, 2, nil},
		{"unknown-stage", quietly, schema.Cell{Stage: "grey", App: "payments/ledger"}, 2, nil},
		{"unknown-stage-far-off", quietly, schema.Cell{Stage: "qa", App: "payments/ledger"}, 2, nil},
		{"stale", stale, schema.Cell{Stage: "gray", App: "catalog"}, 5, nil},
		{"stale-and-held", stale, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, nil},
		{"control", troubled(t), schema.Control, 1, nil},
		{"control-unsigned", unsignedControl(t), schema.Control, 1, func(o *status.TextOptions) { o.Commands = append(o.Commands, "approve", "trust") }},
		{"control-unsigned-by-git-alone", unsignedControl(t), schema.Control, 1, nil},
		{"control-clear", quietly, schema.Control, 0, nil},
		{"ref-gone", gone, schema.Cell{Stage: "production", App: "catalog"}, 1, nil},
		{"incident-and-held", both, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, nil},
		{"held-rollback", rolling, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, nil},
		{"with-approve", quietly, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, signing},
		{"signed-approvals-missing", signed, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, signing},
		{"nobody-can-sign", nobody, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, signing},
		{"control-with-approve", control, schema.Control, 1, signing},
		{"incident-with-accept-ref", both, schema.Cell{Stage: "gray", App: "payments/ledger"}, 1, signing},
		{"ref-gone-with-accept-ref", gone, schema.Cell{Stage: "production", App: "catalog"}, 1, signing},
		{"unsealed", schema.View{At: now}, schema.Cell{App: "catalog"}, 2, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			opts := options()
			if row.change != nil {
				row.change(&opts)
			}
			var b bytes.Buffer
			if exit := status.WriteWhy(&b, row.view, row.cell, opts); exit != row.exit {
				t.Errorf("exit %d, want %d", exit, row.exit)
			}
			golden(t, "ask-"+row.name+".txt", b.Bytes())
		})
	}
}

// unsignedControl is a project whose control change waits for people who may still sign.
func unsignedControl(t testing.TB) schema.View {
	v := troubled(t)
	v.Control.Verdict = schema.All("control",
		schema.Verdict{Policy: "roots", Outcome: schema.Hold, Code: "trust-threshold", Args: map[string]string{"why": "1 of 2 roots of the version before signed: alice", "eligible": "bob, carol"}},
		schema.Verdict{Policy: "admins", Outcome: schema.Hold, Code: "control-unsigned", Args: map[string]string{"have": "1", "need": "2", "by": "alice", "eligible": "dan, erin"}},
		schema.Verdict{Policy: "cells", Outcome: schema.Allow, Args: map[string]string{"alters": "orders/api in gray, orders/api in production"}},
	)
	return v
}

// TestAdviceNamesNoCommandThatThereIsNot asks with a binary that has no commands at all.
func TestAdviceNamesNoCommandThatThereIsNot(t *testing.T) {
	for _, code := range schema.Codes() {
		v := sample(t)
		c := &v.Apps[2].Cells[3]
		c.Held.Verdict = schema.Verdict{Policy: "p", Outcome: schema.Hold, Code: code}
		c.Targets[0].Code = code
		v.Control = &schema.HeldView{Commit: commit(t, "f"), Verdict: c.Held.Verdict}
		for _, cell := range []schema.Cell{c.Cell, {App: c.Cell.App}, schema.Control} {
			var b bytes.Buffer
			status.WriteWhy(&b, v, cell, status.TextOptions{Now: now})
			status.WriteStatus(&b, v, "", status.TextOptions{Now: now})
			for _, command := range []string{"promote", "why", "status", "lint", "doctor", "adopt", "approve", "accept-ref", "break-glass", "review", "suspend", "taint", "history", "rollback", "trust", "policy", "init", "resume", "explain", "audit"} {
				if strings.Contains(b.String(), "sluice "+command) {
					t.Errorf("%s advises sluice %s, which there is not:\n%s", code, command, b.String())
				}
			}
		}
	}
}

// TestTheWaysOutWork runs what why prints with the real git, as a person would paste it.
func TestTheWaysOutWork(t *testing.T) {
	dir := t.TempDir()
	work := filepath.Join(dir, "work")
	run(t, dir, "git init -q --bare -b main origin.git && git clone -q origin.git work 2>/dev/null")
	run(t, work, "git switch -q -c main && mkdir -p stages/gray/payments/ledger stages/gray/other && cd stages/gray && echo one > payments/ledger/limits.yaml && echo x > other/a && git add . && git commit -q -m one && git push -q origin main")
	base := head(t, work)
	run(t, work, "cd stages/gray && echo two > payments/ledger/limits.yaml && echo new > payments/ledger/new.yaml && echo y > other/a && git add . && git commit -q -m two && git push -q origin main")
	tip := head(t, work)
	run(t, work, "cd stages/gray && echo three > payments/ledger/limits.yaml && git commit -q -a -m three && git push -q origin main")
	newest := head(t, work)

	v := sample(t)
	c := &v.Apps[2].Cells[3]
	c.Commit, c.Held.Commit, c.Held.Above = base, tip, &schema.AboveView{Commit: newest, MergeRequest: 7}
	opts := options()
	commands := printed(t, v, c.Cell, opts, "Take it back")
	run(t, work, strings.ReplaceAll(commands, "commit -S", "commit -q"))
	got := run(t, work, "git diff --name-only "+base.String()+" HEAD && git rev-parse origin/revert/payments-ledger-gray HEAD | uniq | wc -l")
	if strings.Fields(got)[0] != "stages/gray/other/a" || strings.Fields(got)[1] != "1" {
		t.Errorf("after\n%s\nthe other app alone should differ from what was admitted, and it should be pushed; got %s", commands, got)
	}
	run(t, work, "git push -q origin HEAD:main")
	commands = printed(t, v, c.Cell, opts, "Once that is merged")
	run(t, work, strings.ReplaceAll(commands, "commit -S", "commit -q"))
	if got := run(t, work, "git diff --name-only "+newest.String()+" origin/again/payments-ledger-gray"); got != "" {
		t.Errorf("after\n%s\nthe branch should have what lay above; %s differs", commands, got)
	}
	c.Seq, c.Commit = 0, schema.Hash{}
	run(t, work, "git branch -q -D revert/payments-ledger-gray")
	commands = printed(t, v, c.Cell, opts, "Take it back")
	run(t, work, strings.ReplaceAll(strings.ReplaceAll(commands, "commit -S", "commit -q"), "push -u", "push -f -u"))
	if got := run(t, work, "git ls-tree -r --name-only HEAD"); strings.TrimSpace(got) != "stages/gray/other/a" {
		t.Errorf("after\n%s\nnothing of the app should be left; there is\n%s", commands, got)
	}
	run(t, work, "git switch -q main && git reset -q --hard "+base.String()+" && echo evil > evil && git add . && git commit -q -m evil && git push -q -f origin main")
	found := head(t, work)
	i := schema.Incident{Ref: "refs/heads/main", Code: "non-fast-forward", Seen: tip, Found: found, Since: ago(time.Hour)}
	v.Apps[0].Cells[4].State, v.Apps[0].Cells[4].Incident = schema.Refused, &i
	run(t, work, printed(t, v, v.Apps[0].Cells[4].Cell, opts, "Put the ref back"))
	if got := strings.TrimSpace(run(t, dir, "git -C origin.git rev-parse main")); got != tip.String() {
		t.Errorf("main is %s, want the tip that was seen, %s", got, tip)
	}
}

// TestThePageHasTheCommandsOfWhy asks both about everything that waits: the page of the app and that of the stage say what why says.
func TestThePageHasTheCommandsOfWhy(t *testing.T) {
	v := sample(t)
	v.Apps[2].Cells[3].Held.Above = &schema.AboveView{Commit: commit(t, "b"), MergeRequest: 4121}
	h, asked := site(t, &v, now), 0
	for _, app := range v.Apps {
		for _, c := range app.Cells {
			if c.Held == nil {
				continue
			}
			var b bytes.Buffer
			status.WriteWhy(&b, v, c.Cell, options())
			_, ways, _ := strings.Cut(b.String(), "ways out\n")
			if c.Held.Above != nil {
				ways += "       Git has newer content here (commit bbbbbbbb, !4121)."
			}
			for _, path := range []string{"/app/" + string(app.App), "/cell/" + string(c.Cell.Stage) + "/" + string(app.App)} {
				page := html.UnescapeString(body(t, ask(h, "GET", path)))
				for _, line := range strings.Split(ways, "\n") {
					if command, ok := strings.CutPrefix(line, "       "); ok && !strings.Contains(page, command) {
						t.Errorf("%s lacks a line of why %s: %s", path, c.Cell, command)
					}
				}
				asked += strings.Count(ways, "\n       ")
			}
		}
	}
	if asked < 30 {
		t.Errorf("compared %d commands", asked)
	}
}

// printed are the commands below a way out.
func printed(t *testing.T, v schema.View, cell schema.Cell, opts status.TextOptions, way string) string {
	t.Helper()
	var b bytes.Buffer
	status.WriteWhy(&b, v, cell, opts)
	_, rest, found := strings.Cut(b.String(), way)
	if !found {
		t.Fatalf("no way %q in\n%s", way, b.String())
	}
	var out []string
	for _, line := range strings.Split(rest, "\n")[1:] {
		if !strings.HasPrefix(line, "       ") {
			break
		}
		out = append(out, strings.TrimSpace(line))
	}
	return strings.Join(out, "\n")
}

func head(t *testing.T, dir string) schema.Hash {
	t.Helper()
	h, err := schema.ParseHash(strings.TrimSpace(run(t, dir, "git rev-parse HEAD")))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func run(t *testing.T, dir, script string) string {
	t.Helper()
	c := exec.Command("sh", "-e", "-c", script)
	c.Dir = dir
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w: %s", script, err, errs.String()))
	}
	return string(out)
}
