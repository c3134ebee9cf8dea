package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// hostile paints a terminal, in seven bits and in eight, turns the text around and hides letters: all that a person who may
// push can write into a commit, a path, a tag or a merge request.
const hostile = "\x1b]0;owned\x07\x1b[2J\u009b31mred\u202egpj.exe\u200bx\u2066y\ufeff\u2028z\r"

// inRef is as hostile as git lets the name of a branch or tag be.
const inRef = "evil\u202egpj\u200b\u009bx"

// bred is a project with hostile text wherever somebody can put some.
func bred(t *testing.T) (p *project, operator string) {
	t.Helper()
	p = freshProject(t, "directory")
	operator, err := p.operatorFile("state", "directory: {kind: file, directory: "+t.TempDir()+"}")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(err)
	once(t, operator, exitDone)
	ann := p.team.Person("ann")
	git := func(args ...string) {
		t.Helper()
		_, err := ann.Git(t.Context(), args...)
		check(err)
	}
	check(ann.Fetch(t.Context()))
	for n, change := range []struct{ path, text, message string }{
		{"stages/development/payments/app.yaml", "limit: 5\n", hostile + "\n\nCo-authored-by: " + hostile + " <x@example.com>\n"},
		{"stages/development/payments/" + strings.ReplaceAll(hostile, "/", "") + ".yaml", "a: 1\n", hostile},
		{"stages/development/" + strings.ReplaceAll(hostile, "/", "") + "/app.yaml", "a: 1\n", hostile},
		{"stages/development/keys/app.yaml", "\"a\\e[2J\\u202e\": \"b\\e[2J\\u202e\\u009b\"\n", hostile},
		{"stages/development/twice/app.yaml", "x\u202e: 1\nx\u202e: 2\n", hostile},
	} {
		branch := fmt.Sprintf("%s-%d", inRef, n)
		git("checkout", "-q", "-f", "-B", branch, "origin/main")
		file := filepath.Join(ann.Dir(), change.path)
		check(os.MkdirAll(filepath.Dir(file), 0o755))
		check(os.WriteFile(file, []byte(change.text), 0o644))
		git("add", "-A")
		signed := "-S"
		if n == 0 {
			signed = "--no-gpg-sign"
		}
		git("-c", "user.name="+strings.Trim(hostile, "\r"), "commit", "-q", signed, "-m", change.message)
		git("push", "-q", "origin", branch)
		mr, err := p.forge.OpenMergeRequest(p.team.Path(), gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: branch, TargetBranch: "main", Title: hostile})
		check(err)
		check(p.team.Person("bob").Merge(mr.IID, gitlabtest.MergeOptions{}))
		check(ann.Fetch(t.Context()))
	}
	for _, kind := range []string{"genesis", "approve", "suspend", "break-glass", inRef} {
		check(ann.PushTag(t.Context(), "sluice/"+kind+"/0123456789abcdef/"+inRef, "origin/main", "sluice-request v1 "+kind+"\n"+hostile+": x\nreason: "+hostile+"\n\n-----BEGIN "+hostile))
	}
	git("checkout", "-q", "-f", "-B", inRef, "origin/main")
	check(os.WriteFile(filepath.Join(ann.Dir(), "stages", "development", "keys", "app.yaml"), []byte("\"k\\e[2J\\u202e\": \"v\\u009b\"\n"), 0o644))
	git("-c", "user.name="+strings.Trim(hostile, "\r"), "commit", "-q", "-S", "-a", "-m", hostile)
	git("push", "-q", "origin", inRef)
	_, err = p.forge.OpenMergeRequest(p.team.Path(), gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: inRef, TargetBranch: "main", Title: hostile})
	check(err)
	check(ann.Fetch(t.Context()))
	git("fetch", "-q", "origin", "+refs/tags/*:refs/tags/*")
	return p, operator
}

// TestHostileTextIsInertInEveryCommand: what strangers wrote reaches a terminal only escaped, in text, in JSON, in errors and
// in the log.
func TestHostileTextIsInertInEveryCommand(t *testing.T) {
	t.Parallel()
	p, operator := bred(t)
	clone := p.team.Person("ann").Dir()
	environ := func(name string) string {
		if name == "SLUICE_ANCHOR" {
			return string(p.team.Anchor())
		}
		return os.Getenv(name)
	}
	stray := filepath.Join(t.TempDir(), strings.ReplaceAll(hostile, "/", ""))
	if err := os.WriteFile(stray, []byte(hostile+": [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, args := range [][]string{
		{"run", "--once", "--config", operator},
		{"run", "--once", "--config", operator, "--log-format", "json"},
		{"run", "--once", "--config", stray},
		{"run", "--once", "--config", stray + "x"},
		{"status"}, {"status", hostile}, {"why", "payments"}, {"why", "payments", "development"}, {"why", hostile}, {"why", "payments", hostile},
		{"history", "payments"}, {"history", hostile}, {"diff", "origin/main~4", "origin/main"}, {"diff", "development", "testing"}, {"diff", hostile, inRef},
		{"check", "--base", "origin/main~5", "--head", "origin/main"}, {"check", "--head", inRef}, {"check", "--head", hostile}, {"check", "--base", hostile},
		{"check", "--base", "origin/main~5", "--head", "origin/main", "--control", "origin/main"}, {"check", "--target", hostile}, {"check", "--report", hostile},
		{"check", "--report", "junit=" + stray + "/" + hostile}, {"check", "--control", hostile}, {"check", "--ledger", hostile},
		{"lint"}, {"lint", hostile}, {"lint", stray}, {"explain", hostile}, {"verify", "origin/main~5..origin/main"}, {"verify", "origin/main"}, {"verify", inRef},
		{"verify", hostile}, {"verify", "origin/main", "--trust", stray}, {"audit", "verify"}, {"audit", "verify", "--anchor", hostile},
		{"audit", "checkpoint", "--ledger", inRef}, {"audit", "verify", "--known", stray}, {"requests", "-a"}, {"requests", "--ledger", hostile},
		{"approve", "6", "--dry-run"}, {"approve", "1", "--dry-run"}, {"approve", hostile, "--dry-run"}, {"approve", "--held", "payments", "development", "--dry-run"},
		{"approve", "--app", "keys", "--stage", "development", "--commit", inRef, "--dry-run"}, {"approve", "6", "--sign-with", stray, "-y"},
		{"suspend", "--stage", "production", "--until", "3d", "--reason", hostile, "--dry-run"}, {"suspend", "--stage", hostile, "--until", hostile, "--reason", "x", "--dry-run"},
		{"taint", hostile, hostile, "--revision", hostile, "--reason", "x", "--dry-run"}, {"accept-ref", inRef, "--new", inRef, "--reason", "x", "--dry-run"},
		{"break-glass", "payments", "production", "--commit", inRef, "--until", "4h", "--review", "3d", "--reason", "x", "--dry-run"},
		{"review", "payments", hostile, "--reason", "x", "--dry-run"}, {"expunge", hostile, "--reason", "x", "--dry-run"}, {"suspend", "--sign", hostile, "--dry-run"},
		{"trust", "show"}, {"trust", "show", hostile}, {"trust", "verify", hostile}, {"trust", "add", hostile, "--role", hostile}, {"trust", "revoke", hostile},
		{"trust", "add", "eve", "--name", strings.Trim(hostile, "\r\u2028"), "--role", "author", "--key", p.team.Person("bob").Key() + ".pub"},
		{"trust", "add", "eve", "--name", "E\u202ev\u200be", "--role", "author"}, {"trust", "show"}, {"trust", "verify"}, {"trust", "sign", "--sign-with", stray},
		{"init"}, {"init", "--seal"}, {"completion", hostile}, {hostile}, {"status", "--" + hostile}, {"status", "--color", hostile}, {"version", hostile},
	} {
		for _, output := range []string{"text", "json"} {
			code, out, errs := call(t.Context(), environ, append([]string{"-C", clone, "-o", output}, args...)...)
			where := fmt.Sprintf("sluice %q -o %s (exit %d)", args, output, code)
			inert(t, where+", standard output", out)
			inert(t, where+", standard error", errs)
			said += out + errs
		}
	}
	reports := t.TempDir()
	args := []string{"-C", clone, "-o", "markdown", "check", "--base", "origin/main~5", "--head", "origin/main"}
	for _, kind := range knownReports() {
		args = append(args, "--report", kind.name+"="+filepath.Join(reports, kind.name))
	}
	code, out, errs := call(t.Context(), environ, args...)
	inert(t, fmt.Sprintf("sluice check -o markdown (exit %d)", code), out+errs)
	for _, kind := range knownReports() {
		text, err := os.ReadFile(filepath.Join(reports, kind.name))
		if err != nil {
			t.Error(err)
		}
		inert(t, "report "+kind.name, string(text))
	}
	if strings.Count(said, "owned") < 10 {
		t.Errorf("the hostile text is hardly shown at all, so little is tested:\n%s", said)
	}
}

func inert(t *testing.T, where, text string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf) || r == '\u2028' || r == unicode.ReplacementChar) {
			t.Errorf("%s: has %U in\n%q", where, r, text)
			return
		}
	}
}
