package gitrepo_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// rawTree writes a tree as it is, however malformed, with git.
func rawTree(t testing.TB, g git, entries ...string) schema.Hash {
	t.Helper()
	var b bytes.Buffer
	for _, e := range entries {
		mode, rest, _ := strings.Cut(e, " ")
		name, id, _ := strings.Cut(rest, "=")
		h := hash(t, id)
		fmt.Fprintf(&b, "%s %s\x00%s", mode, name, h[:])
	}
	return writeRaw(t, g, "tree", b.String())
}

func writeRaw(t testing.TB, g git, kind, raw string) schema.Hash {
	t.Helper()
	return hash(t, g.feed(raw, "hash-object", "-w", "-t", kind, "--literally", "--stdin"))
}

func TestMalformedTreesAreRefused(t *testing.T) {
	g := newGit(t)
	blob := g.feed("x", "hash-object", "-w", "--stdin")
	sub := rawTree(t, g, "100644 f="+blob).String()
	rows := []struct {
		name    string
		entries []string
	}{
		{"the same name twice", []string{"100644 a=" + blob, "100644 a=" + blob}},
		{"a file and a directory of one name", []string{"100644 a=" + blob, "100644 a.b=" + blob, "40000 a=" + sub}},
		{"a directory and a file among directories", []string{"100644 a=" + blob, "100644 a.b=" + blob, "40000 a=" + sub, "40000 b=" + sub, "40000 c=" + sub}},
		{"out of order", []string{"100644 b=" + blob, "100644 a=" + blob}},
		{"a directory sorted as a file", []string{"40000 a=" + sub, "100644 a.b=" + blob}},
		{"slash in a name", []string{"100644 a/b=" + blob}},
		{"empty name", []string{"100644 =" + blob}},
		{"dot", []string{"40000 .=" + sub}},
		{"dot dot", []string{"40000 ..=" + sub}},
		{".git", []string{"40000 .git=" + sub}},
		{".GIT", []string{"40000 .GIT=" + sub}},
		{".git as HFS+ reads it", []string{"40000 .g\u200cit=" + sub}},
		{".git with a mark in front", []string{"40000 \ufeff.git=" + sub}},
		{".git as NTFS reads it", []string{"40000 .git .=" + sub}},
		{".git by its short name", []string{"40000 GIT~1=" + sub}},
		{".git as a stream", []string{"40000 .git::$INDEX_ALLOCATION=" + sub}},
		{"group-writable file", []string{"100664 a=" + blob}},
		{"mode of a directory with a zero", []string{"040000 a=" + sub}},
		{"mode of nothing", []string{"0 a=" + blob}},
	}
	r := local(t, g.dir)
	for _, row := range rows {
		id := rawTree(t, g, row.entries...)
		_, err := r.Tree(t.Context(), id)
		var malformed *gitrepo.TreeError
		if !errors.As(err, &malformed) || malformed.Code != gitrepo.CodeMalformedTree {
			t.Errorf("%s: got %v, want a TreeError malformed-tree", row.name, err)
		}
		outer := rawTree(t, g, "40000 app="+id.String())
		_, problems, err := r.Files(t.Context(), outer)
		if err != nil || len(problems) != 1 || problems[0].Code != gitrepo.CodeMalformedTree || !strings.HasPrefix(problems[0].Path, "app") {
			t.Errorf("%s: Files: got %v, %v, want one malformed-tree below app", row.name, problems, err)
		}
		err = r.Diff(t.Context(), schema.Hash{}, outer, func(gitrepo.Change) error { return nil })
		if !errors.As(err, &malformed) || !strings.HasPrefix(malformed.Path, "app") {
			t.Errorf("%s: Diff: got %v, want a TreeError with the path", row.name, err)
		}
	}
	for _, raw := range []string{"100644", "100644 a", "100644 a\x00short", "100644 a\x00" + strings.Repeat("x", 20) + "tail"} {
		var malformed *gitrepo.TreeError
		if _, err := r.Tree(t.Context(), writeRaw(t, g, "tree", raw)); !errors.As(err, &malformed) {
			t.Errorf("cut off %q: got %v, want a TreeError", raw, err)
		}
	}
	if e, err := r.Tree(t.Context(), writeRaw(t, g, "tree", "")); err != nil || len(e) != 0 {
		t.Errorf("empty tree: got %v, %v", e, err)
	}
}

func TestFilesThatAreNoConfigurationAreProblems(t *testing.T) {
	g := newGit(t)
	blob := g.feed("x", "hash-object", "-w", "--stdin")
	pointer := g.feed("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "hash-object", "-w", "--stdin")
	dir := rawTree(t, g, "100644 f="+blob).String()
	long := strings.Repeat("n", 256)
	rows := []struct {
		name    string
		entries []string
		path    string
		code    schema.Code
	}{
		{"symbolic link", []string{"120000 l=" + blob}, "l", gitrepo.CodeUnsupportedEntry},
		{"submodule", []string{"160000 m=" + blob}, "m", gitrepo.CodeUnsupportedEntry},
		{"LFS pointer", []string{"100644 big.bin=" + pointer}, "big.bin", gitrepo.CodeUnsupportedEntry},
		{"backslash", []string{`100644 a\b=` + blob}, `a\b`, gitrepo.CodeUnsupportedEntry},
		{"control character", []string{"100644 a\nb=" + blob}, "a\nb", gitrepo.CodeUnsupportedEntry},
		{"text turned around", []string{"100644 a\u202eb=" + blob}, "a\u202eb", gitrepo.CodeUnsupportedEntry},
		{"not UTF-8", []string{"100644 a\xffb=" + blob}, "a\xffb", gitrepo.CodeUnsupportedEntry},
		{"decomposed letter", []string{"100644 u\u0308=" + blob}, "u\u0308", gitrepo.CodeUnsupportedEntry},
		{"too long", []string{"100644 " + long + "=" + blob}, long, gitrepo.CodeUnsupportedEntry},
		{"names that differ in case", []string{"100644 App=" + blob, "100644 app=" + blob}, "app", gitrepo.CodePathCollision},
		{"a file and a directory that differ in case", []string{"40000 Conf=" + dir, "100644 conf=" + blob}, "conf", gitrepo.CodePathCollision},
		{"letters that differ in case beyond ASCII", []string{"100644 Ä=" + blob, "100644 ä=" + blob}, "ä", gitrepo.CodePathCollision},
	}
	r := local(t, g.dir)
	for _, row := range rows {
		m, problems, err := r.Files(t.Context(), rawTree(t, g, row.entries...))
		if err != nil || len(problems) != 1 || problems[0].Path != row.path || problems[0].Code != row.code || m != nil {
			t.Errorf("%s: got %v, %v, %v, want %s at %q", row.name, m, problems, err, row.code, row.path)
		}
	}
	both := rawTree(t, g, "100644 u\u0308="+blob, "100644 ü="+blob)
	if _, problems, err := r.Files(t.Context(), both); err != nil || len(problems) != 2 {
		t.Errorf("two forms of one name: got %v, %v, want the form and the collision", problems, err)
	}
}

func TestFilesGivesTheManifest(t *testing.T) {
	g := newGit(t)
	g.commit("x", map[string]string{"app.yaml": "a: 1\n", "conf/x.properties": "k=v\n", "conf.yaml": "b: 2\n"})
	g.run("update-index", "--chmod=+x", "conf.yaml")
	g.run("commit", "-q", "-m", "mode")
	tip := g.id("HEAD")
	r := local(t, g.dir)
	m, problems, err := r.Files(t.Context(), treeOf(t, r, tip))
	want, errWant := schema.NewManifest([]schema.File{
		{Path: "app.yaml", Mode: schema.Regular, Digest: schema.DigestOf([]byte("a: 1\n"))},
		{Path: "conf.yaml", Mode: schema.Executable, Digest: schema.DigestOf([]byte("b: 2\n"))},
		{Path: "conf/x.properties", Mode: schema.Regular, Digest: schema.DigestOf([]byte("k=v\n"))},
	})
	if err != nil || errWant != nil || len(problems) > 0 || string(m.Encode()) != string(want.Encode()) {
		t.Errorf("got %s, %v, %v, want %s", m.Encode(), problems, err, want.Encode())
	}
	if data, err := r.Blob(t.Context(), m[0].Blob); err != nil || string(data) != "a: 1\n" || m[0].Size != 5 {
		t.Errorf("blob: got %q, %d, %v", data, m[0].Size, err)
	}
	if m, problems, err := r.Files(t.Context(), schema.Hash{}); err != nil || len(problems) > 0 || m.Content() != schema.NoContent {
		t.Errorf("no tree: got %v, %v, %v", m, problems, err)
	}
}

func TestLimitsHold(t *testing.T) {
	g := newGit(t)
	files := map[string]string{"big": strings.Repeat("x", 5000)}
	for i := range 30 {
		files[fmt.Sprintf("many/f%02d", i)] = "x"
	}
	files[strings.Repeat("d/", 12)+"f"] = "x"
	tip := g.commit("x", files)
	rows := []struct {
		name  string
		limit func(*gitrepo.Limits)
		path  string
	}{
		{"files in all", func(l *gitrepo.Limits) { l.Files = 10 }, "many/f08"},
		{"bytes in all", func(l *gitrepo.Limits) { l.Bytes = 5003 }, "many/f02"},
		{"size of a file", func(l *gitrepo.Limits) { l.Object = 4000 }, "big"},
		{"depth", func(l *gitrepo.Limits) { l.Depth = 5 }, "d/d/d/d/d/d"},
		{"entries of a directory", func(l *gitrepo.Limits) { l.Entries = 20 }, "many/f20"},
	}
	for _, row := range rows {
		limits := gitrepo.DefaultLimits()
		row.limit(&limits)
		r := local(t, g.dir, gitrepo.WithLimits(limits))
		_, problems, err := r.Files(t.Context(), treeOf(t, r, tip))
		if err != nil || len(problems) != 1 || problems[0].Code != gitrepo.CodeLimitExceeded || problems[0].Path != row.path {
			t.Errorf("%s: got %v, %v, want limit-exceeded at %s", row.name, problems, err, row.path)
		}
	}
}

func TestDamagedObjectsAreNeverRead(t *testing.T) {
	work := newGit(t)
	tip := work.commit("x", map[string]string{"a": strings.Repeat("line\n", 2000)})
	blob := work.id("HEAD:a")
	loose := func(id schema.Hash) string {
		return filepath.Join(work.dir, ".git", "objects", id.String()[:2], id.String()[2:])
	}
	overwrite := func(path string, data []byte) {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	good, err := os.ReadFile(loose(blob))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"other content":               deflated("blob 5\x00other"),
		"other kind":                  deflated("tree 10000\x00" + strings.Repeat("line\n", 2000)),
		"cut off":                     good[:len(good)/2],
		"empty":                       {},
		"longer than its header says": deflated("blob 5\x00" + strings.Repeat("x", 1<<20)),
		"shorter than it says":        deflated("blob 500\x00x"),
		"header without an end":       deflated(strings.Repeat("b", 1000)),
		"not compressed":              []byte("blob 1\x00x"),
	} {
		overwrite(loose(blob), data)
		if _, err := local(t, work.dir).Blob(t.Context(), blob); !errors.Is(err, gitrepo.ErrMismatch) {
			t.Errorf("%s: got %v, want ErrMismatch", name, err)
		}
	}
	overwrite(loose(blob), deflated(fmt.Sprintf("blob %d\x00", 1<<40)))
	if _, err := local(t, work.dir).Blob(t.Context(), blob); !errors.Is(err, gitrepo.ErrLimit) {
		t.Errorf("header of a terabyte: got %v, want ErrLimit", err)
	}
	overwrite(loose(blob), good)
	if _, err := local(t, work.dir).Blob(t.Context(), tip); !errors.Is(err, gitrepo.ErrMismatch) {
		t.Errorf("a commit read as a blob: got %v, want ErrMismatch", err)
	}
}

func deflated(s string) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.Bytes()
}

func TestDamagedPackIsFoundAndFetchedAgain(t *testing.T) {
	work, bare := published(t)
	tip := work.commit("second", map[string]string{"a": strings.Repeat("some text ", 300)})
	work.push("main")
	dir := t.TempDir()
	r := mirrorIn(t, dir, gitrepo.Remote{URL: bare.dir})
	fetch(t, r)
	packs, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatal(packs, err)
	}
	data, err := os.ReadFile(packs[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := 12; i < len(data)-20; i++ {
		data[i] ^= 0x55
	}
	if err := errors.Join(os.Chmod(packs[0], 0o644), os.WriteFile(packs[0], data, 0o644)); err != nil {
		t.Fatal(err)
	}
	r = mirrorIn(t, dir, gitrepo.Remote{URL: bare.dir})
	if _, err := r.Commit(t.Context(), tip); !errors.Is(err, gitrepo.ErrMismatch) {
		t.Fatalf("got %v, want ErrMismatch", err)
	}
	fetch(t, r)
	if _, err := r.Commit(t.Context(), tip); err != nil {
		t.Errorf("after fetching again: %v", err)
	}
}

func TestObjectSaysWhichKindItIs(t *testing.T) {
	work := newGit(t)
	work.commit("x", map[string]string{"a": "1"})
	work.run("tag", "-a", "-m", "text", "t")
	r := local(t, work.dir)
	for rev, want := range map[string]schema.ObjectKind{
		"HEAD": schema.CommitObject, "HEAD^{tree}": schema.TreeObject, "HEAD:a": schema.BlobObject, "t": schema.TagObject,
	} {
		kind, data, err := r.Object(t.Context(), work.id(rev))
		if err != nil || kind != want || schema.ObjectID(kind, data) != work.id(rev) {
			t.Errorf("%s: got %s, %v, want %s", rev, kind, err, want)
		}
	}
}
