package file_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/file"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) { integrationstest.TestTarget(t, fixture) }

func fixture(t *testing.T) integrationstest.Fixture {
	dir := t.TempDir()
	at := func(cell schema.Cell, elem ...string) string {
		return filepath.Join(append([]string{dir, string(cell.Stage), string(cell.App)}, elem...)...)
	}
	return integrationstest.Fixture{
		Settings: map[string]string{"directory": dir},
		Open:     open,
		Version:  func(t *testing.T, cell schema.Cell) string { return snapshot(t, at(cell)) },
		Reads:    func(t *testing.T, want integrations.Release) { reads(t, at(want.Cell, "current"), want) },
		Put: func(t *testing.T, cell schema.Cell, key string, value []byte) string {
			write(t, at(cell, key), string(value))
			return fmt.Sprintf("%s/%s/%s", cell.Stage, cell.App, key)
		},
		PutCheckpoint: func(t *testing.T, project string, value []byte) {
			write(t, filepath.Join(dir, ".sluice", project, "checkpoint"), string(value))
		},
		Get: func(t *testing.T, cell schema.Cell, key string) []byte { return read(t, at(cell, key)) },
		Damage: map[string]func(*testing.T, integrations.Release){
			"a file changed": func(t *testing.T, r integrations.Release) {
				write(t, at(r.Cell, "current/app.yaml"), "colour: black\n")
			},
			"a file deleted":     func(t *testing.T, r integrations.Release) { must(t, os.Remove(at(r.Cell, "current/app.yaml"))) },
			"a file made a link": func(t *testing.T, r integrations.Release) { link(t, "/etc/passwd", at(r.Cell, "current/app.yaml")) },
			"a file added":       func(t *testing.T, r integrations.Release) { write(t, at(r.Cell, "current/evil.yaml"), "x") },
			"a mode changed":     func(t *testing.T, r integrations.Release) { must(t, os.Chmod(at(r.Cell, "current/app.yaml"), 0o755)) },
			"the head changed": func(t *testing.T, r integrations.Release) {
				edit(t, at(r.Cell, "current/.sluice.json"), `"seq":`, `"seq":9`)
			},
			"the head garbled":   func(t *testing.T, r integrations.Release) { write(t, at(r.Cell, "current/.sluice.json"), "\x00") },
			"the head deleted":   func(t *testing.T, r integrations.Release) { must(t, os.Remove(at(r.Cell, "current/.sluice.json"))) },
			"the inventory lost": func(t *testing.T, r integrations.Release) { must(t, os.Remove(at(r.Cell, "current/.sluice.manifest"))) },
			"the document changed": func(t *testing.T, r integrations.Release) {
				edit(t, at(r.Cell, "current/.sluice.document"), `"files":`, `"files" :`)
			},
			"the document deleted": func(t *testing.T, r integrations.Release) { must(t, os.Remove(at(r.Cell, "current/.sluice.document"))) },
			"current deleted":      func(t *testing.T, r integrations.Release) { must(t, os.Remove(at(r.Cell, "current"))) },
			"current elsewhere":    func(t *testing.T, r integrations.Release) { link(t, "/etc", at(r.Cell, "current")) },
			"current a directory": func(t *testing.T, r integrations.Release) {
				must(t, os.Remove(at(r.Cell, "current")))
				write(t, at(r.Cell, "current/app.yaml"), "x")
			},
			"all deleted": func(t *testing.T, r integrations.Release) { must(t, os.RemoveAll(at(r.Cell))) },
		},
	}
}

func open(t *testing.T, spec integrations.Spec) integrations.Target {
	target, err := file.New(spec)
	must(t, err)
	return target
}

// reads opens current once and compares every file, its mode included, as an application that is careful would.
func reads(t *testing.T, current string, want integrations.Release) {
	t.Helper()
	root, err := os.OpenRoot(current)
	must(t, err)
	defer root.Close()
	n := 0
	must(t, fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && !strings.HasPrefix(name, ".sluice.") {
			n++
		}
		return err
	}))
	if n != len(want.Manifest) {
		t.Errorf("%s: %d files, want %d", current, n, len(want.Manifest))
	}
	for _, f := range want.Manifest {
		got, err := root.ReadFile(f.Path)
		if err != nil || string(got) != string(want.Files[f.Path]) {
			t.Errorf("%s: got %q, %v", f.Path, got, err)
		}
		info, err := root.Stat(f.Path)
		if err != nil || (info.Mode().Perm()&0o100 != 0) != (f.Mode == schema.Executable) {
			t.Errorf("%s: mode %v, %v, want %s", f.Path, info.Mode(), err, f.Mode)
		}
	}
	raw, err := root.ReadFile(".sluice.json")
	must(t, err)
	head, err := integrations.DecodeHead(raw)
	must(t, err)
	document, err := root.ReadFile(".sluice.document")
	if string(document) != string(want.Document) || len(want.Document) > 0 && schema.DigestOf(document) != head.Doc {
		t.Errorf("the document is not the one that the head names: %v", err)
	}
	must(t, head.Verify(integrationstest.PublicKey()))
	if head.Seq != want.Seq || head.Content != want.Content || head.Retired != want.Retired {
		t.Errorf("head says %+v", head.Body)
	}
}

// snapshot is everything below a cell but its lock: names, links, times and sizes.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	must(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if os.IsNotExist(err) && name == dir {
			return nil
		}
		if err != nil || e.IsDir() || e.Name() == "lock" {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		target, _ := os.Readlink(name)
		fmt.Fprintln(&b, name, info.ModTime().UnixNano(), info.Size(), target)
		return nil
	}))
	return b.String()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(text), 0o644))
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	must(t, err)
	return data
}

func link(t *testing.T, to, name string) {
	t.Helper()
	must(t, os.Remove(name))
	must(t, os.Symlink(to, name))
}

func edit(t *testing.T, name, old, with string) {
	t.Helper()
	write(t, name, strings.Replace(string(read(t, name)), old, with, 1))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
