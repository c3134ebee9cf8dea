package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/signing"
)

// trustStory is a sealed project whose trust directory changes, with a reconciler that looks once at a time.
type trustStory struct {
	*project
	t        *testing.T
	operator string
}

func newTrustStory(t *testing.T) trustStory {
	t.Helper()
	program, err := exec.LookPath("sluice") // testscript.Main put it there
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p, err := newProject(context.Background(), dir, program, fmt.Sprintf(sixLines, "directory"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.forge.Close() })
	live := filepath.Join(dir, "live")
	if err := os.Mkdir(live, 0o755); err != nil {
		t.Fatal(err)
	}
	operator, err := p.operatorFile("state", "directory: {kind: file, directory: "+live+"}")
	if err != nil {
		t.Fatal(err)
	}
	s := trustStory{project: p, t: t, operator: operator}
	s.fetch()
	s.says(exitDone, "", "init", "--seal")
	s.pass(exitDone)
	s.fetch()
	return s
}

// says runs a command in ann's clone and looks for a text in what it prints.
func (s trustStory) says(code int, text string, args ...string) {
	s.t.Helper()
	environ := func(name string) string {
		if name == "SLUICE_ANCHOR" {
			return string(s.team.Anchor())
		}
		return os.Getenv(name)
	}
	got, out, errs := call(context.Background(), environ, append([]string{"-C", s.team.Person("ann").Dir()}, args...)...)
	if got != code || !strings.Contains(out, text) {
		s.t.Fatalf("sluice %s: exit %d, want %d and %q\n%s%s", strings.Join(args, " "), got, code, text, out, errs)
	}
}

func (s trustStory) pass(code int) {
	s.t.Helper()
	if got, out, errs := call(context.Background(), os.Getenv, "run", "--once", "--config", s.operator); got != code {
		s.t.Fatalf("run --once: exit %d, want %d\n%s%s", got, code, out, errs)
	}
}

func (s trustStory) fetch() {
	s.t.Helper()
	if err := s.team.Person("ann").Fetch(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}

func (s trustStory) git(args ...string) {
	s.t.Helper()
	if out, err := s.team.Person("ann").Git(context.Background(), args...); err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// bringTrust does what the commands say: commit it alone, push, merge by a merge request. The reconciler then looks once.
func (s trustStory) bringTrust(branch string, code int) {
	s.t.Helper()
	s.git("add", "-A", ".sluice/trust")
	s.git("commit", "-q", "-S", "-m", "trust: next version")
	s.git("push", "-q", "-u", "origin", "HEAD:refs/heads/"+branch)
	mr, err := s.forge.OpenMergeRequest(s.team.Path(), gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: branch, TargetBranch: "main", Title: branch})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.team.Person("bob").Merge(mr.IID, gitlabtest.MergeOptions{RemoveSource: true}); err != nil {
		s.t.Fatal(err)
	}
	s.pass(code)
	s.fetch()
}

// TestATrustVersionComesIntoForce: what the trust commands prepare and sign, the reconciler takes; what they call unsigned, it
// does not.
func TestATrustVersionComesIntoForce(t *testing.T) {
	t.Parallel()
	s := newTrustStory(t)
	private, public, err := signing.GenerateEd25519()
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(s.dir, "eve")
	for name, data := range map[string][]byte{key: private, key + ".pub": public} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	s.git("switch", "-q", "-c", "trust-2", "origin/main")
	s.says(exitDone, "on top of version 1 in force by the ledger", "trust", "add", "eve", "--key", key+".pub", "--role", "author", "--sign-with", key)
	s.says(exitDone, "nothing is missing", "trust", "sign")
	s.bringTrust("trust-2", exitDone)
	s.says(exitDone, "trust version 2, in force by the ledger", "trust", "show")
	s.says(exitDone, "\neve\n  roles     author\n", "trust", "show")
	s.says(exitDone, "proven: 2 versions from the anchor on", "trust", "verify", "origin/main")

	s.git("switch", "-q", "-c", "trust-3", "origin/main")
	s.says(exitDone, "retired at", "trust", "remove", "eve")
	s.says(exitDone, "nothing is missing", "trust", "sign")
	s.bringTrust("trust-3", exitDone)
	s.says(exitDone, "does not count now: key-revoked", "trust", "show")
}

// TestATrustVersionThatNobodySigned: verify says 1 of it before it is merged, and it does not come into force.
func TestATrustVersionThatNobodySigned(t *testing.T) {
	t.Parallel()
	s := newTrustStory(t)
	s.git("switch", "-q", "-c", "trust-2", "origin/main")
	s.says(exitDone, "signatures for version 1: 0, needed 1; can sign: ann", "trust", "renew", "--expires", "900d")
	s.says(exitNo, "", "trust", "verify")
	s.bringTrust("trust-2", exitNo)
	s.says(exitDone, "trust version 1, in force by the ledger", "trust", "show")
}
