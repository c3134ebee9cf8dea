package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestProblems(t *testing.T) {
	down := &integrations.Error{Target: "etcd", Class: integrations.ErrUnavailable, Why: "no answer"}
	for _, row := range []struct {
		name string
		err  error
		want []problem
	}{
		{"one cause keeps its words", fmt.Errorf("fetch: %w", gitrepo.ErrEmpty),
			[]problem{{text: "fetch: repository has no commit", exit: exitUsage, code: "repository-empty"}}},
		{"joined causes are told one by one", errors.Join(gitrepo.ErrEmpty, down),
			[]problem{{text: "repository has no commit", exit: exitUsage, code: "repository-empty"}, {text: "target etcd: unavailable: no answer", exit: exitUnavailable, code: "target-unavailable"}}},
		{"what was said around them stays before each", fmt.Errorf("pass: %w", errors.Join(gitrepo.ErrEmpty, errors.New("and that"))),
			[]problem{{text: "pass: repository has no commit", exit: exitUsage, code: "repository-empty"}, {text: "pass: and that", exit: exitUsage}}},
		{"the same cause is told once", errors.Join(down, errors.Join(down, down)),
			[]problem{{text: "target etcd: unavailable: no answer", exit: exitUnavailable, code: "target-unavailable"}}},
		{"two causes in one line stay one", fmt.Errorf("push: %w: %w", gitrepo.ErrRefused, errors.New("hook")),
			[]problem{{text: "push: push refused: hook", exit: exitForbidden, code: "push-refused"}}},
		{"a code in the text is the most exact one", fmt.Errorf("ledger [log-rollback]: %w", ledger.ErrDoubt),
			[]problem{{text: "ledger [log-rollback]: the ledger is in doubt", exit: exitTampered, code: "log-rollback"}}},
		{"the code of doubt is what was found", &ledger.Doubt{Code: "log-signature", Err: errors.New("not signed")},
			[]problem{{text: "the ledger is in doubt: log-signature: not signed", exit: exitTampered, code: "log-signature"}}},
		{"GitLab's errors name their code", &gitlab.Error{Doing: "find project", Kind: gitlab.ErrNotFound},
			[]problem{{text: "find project: project not found, or access to it was lost", exit: exitUsage, code: "forge-lost-access"}}},
		{"a command's word counts more", &failure{code: exitUnprovable, err: gitrepo.ErrEmpty},
			[]problem{{text: "repository has no commit", exit: exitUnprovable, code: "repository-empty"}}},
		{"a command's word about joined causes counts for each", &failure{code: exitNo, err: errors.Join(errors.New("a"), errors.New("b"))},
			[]problem{{text: "a", exit: exitNo}, {text: "b", exit: exitNo}}},
		{"what nobody classified is a mistake in use", errors.New("odd"), []problem{{text: "odd", exit: exitUsage}}},
	} {
		got := problems(row.err)
		for i := range got {
			got[i].hint, got[i].kind = "", "" // of the registry: see the scripts
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", row.name, got, row.want)
		}
	}
}

func TestEveryClassIsExplained(t *testing.T) {
	for _, c := range classes() {
		info, ok := schema.Explain(c.code)
		if c.code != "" && (!ok || info.Fix == "") {
			t.Errorf("%v: the registry does not explain %q", c.is, c.code)
		}
		if !slices.Contains(severity(), c.exit) {
			t.Errorf("%v: exit code %d is not among the severities", c.is, c.exit)
		}
	}
}

func TestPlain(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{`fetch http://h/a.git: fetch http://h/a.git: Get "http://h/a.git/info/refs": credentials refused`, "fetch http://h/a.git: credentials refused"},
		{"fetch /srv/a.git: fetch file:///srv/a.git: repository has no commit", "fetch file:///srv/a.git: repository has no commit"},
		{"remote unreachable: dial tcp 127.0.0.1:1: connect: connection refused", "remote unreachable: 127.0.0.1:1: connection refused"},
		{`scheme "ftp": want https: bad setting`, `scheme "ftp": want https`},
		{"push the ledger: push refs/heads/x to h: push refused", "push refs/heads/x to h: push refused"},
		{"target etcd: unavailable: context deadline exceeded", "target etcd: unavailable: no answer in time"},
		{"read x: no such file", "read x: no such file"},
		{" spaces ", "spaces"},
	} {
		if got := plain(row.text); got != row.want {
			t.Errorf("%q: got %q, want %q", row.text, got, row.want)
		}
	}
}

func TestWorse(t *testing.T) {
	order := []int{exitTampered, exitForbidden, exitUnavailable, exitConflict, exitNo, exitDone} // RULES R42
	for i, bad := range order {
		for _, good := range order[i:] {
			if got := worse(bad, good); got != bad {
				t.Errorf("worse(%d, %d) = %d, want %d", bad, good, got, bad)
			}
			if got := worse(good, bad); got != bad {
				t.Errorf("worse(%d, %d) = %d, want %d", good, bad, got, bad)
			}
		}
	}
}

func TestPassCode(t *testing.T) {
	for _, row := range []struct {
		name   string
		report reconciler.Report
		want   int
	}{
		{"nothing to do", reconciler.Report{}, exitDone},
		{"something is held", reconciler.Report{Held: 1}, exitNo},
		{"something drifted", reconciler.Report{Drifted: 1}, exitNo},
		{"a ref was rewritten", reconciler.Report{Refused: 1, Held: 3}, exitTampered},
		{"the forge refuses the token", reconciler.Report{Held: 1, AdmitErr: &gitlab.Error{Kind: gitlab.ErrUnauthorized}}, exitForbidden},
		{"a target is down", reconciler.Report{ApplyErr: fmt.Errorf("deliver: %w", integrations.ErrUnavailable)}, exitUnavailable},
		{"the worst of both loops", reconciler.Report{AdmitErr: ledger.ErrDoubt, ApplyErr: integrations.ErrUnavailable}, exitTampered},
		{"the worst of many targets", reconciler.Report{ApplyErr: errors.Join(integrations.ErrUnavailable, integrations.ErrForbidden)}, exitForbidden},
		{"another reconciler was faster", reconciler.Report{AdmitErr: fmt.Errorf("push: %w", schema.ErrMoved)}, exitConflict},
		{"it was interrupted", reconciler.Report{AdmitErr: context.Canceled}, exitInterrupted},
	} {
		if got := passCode(row.report); got != row.want {
			t.Errorf("%s: got %d, want %d", row.name, got, row.want)
		}
	}
}
