package file_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/file"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

func target(t *testing.T, dir string) *file.Target {
	t.Helper()
	target, err := file.New(integrationstest.Spec("file", map[string]string{"directory": dir}))
	must(t, err)
	return target
}

func release(seq int64, files map[string]string) integrations.Release {
	return integrationstest.Release(integrationstest.Cell("pay"), seq, files)
}

func TestGenerationsAreSweptByTheirManifests(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "production/pay/.sluice")
	target := target(t, dir)
	for seq := range int64(3) {
		_, err := target.Write(t.Context(), release(seq+1, map[string]string{"deep/er/app.yaml": string(rune('a' + seq))}))
		must(t, err)
	}
	// A stranger's file in the generation that goes next, and what a crash left of one that was never current.
	write(t, filepath.Join(own, "000002/deep/mine"), "keep")
	write(t, filepath.Join(own, "000009/.sluice.manifest"), string(release(4, map[string]string{"a": "x"}).Manifest.Encode()))
	write(t, filepath.Join(own, "000009/a"), "half")
	for seq := range int64(3) {
		_, err := target.Write(t.Context(), release(seq+10, map[string]string{"app.yaml": string(rune('a' + seq))}))
		must(t, err)
	}
	entries, err := os.ReadDir(own)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) != 4 || names[0] != "000002" || names[1] != "000011" || names[2] != "000012" || names[3] != "lock" {
		t.Errorf("got %q, want the two newest, the lock, and 000002 for the stranger's file", names)
	}
	if got := read(t, filepath.Join(own, "000002/deep/mine")); string(got) != "keep" {
		t.Errorf("the stranger's file is %q", got)
	}
	if _, err := os.Stat(filepath.Join(own, "000002/deep/er")); !os.IsNotExist(err) {
		t.Errorf("000002/deep/er: %v, want it gone", err)
	}
}

func TestAReaderKeepsTheGenerationItOpened(t *testing.T) {
	dir := t.TempDir()
	target := target(t, dir)
	_, err := target.Write(t.Context(), release(1, map[string]string{"a": "1", "b": "1"}))
	must(t, err)
	root, err := os.OpenRoot(filepath.Join(dir, "production/pay/current"))
	must(t, err)
	defer root.Close()
	_, err = target.Write(t.Context(), release(2, map[string]string{"a": "2", "b": "2"}))
	must(t, err)
	for _, name := range []string{"a", "b"} {
		if got, err := root.ReadFile(name); err != nil || string(got) != "1" {
			t.Errorf("%s: got %q, %v, want what was opened", name, got, err)
		}
	}
}

// TestNoReaderSeesAMixture reads as the documentation says, while release follows release. A reader that is slower than
// two releases may find its generation gone and opens current again; it never finds parts of two.
func TestNoReaderSeesAMixture(t *testing.T) {
	dir := t.TempDir()
	target := target(t, dir)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for seq := range int64(60) {
			text := strings.Repeat("x", int(seq)+1)
			if _, err := target.Write(t.Context(), release(seq+1, map[string]string{"one": text, "two": text})); err != nil {
				t.Error(err)
			}
		}
	}()
	for {
		one, two, ok := readBoth(t, filepath.Join(dir, "production/pay/current"))
		if ok && one != two {
			t.Errorf("a mixture: %d and %d bytes", len(one), len(two))
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func readBoth(t *testing.T, current string) (one, two string, ok bool) {
	root, err := os.OpenRoot(current)
	if err != nil {
		return "", "", false
	}
	defer root.Close()
	a, errA := root.ReadFile("one")
	b, errB := root.ReadFile("two")
	if err := errors.Join(errA, errB); err != nil {
		if !os.IsNotExist(errA) && !os.IsNotExist(errB) {
			t.Error(err)
		}
		return "", "", false
	}
	return string(a), string(b), true
}

func TestPathsStayInside(t *testing.T) {
	dir := t.TempDir()
	target := target(t, dir)
	for _, path := range []string{"../x", "/etc/x", "a/../../x", "a//b", "", ".", "./a", "a\\..\\b", "a\x00b", ".sluice.json", ".sluice.manifest"} {
		want := release(1, map[string]string{path: "x"})
		if v := target.Fits(want); v.Outcome != schema.Deny || v.Code == "" {
			t.Errorf("%q fits: %+v", path, v)
		}
		if _, err := target.Write(t.Context(), want); !errors.Is(err, integrations.ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", path, err)
		}
	}
	for _, app := range []schema.App{"../x", "a/../b", "", "A", "head"} {
		want := integrationstest.Release(integrationstest.Cell(app), 1, map[string]string{"a": "x"})
		if _, err := target.Write(t.Context(), want); !errors.Is(err, integrations.ErrInvalid) {
			t.Errorf("app %q: got %v, want ErrInvalid", app, err)
		}
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) > 0 {
		t.Errorf("something was written: %v", entries)
	}
}

func TestAnotherStageBehindALinkIsNotWritten(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	must(t, os.Symlink(outside, filepath.Join(dir, "production")))
	if o, err := target(t, dir).Write(t.Context(), release(1, map[string]string{"a": "x"})); err == nil {
		t.Errorf("wrote through a link that leaves dir: %+v", o)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("outside: %v, %v", entries, err)
	}
}

func TestFilesAreThoseOfTheManifest(t *testing.T) {
	target := target(t, t.TempDir())
	other := release(1, map[string]string{"a": "x"})
	other.Files["a"] = []byte("y")
	more := release(1, map[string]string{"a": "x"})
	more.Files["b"] = []byte("y")
	for _, want := range []integrations.Release{other, more} {
		if _, err := target.Write(t.Context(), want); !errors.Is(err, integrations.ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
	}
}

func TestSettings(t *testing.T) {
	for name, settings := range map[string]map[string]string{
		"no dir":        nil,
		"a relative":    {"directory": "config"},
		"a misspelling": {"directory": t.TempDir(), "mod": "x"},
	} {
		if _, err := file.New(integrationstest.Spec("file", settings)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	spec := integrationstest.Spec("file", map[string]string{"directory": t.TempDir()})
	spec.Keys = nil
	if _, err := file.New(spec); err == nil {
		t.Error("a key that nobody could verify: accepted")
	}
}

func TestStageSettings(t *testing.T) {
	dir := t.TempDir()
	want := release(1, map[string]string{"a": "x"})
	want.Settings = map[string]string{"root": "eu/north"}
	_, err := target(t, dir).Write(t.Context(), want)
	must(t, err)
	reads(t, filepath.Join(dir, "eu/north/production/pay/current"), want)
	for _, settings := range []map[string]string{{"root": "../x"}, {"root": ".sluice/f3a9c1d2"}, {"root": "/x"}, {"rot": "x"}} {
		want.Settings = settings
		if _, err := target(t, dir).Read(t.Context(), want); !errors.Is(err, integrations.ErrInvalid) {
			t.Errorf("%v: got %v, want ErrInvalid", settings, err)
		}
	}
}

func TestAMissingMountIsUnavailableAndNotMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mount")
	if _, err := target(t, dir).Write(t.Context(), release(1, map[string]string{"a": "x"})); !errors.Is(err, integrations.ErrUnavailable) {
		t.Errorf("write: got %v, want ErrUnavailable", err)
	}
	if _, err := target(t, dir).Read(t.Context(), release(1, nil)); !errors.Is(err, integrations.ErrUnavailable) {
		t.Errorf("read: got %v, want ErrUnavailable", err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s was made: %v", dir, err)
	}
}
