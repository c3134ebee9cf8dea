package mount_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	filetarget "github.com/sluice-gitops/sluice/reconciler/integrations/file"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/mount"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance plays the kubelet: files are links through ..data, which a rename switches; and the target "file".
func TestConformance(t *testing.T) {
	for name, link := range map[string]string{"a mounted ConfigMap": "..data", "a directory of the target file": "current"} {
		t.Run(name, func(t *testing.T) {
			providertest.TestSource(t, func(t *testing.T) providertest.Fixture {
				dir := filepath.Join(t.TempDir(), "pay")
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				n := 0
				return providertest.Fixture{
					Open: func(*testing.T) provider.Source {
						d := mount.New(dir)
						d.Poll = time.Millisecond
						return d
					},
					Put: func(t *testing.T, held providertest.Held) {
						n++
						switchTo(t, dir, link, fmt.Sprintf("..%06d", n), held)
					},
					Clear: func(t *testing.T) { must(t, os.RemoveAll(dir)); must(t, os.Mkdir(dir, 0o700)) },
					Break: func(t *testing.T) func() {
						must(t, os.Rename(dir, dir+".away"))
						return func() { must(t, os.Rename(dir+".away", dir)) }
					},
				}
			})
		})
	}
}

// TestReadsWhatTheTargetWrites: the directory that the target "file" fills is one that this source reads.
func TestReadsWhatTheTargetWrites(t *testing.T) {
	dir := t.TempDir()
	target, err := filetarget.New(integrationstest.Spec("file", map[string]string{"directory": dir}))
	must(t, err)
	cell := integrationstest.Cell("payments/ledger")
	first := integrationstest.Release(cell, 1, map[string]string{"app.yaml": "port: 1", "run.sh": "#!/bin/sh"})
	_, err = target.Write(t.Context(), first)
	must(t, err)
	p, err := provider.Open(t.Context(), provider.Options{
		Source: mount.New(filepath.Join(dir, "production", "payments", "ledger")), Project: first.Project, Stage: "production", App: "payments/ledger",
		Keys: provider.Keys{"log-1": integrationstest.PublicKey()},
	})
	must(t, err)
	defer p.Close()
	_, err = target.Write(t.Context(), integrationstest.Release(cell, 2, map[string]string{"app.yaml": "port: 2"}))
	must(t, err)
	must(t, p.Refresh(t.Context()))
	if text, ok := p.Snapshot().File("app.yaml"); string(text) != "port: 2" || !ok || p.Snapshot().Seq() != 2 || len(p.Snapshot().Files()) != 1 {
		t.Errorf("entry %d with %q", p.Snapshot().Seq(), p.Snapshot().Files())
	}
	_, err = target.Write(t.Context(), integrationstest.Release(cell, 3, nil))
	must(t, err)
	if err := p.Refresh(t.Context()); !errors.Is(err, provider.ErrRetired) {
		t.Errorf("retired: %v", err)
	}
}

// TestThePointerOfARollingConfigMapSaysWhatToMount: it has a genuine head, and no files.
func TestThePointerOfARollingConfigMapSaysWhatToMount(t *testing.T) {
	for _, row := range []struct{ current, want string }{
		{"pay-config-2456789bcd", "only names pay-config-2456789bcd, which has the files: mount that one"},
		{"not a name", "no such file"},
	} {
		dir := t.TempDir()
		release := filepath.Join(dir, "..1")
		must(t, os.Mkdir(release, 0o700))
		must(t, os.Symlink("..1", filepath.Join(dir, "..data")))
		signer := providertest.NewSigner("pointer")
		head := providertest.Head(1, providertest.Document(map[string]any{"app.yaml": "port: 1"}))
		must(t, os.WriteFile(filepath.Join(release, provider.HeadFile), signer.Sign(head), 0o600))
		must(t, os.WriteFile(filepath.Join(release, "current"), []byte(row.current), 0o600))
		_, err := provider.Open(t.Context(), provider.Options{
			Source: mount.New(dir), Project: head.Project, Stage: head.Stage, App: head.App, Keys: signer.Keys(), Patience: time.Millisecond,
		})
		if !errors.Is(err, provider.ErrUnavailable) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("current is %q: got %v, want %q", row.current, err, row.want)
		}
	}
}

// TestWhatIsNoFileIsNotWaitedFor: a pipe in the head's place would keep the program waiting for ever.
func TestWhatIsNoFileIsNotWaitedFor(t *testing.T) {
	for name, make := range map[string]func(string) error{
		"a pipe":           func(name string) error { return syscall.Mkfifo(name, 0o600) },
		"a directory":      func(name string) error { return os.Mkdir(name, 0o700) },
		"a link out of it": func(name string) error { return os.Symlink("/etc/hostname", name) },
		"more than a head has": func(name string) error {
			return os.WriteFile(name, bytes.Repeat([]byte("x"), provider.MaxHead+1), 0o600)
		},
	} {
		dir := t.TempDir()
		must(t, make(filepath.Join(dir, provider.HeadFile)))
		if raw, _, err := mount.New(dir).Head(t.Context()); err == nil {
			t.Errorf("%s: read %d bytes", name, len(raw))
		}
	}
}

// switchTo makes a release and lets the link name it, in one step. As the kubelet does, it removes the one before.
func switchTo(t *testing.T, dir, link, release string, held providertest.Held) {
	t.Helper()
	must(t, os.Mkdir(filepath.Join(dir, release), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, release, provider.HeadFile), held.Head, 0o600))
	for _, document := range held.Beside {
		must(t, os.WriteFile(filepath.Join(dir, release, provider.DocumentFile), document, 0o600))
	}
	before, _ := os.Readlink(filepath.Join(dir, link))
	must(t, os.Symlink(release, filepath.Join(dir, "next")))
	must(t, os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, link)))
	if before != "" {
		must(t, os.RemoveAll(filepath.Join(dir, before)))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
