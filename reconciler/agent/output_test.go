package agent

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

func document(t *testing.T, files map[string]any) *provider.Document {
	t.Helper()
	d, err := provider.DocumentOf(files)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var pay = ownerOf(provider.Options{Project: "0123abcd", Stage: "production", App: "pay"})

// put brings files into a directory as the agent of pay does, and says whether programs are told.
func put(t *testing.T, o Output, files map[string]any) bool {
	t.Helper()
	news, err := putAs(t, o, pay, 1, files)
	if err != nil {
		t.Fatal(err)
	}
	return news
}

// putAs does it for an owner, as an entry.
func putAs(t *testing.T, o Output, owner record, seq int64, files map[string]any) (news bool, err error) {
	t.Helper()
	p, err := o.take(owner)
	if err != nil {
		return false, err
	}
	defer p.close()
	s, err := p.stage(document(t, files), seq)
	if err != nil {
		return false, err
	}
	defer s.drop()
	return s.turn()
}

// seen is what a program finds under the names of the files.
func seen(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, dataLink)+"/", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rest := strings.TrimPrefix(name, filepath.Join(dir, dataLink)+"/")
		data, err := os.ReadFile(filepath.Join(dir, rest)) // by the name that people use
		found[rest] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), "..") {
			out = append(out, entry.Name())
		}
	}
	return out
}

func releases(t *testing.T, dir string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, releaseDir+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func TestFilesAreSwitchedTogether(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "config")
	o := Output{Dir: dir}
	one := map[string]any{"app.yaml": "port: 1\n", "conf/db/url": "a", "run.sh": "#!/bin/sh\n"}
	if !put(t, o, one) {
		t.Error("the first files are no news")
	}
	if got := seen(t, dir); !maps.Equal(got, map[string]string{"app.yaml": "port: 1\n", "conf/db/url": "a", "run.sh": "#!/bin/sh\n"}) {
		t.Errorf("got %q", got)
	}
	if err := o.reloaded(); err != nil {
		t.Fatal(err)
	}
	if put(t, o, one) {
		t.Error("the same files are news")
	}
	held, err := os.OpenRoot(filepath.Join(dir, dataLink))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if !put(t, o, map[string]any{"app.yaml": "port: 2\n", "new.yaml": "x\n"}) {
		t.Error("other files are no news")
	}
	if got := seen(t, dir); !maps.Equal(got, map[string]string{"app.yaml": "port: 2\n", "new.yaml": "x\n"}) {
		t.Errorf("got %q", got)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"app.yaml", "new.yaml"}) {
		t.Errorf("the names are %q: what is no more has a link yet, or what is new has none", got)
	}
	if data, err := held.ReadFile("conf/db/url"); err != nil || string(data) != "a" {
		t.Errorf("who had opened the release before reads %q, %v", data, err)
	}
	for n := range 5 {
		put(t, o, map[string]any{"app.yaml": strings.Repeat("x", n)})
	}
	if n := releases(t, dir); n != 2 {
		t.Errorf("%d releases are kept, want the one in use and the one before", n)
	}
}

func TestModes(t *testing.T) {
	document, err := provider.ParseDocument([]byte(`{"files":{"a/b.txt":{"base64":"Yg==","mode":"100644"},"run":{"base64":"Yg==","mode":"100755"}},"values":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		sentence             string
		mode                 fs.FileMode
		file, program, below fs.FileMode
	}{
		{"the owner alone, by default", 0, 0o600, 0o700, 0o700},
		{"a group too", 0o640, 0o640, 0o750, 0o750},
		{"everybody", 0o444, 0o444, 0o555, 0o555},
	} {
		dir := t.TempDir()
		p, err := Output{Dir: dir, Mode: row.mode}.take(pay)
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		s, err := p.stage(document, 1)
		if err != nil {
			if row.mode&0o200 == 0 && os.Geteuid() != 0 {
				continue // nothing can be put into such a directory
			}
			t.Fatal(err)
		}
		for name, want := range map[string]fs.FileMode{"a/b.txt": row.file, "run": row.program, "a": row.below, "": row.below} {
			info, err := os.Stat(filepath.Join(s.path(), name))
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %q has %v, %v, want %v", row.sentence, name, info.Mode(), err, want)
			}
		}
		if err := s.drop(); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatIsNotOursStays(t *testing.T) {
	for _, row := range []struct {
		sentence, file string
		before         func(dir string) error
		want           string
	}{
		{"a file of that name", "app.yaml", func(dir string) error { return os.WriteFile(dir+"/app.yaml", []byte("mine"), 0o600) }, "app.yaml is there and is not the agent's"},
		{"a link that leads elsewhere", "app.yaml", func(dir string) error { return os.Symlink("/etc/hostname", dir+"/app.yaml") }, "app.yaml is there and is not the agent's"},
		{"a directory", "conf/app.yaml", func(dir string) error { return os.Mkdir(dir+"/conf", 0o700) }, "conf is there and is not the agent's"},
		{"a way out of the directory", "../app.yaml", nil, `cannot be called "../app.yaml"`},
		{"one in the middle", "a/../../app.yaml", nil, `cannot be called "a/../../app.yaml"`},
		{"an absolute path", "/tmp/app.yaml", nil, `cannot be called "/tmp/app.yaml"`},
		{"a name of the agent's own", "..data", nil, `cannot be called "..data"`},
		{"a file below one", "..data/x", nil, `cannot be called "..data/x"`},
		{"a NUL", "a\x00b", nil, `cannot be called`},
		{"a name that is a folder too", "a/b", func(dir string) error { return nil }, ""},
	} {
		dir := t.TempDir()
		put(t, Output{Dir: dir}, map[string]any{"other": "an agent's directory"})
		if row.before != nil {
			if err := row.before(dir); err != nil {
				t.Fatal(err)
			}
		}
		was := names(t, dir)
		_, err := putAs(t, Output{Dir: dir}, pay, 2, map[string]any{row.file: "theirs"})
		if row.want == "" {
			if err != nil {
				t.Errorf("%s: %v", row.sentence, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.sentence, err, row.want)
		}
		if now := names(t, dir); !slices.Equal(was, now) || releases(t, dir) != 1 {
			t.Errorf("%s: the directory had %q, has %q", row.sentence, was, now)
		}
	}
}

// TestALinkInTheWayIsNotFollowed: whoever can write to the directory cannot let the agent write elsewhere.
func TestALinkInTheWayIsNotFollowed(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	d := document(t, map[string]any{"app.yaml": "x"})
	name := releaseDir + strings.TrimPrefix(d.Digest(), "sha256:")[:12] + "-0"
	for _, link := range []string{name, newLink, pending, newRecord} {
		if err := os.Symlink(outside, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := putAs(t, Output{Dir: dir}, pay, 1, map[string]any{"app.yaml": "x"})
	t.Log(err) // refused or done beside it
	if found, _ := os.ReadDir(outside); len(found) > 0 {
		t.Errorf("the agent wrote %v outside of its directory", found)
	}
}

func TestWhatSomebodyEditedIsWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	files := map[string]any{"app.yaml": "port: 1\n", "b": "b"}
	for _, row := range []struct {
		sentence string
		edit     func(release string) error
	}{
		{"other bytes of the same length", func(r string) error { return os.WriteFile(r+"/app.yaml", []byte("port: 2\n"), 0o600) }},
		{"a file more", func(r string) error { return os.WriteFile(r+"/c", nil, 0o600) }},
		{"a file less", func(r string) error { return os.Remove(r + "/b") }},
		{"another mode", func(r string) error { return os.Chmod(r+"/b", 0o644) }},
		{"a link in its place", func(r string) error {
			if err := os.Remove(r + "/b"); err != nil {
				return err
			}
			return os.Symlink("app.yaml", r+"/b")
		}},
		{"a link of a name", func(string) error { return os.Remove(dir + "/b") }},
		{"a file instead of that link, as editors save", func(string) error {
			if err := os.WriteFile(dir+"/b~", []byte("c"), 0o600); err != nil {
				return err
			}
			return os.Rename(dir+"/b~", dir+"/b")
		}},
		{"the link of all names", func(string) error { return os.Remove(dir + "/" + dataLink) }},
		{"the whole directory", func(string) error { return os.RemoveAll(dir) }},
	} {
		put(t, Output{Dir: dir}, files)
		if err := row.edit(filepath.Join(dir, dataLink)); err != nil {
			t.Fatal(err)
		}
		put(t, Output{Dir: dir}, files)
		info, err := os.Lstat(filepath.Join(dir, dataLink, "b"))
		if got := seen(t, dir); err != nil || info.Mode() != 0o600 || !maps.Equal(got, map[string]string{"app.yaml": "port: 1\n", "b": "b"}) {
			t.Errorf("%s: got %q, %v, %v", row.sentence, got, info.Mode(), err)
		}
	}
}

// TestAReloadIsOwedUntilItIsDone: a crash between the switch and the reload loses none.
func TestAReloadIsOwedUntilItIsDone(t *testing.T) {
	o := Output{Dir: t.TempDir()}
	files := map[string]any{"app.yaml": "port: 1\n"}
	put(t, o, files)
	if !put(t, o, files) {
		t.Error("nobody reloaded, and it is no news any more")
	}
	if err := o.reloaded(); err != nil {
		t.Fatal(err)
	}
	if put(t, o, files) {
		t.Error("it was reloaded, and is news yet")
	}
}

func TestTwoAgentsDoNotShareADirectory(t *testing.T) {
	o := Output{Dir: t.TempDir()}
	p, err := o.take(pay)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.take(pay); !errors.Is(err, ErrDirectory) || !strings.Contains(err.Error(), "another agent writes there now") {
		t.Errorf("got %v", err)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	put(t, o, map[string]any{"a": "2"})
}

// TestADirectoryHasOneOwner: neither another app's agent nor an older release takes what is there.
func TestADirectoryHasOneOwner(t *testing.T) {
	other := func(change func(*record)) record { r := pay; change(&r); return r }
	for _, row := range []struct {
		sentence string
		before   func(dir string) error
		owner    record
		seq      int64
		want     string
	}{
		{"the same app, the same entry", nil, pay, 21, ""},
		{"the same app, a newer entry", nil, pay, 22, ""},
		{"the same app, an older entry", nil, pay, 20, "older than what was seen before: entry 20, after entry 21 that is there"},
		{"another app", nil, other(func(r *record) { r.App = "shop" }), 22, "it is kept for pay in production of project 0123abcd, not for shop in production"},
		{"another stage", nil, other(func(r *record) { r.Stage = "staging" }), 22, "it is kept for pay in production of project 0123abcd, not for pay in staging"},
		{"another project", nil, other(func(r *record) { r.Project = "deadbeef" }), 22, "not for pay in production of project deadbeef"},
		{"a record that is none", func(dir string) error { return os.WriteFile(dir+"/"+recordFile, []byte("x"), 0o600) }, pay, 22, "..sluice, which says whose it is, cannot be read"},
		{"an agent's directory from before there were records", func(dir string) error { return os.Remove(dir + "/" + recordFile) }, pay, 1, ""},
		{"somebody's file beside an agent's own", func(dir string) error { return os.WriteFile(dir+"/mine", nil, 0o600) }, pay, 22, ""},
		{"somebody's directory", func(dir string) error {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			return os.MkdirAll(dir+"/mine", 0o700)
		}, pay, 22, "mine is there and is not the agent's; give the agent a directory of its own"},
		{"a new file system", func(dir string) error {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			return os.MkdirAll(dir+"/lost+found", 0o700)
		}, pay, 1, ""},
	} {
		dir := filepath.Join(t.TempDir(), "out")
		if _, err := putAs(t, Output{Dir: dir}, pay, 21, map[string]any{"a": "21"}); err != nil {
			t.Fatal(err)
		}
		if row.before != nil {
			if err := row.before(dir); err != nil {
				t.Fatal(err)
			}
		}
		_, err := putAs(t, Output{Dir: dir}, row.owner, row.seq, map[string]any{"a": "new"})
		if row.want == "" && err != nil || row.want != "" && (!errors.Is(err, ErrDirectory) || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: got %v, want %q", row.sentence, err, row.want)
		}
		if got, err := os.ReadFile(dir + "/a"); row.before == nil && (err != nil || (string(got) == "new") != (row.want == "")) {
			t.Errorf("%s: the file has %q, %v", row.sentence, got, err)
		}
	}
}
