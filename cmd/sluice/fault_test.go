package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// once makes one pass with the operator's file and holds its exit code and what it says.
func once(t *testing.T, operator string, want int, says ...string) {
	t.Helper()
	code, _, errs := call(t.Context(), os.Getenv, "run", "--once", "--config", operator)
	if code != want {
		t.Errorf("run --once: exit %d, want %d\n%s", code, want, errs)
	}
	for _, text := range says {
		if !strings.Contains(errs, text) {
			t.Errorf("run --once does not say %q:\n%s", text, errs)
		}
	}
}

// freshProject is a project whose genesis request is pushed and whose ledger is not begun.
func freshProject(t *testing.T, target string) *project {
	t.Helper()
	return sealedProject(t, fmt.Sprintf(sixLines, target))
}

// sealedProject asks for a project's ledger to be begun.
func sealedProject(t *testing.T, sluiceYAML string) *project {
	t.Helper()
	program, err := exec.LookPath("sluice")
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProject(t.Context(), t.TempDir(), program, sluiceYAML)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.forge.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := p.team.Person("ann").Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.beginBranches(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := call(t.Context(), os.Getenv, "-C", p.team.Person("ann").Dir(), "init", "--seal"); code != exitDone {
		t.Fatalf("init --seal: exit %d\n%s%s", code, out, errs)
	}
	return p
}

// unreachable is an etcd that nobody runs.
const unreachable = "etcd: {kind: etcd, endpoints: [\"http://127.0.0.1:1\"], settings: {timeout: 300ms}}"

// TestSealingWaitsForTheTargets: one of them might know a ledger of this project already.
func TestSealingWaitsForTheTargets(t *testing.T) {
	t.Parallel()
	p := freshProject(t, "etcd")
	operator, err := p.operatorFile("state", unreachable)
	if err != nil {
		t.Fatal(err)
	}
	once(t, operator, exitUnavailable, "the project is not sealed yet", "read the ledger's checkpoint at target etcd", "http://127.0.0.1:1: connection refused")
}

func TestEtcdUnreachable(t *testing.T) {
	t.Parallel()
	p := freshProject(t, "etcd")
	server, err := etcd.StartEmbedded(t.TempDir(), etcd.EmbeddedOptions{Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	operator, err := p.operatorFile("state", "etcd: {kind: etcd, endpoints: [\""+server.Endpoint()+"\"]}")
	if err != nil {
		t.Fatal(err)
	}
	once(t, operator, exitDone)
	server.Close()
	if operator, err = p.operatorFile("state", unreachable); err != nil {
		t.Fatal(err)
	}
	if _, err := p.bring(t.Context(), "development", "payments", limit(5000)); err != nil {
		t.Fatal(err)
	}
	once(t, operator, exitUnavailable, "payments in development", "target etcd", "http://127.0.0.1:1: connection refused", "more: sluice explain target-unavailable")
}

func TestLedgerBranchProtectedAgainstTheReconciler(t *testing.T) {
	t.Parallel()
	p := freshProject(t, "directory")
	operator, err := p.operatorFile("state", "directory: {kind: file, directory: "+t.TempDir()+"}")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.forge.Protect(p.team.Path(), gitlabtest.ProtectedBranch{Name: "sluice/*", Push: []gitlabtest.Access{{Level: gitlabtest.NoAccess}}}); err != nil {
		t.Fatal(err)
	}
	once(t, operator, exitForbidden, "push refused", "hint: A request to seal it is there, and could not be used; why follows.", "hint: Protect the ledger's branch so that the reconciler's account, and nobody else, may push to it.", "more: sluice explain push-refused")
}

func TestDiskFullForTheMirror(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED, NOT CHECKED: only root can mount a small disk")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, NOT CHECKED: cannot mount a small disk here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	p := freshProject(t, "directory")
	big := limit(5000)
	big[0].Files["noise.bin"] = noise(200_000)
	if _, err := p.bring(t.Context(), "development", "payments", big); err != nil {
		t.Fatal(err)
	}
	operator, err := p.operatorFile("state", "directory: {kind: file, directory: "+t.TempDir()+"}")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(operator)
	if err != nil {
		t.Fatal(err)
	}
	small := strings.Replace(string(text), "state_dir: "+filepath.Join(p.dir, "state"), "state_dir: "+filepath.Join(dir, "state"), 1)
	if err := os.WriteFile(operator, []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	once(t, operator, exitUnavailable, "no space left", "hint: Make room on the disk of the state directory.", "more: sluice explain disk-full")
}

// noise is text that does not compress.
func noise(size int) string {
	var b strings.Builder
	state := uint32(1)
	for b.Len() < size {
		state = state*1664525 + 1013904223
		b.WriteByte(byte('!' + state>>24%90))
	}
	return b.String()
}
