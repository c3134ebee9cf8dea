package configmap_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/mount"
	"github.com/sluice-gitops/sluice/schema"
)

// TestAMountedVolumeIsReadAndVerified: what the target wrote, projected as the kubelet does, is what the provider takes: the
// object itself in place, and the immutable one that a workload's template names when rolling.
func TestAMountedVolumeIsReadAndVerified(t *testing.T) {
	for _, mode := range [][]string{{"mode", "inplace"}, {"mode", "rolling"}, {"kind", "secret"}} {
		t.Run(mode[0]+" "+mode[1], func(t *testing.T) {
			d := deskOf(t, mode...)
			dir := t.TempDir()
			projected := func() {
				name := "pay-config"
				if mode[1] == "rolling" {
					name = string(d.at(name).data(t)["current"])
				}
				project(t, dir, d.at(name).data(t))
			}
			first := d.release(1, map[string]string{"app.yaml": "port: 1", "tls/ca.bin": "\xff"})
			d.write(t, first)
			projected()
			p, err := provider.Open(t.Context(), provider.Options{
				Source: mount.New(dir), Project: first.Project, Stage: "production", App: "pay", Keys: provider.Keys{"log-1": integrationstest.PublicKey()},
			})
			must(t, err)
			defer p.Close()
			read := func(want integrations.Release) {
				t.Helper()
				must(t, p.Refresh(t.Context()))
				for path, text := range want.Files {
					if got, ok := p.Snapshot().File(path); !ok || string(got) != string(text) {
						t.Errorf("entry %d: %s is %q", want.Seq, path, got)
					}
				}
				if p.Snapshot().Seq() != want.Seq || len(p.Snapshot().Files()) != len(want.Files) {
					t.Errorf("entry %d: got entry %d with %q", want.Seq, p.Snapshot().Seq(), p.Snapshot().Files())
				}
			}
			read(first)
			second := d.release(2, map[string]string{"app.yaml": "port: 2"})
			d.write(t, second)
			projected()
			read(second)
			d.write(t, d.release(3, nil))
			projected()
			if err := p.Refresh(t.Context()); !errors.Is(err, provider.ErrRetired) {
				t.Errorf("retired: %v", err)
			}
			// A file that somebody changed in the volume's object alone changes nothing for who verifies.
			data := d.at("pay-config").data(t)
			data[".sluice.json"] = sign(t, d.release(1, nil))
			project(t, dir, data)
			if err := p.Refresh(t.Context()); err == nil {
				t.Error("an older head was taken")
			}
		})
	}
}

// TestSomeInstancesOfAMountedVolumeGetAnother: the object of a gray release serves both, each reader by what it is.
func TestSomeInstancesOfAMountedVolumeGetAnother(t *testing.T) {
	for _, mode := range []string{"inplace", "rolling"} {
		t.Run(mode, func(t *testing.T) {
			d := deskOf(t, "mode", mode)
			main, next := d.release(1, map[string]string{"app.yaml": "port: 1"}), d.release(2, map[string]string{"app.yaml": "port: 2"})
			main.Gray = &integrations.Gray{
				Revision: next.Revision, Content: next.Content, Commit: next.Commit, Document: next.Document,
				Rule: schema.GrayRule{Services: []string{"canary"}},
			}
			d.write(t, main)
			name := "pay-config"
			if mode == "rolling" {
				name = string(d.at(name).data(t)["current"])
			}
			dir := t.TempDir()
			project(t, dir, d.at(name).data(t))
			for service, want := range map[string]string{"canary": "port: 2", "web": "port: 1"} {
				p, err := provider.Open(t.Context(), provider.Options{
					Source: mount.New(dir), Project: main.Project, Stage: "production", App: "pay", Identity: provider.Identity{Service: service},
					Keys: provider.Keys{"log-1": integrationstest.PublicKey()},
				})
				must(t, err)
				defer p.Close()
				if got, ok := p.Snapshot().File("app.yaml"); !ok || string(got) != want {
					t.Errorf("%s reads %q, want %q", service, got, want)
				}
			}
		})
	}
}

// project is the kubelet: files lie in a folder that a link names, the link is switched in one step, the folder before goes.
func project(t *testing.T, dir string, data map[string][]byte) {
	t.Helper()
	release, err := os.MkdirTemp(dir, "..2026_")
	must(t, err)
	for key, value := range data {
		must(t, os.WriteFile(filepath.Join(release, key), value, 0o644))
		if _, err := os.Lstat(filepath.Join(dir, key)); os.IsNotExist(err) {
			must(t, os.Symlink(filepath.Join("..data", key), filepath.Join(dir, key)))
		}
	}
	before, _ := os.Readlink(filepath.Join(dir, "..data"))
	must(t, os.Symlink(filepath.Base(release), filepath.Join(dir, "..data_tmp")))
	must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	if before != "" {
		must(t, os.RemoveAll(filepath.Join(dir, before)))
	}
}
