package file_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/file"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// everything lists the files below a directory, links as "name -> target".
func everything(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if d.Type() == fs.ModeSymlink {
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			name += " -> " + to
		}
		out = append(out, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func TestWhoLeavesKeepsTheFiles(t *testing.T) {
	target, dir := leaving(t)
	want := leavingRelease(t, 7, map[string]string{"app.yaml": "a: 1\n", "more/b.txt": "b"})
	for _, seq := range []int64{5, 7} {
		release := want
		release.Seq = seq
		if _, err := target.Write(context.Background(), release); err != nil {
			t.Fatal(err)
		}
	}
	place := filepath.Join(dir, "staging", "pay")
	if err := os.WriteFile(filepath.Join(place, "theirs.txt"), []byte("theirs"), 0o644); err != nil {
		t.Fatal(err)
	}
	bare := integrations.Release{Project: want.Project, Cell: want.Cell}
	before := everything(t, place)
	if left, err := target.Leave(context.Background(), bare, false); err != nil || !slices.Equal(left.Goes, []string{"staging/pay/.sluice"}) || !slices.Equal(everything(t, place), before) {
		t.Fatalf("asking what would go: got %+v, %v, and %v, want %v", left, err, everything(t, place), before)
	}
	for i, was := range []bool{true, false} {
		left, err := target.Leave(context.Background(), bare, true)
		if err != nil || len(left.Goes) > 0 != was {
			t.Fatalf("leaving it, time %d: got %+v, %v", i+1, left, err)
		}
	}
	wanted := []string{"current -> files", "files/app.yaml", "files/more/b.txt", "theirs.txt"}
	if got := everything(t, place); !slices.Equal(got, wanted) {
		t.Errorf("got %v, want %v", got, wanted)
	}
	if data, err := os.ReadFile(filepath.Join(place, "current", "app.yaml")); err != nil || string(data) != "a: 1\n" {
		t.Errorf("a reader finds %q, %v", data, err)
	}
	// What was left is somebody else's: coming back has to be asked for where they changed it, and needs our marks alone where not.
	want.Seq = 9
	app := filepath.Join(place, "files", "app.yaml")
	for _, row := range []struct {
		text string
		want error
	}{{"a: 2\n", integrations.ErrForeign}, {"a: 1\n", nil}} {
		if err := os.WriteFile(app, []byte(row.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := target.Write(context.Background(), want); !errors.Is(err, row.want) {
			t.Errorf("coming back to %q: got %v, want %v", row.text, err, row.want)
		}
		if data, err := os.ReadFile(filepath.Join(place, "current", "app.yaml")); err != nil || string(data) != row.text {
			t.Errorf("coming back to %q: a reader finds %q, %v", row.text, data, err)
		}
	}
}

func TestLeavingIsFinishedAfterACrash(t *testing.T) {
	target, dir := leaving(t)
	want := leavingRelease(t, 7, map[string]string{"app.yaml": "a: 1\n"})
	if _, err := target.Write(context.Background(), want); err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(dir, "staging", "pay")
	if err := errors.Join(os.Mkdir(filepath.Join(place, "files"), 0o755), os.WriteFile(filepath.Join(place, "files", "app.yaml"), []byte("a: 1\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if left, err := target.Leave(context.Background(), want, true); err != nil || len(left.Goes) == 0 {
		t.Fatalf("got %+v, %v", left, err)
	}
	if got := everything(t, place); !slices.Equal(got, []string{"current -> files", "files/app.yaml"}) {
		t.Errorf("got %v", got)
	}
}

func TestNobodyLeavesForOthers(t *testing.T) {
	target, dir := leaving(t)
	want := leavingRelease(t, 7, map[string]string{"app.yaml": "a: 1\n"})
	if _, err := target.Write(context.Background(), want); err != nil {
		t.Fatal(err)
	}
	before := everything(t, dir)
	other := integrations.Release{Project: "ffffffff", Cell: want.Cell}
	if _, err := target.Leave(context.Background(), other, true); !errors.Is(err, integrations.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if left, err := target.Leave(context.Background(), integrations.Release{Project: want.Project, Cell: schema.Cell{Stage: "staging", App: "nobody"}}, true); err != nil || len(left.Goes) > 0 {
		t.Errorf("an app that is not there: got %+v, %v", left, err)
	}
	if got := everything(t, dir); !slices.Equal(got, before) {
		t.Errorf("got %v, want %v", got, before)
	}
}

func leaving(t *testing.T) (*file.Target, string) {
	t.Helper()
	dir := t.TempDir()
	target, err := file.New(integrationstest.Spec("file", map[string]string{"directory": dir}))
	if err != nil {
		t.Fatal(err)
	}
	return target, dir
}

func leavingRelease(t *testing.T, seq int64, files map[string]string) integrations.Release {
	t.Helper()
	return integrationstest.Release(schema.Cell{Stage: "staging", App: "pay"}, seq, files)
}
