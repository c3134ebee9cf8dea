package schema_test

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestDocumentVectors gives the files of each directory to the document; another implementation can do the same.
func TestDocumentVectors(t *testing.T) {
	for _, dir := range glob(t, "testdata/document/*/files") {
		d, found := schema.NewDocument(filesBelow(t, dir))
		if err := found.Err(); err != nil {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		compareGolden(t, filepath.Join(filepath.Dir(dir), "document.json"), d.Encode())
	}
}

// filesBelow reads a directory in reverse, because the order in which files come must not matter.
func filesBelow(t *testing.T, dir string) []schema.DocumentFile {
	t.Helper()
	var out []schema.DocumentFile
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		f := schema.DocumentFile{Mode: schema.Regular, Data: []byte(read(t, path))}
		if info.Mode()&0o100 != 0 {
			f.Mode = schema.Executable
		}
		f.Path, err = filepath.Rel(dir, path)
		f.Path = filepath.ToSlash(f.Path)
		out = append(out, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(out)
	return out
}

// TestRefusedVectors lints each file of testdata/document/refused; its name begins with the code it has to get.
func TestRefusedVectors(t *testing.T) {
	for _, path := range glob(t, "testdata/document/refused/*") {
		name := filepath.Base(path)
		want, _, _ := strings.Cut(name, ".")
		found := schema.LintFile(name, []byte(read(t, path)))
		if len(found) == 0 || string(found[0].Code) != want {
			t.Errorf("%s: got %v, want %s", name, found.Err(), want)
		}
		if _, ds := schema.NewDocument([]schema.DocumentFile{{Path: name, Mode: schema.Regular, Data: []byte(read(t, path))}}); len(ds) == 0 {
			t.Errorf("%s: delivered", name)
		}
		if leaves, ds := schema.Flatten(name, []byte(read(t, path))); leaves != nil || len(ds) == 0 {
			t.Errorf("%s: flattened", name)
		}
	}
}

func TestFilesThatCannotBeDelivered(t *testing.T) {
	rows := []struct {
		name, path string
		mode       schema.Mode
		data       string
		code       schema.Code
	}{
		{"a path that climbs", "../x", schema.Regular, "", "name"},
		{"an absolute path", "/x", schema.Regular, "", "name"},
		{"a path that is not clean", "a//b", schema.Regular, "", "name"},
		{"a backslash", `a\b`, schema.Regular, "", "name"},
		{"a path that turns the reading direction", "a\u202eb", schema.Regular, "", "name"},
		{"a path that is not UTF-8", "a\xff", schema.Regular, "", "name"},
		{"a part that is too long", strings.Repeat("a", 256), schema.Regular, "", "name"},
		{"a symbolic link", "a", "120000", "target", "unsupported-entry"},
		{"a pointer of Git LFS", "a.bin", schema.Regular, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "unsupported-entry"},
		{"a YAML file that is too large", "a.yaml", schema.Regular, strings.Repeat("# x\n", 1<<18+1), "file-too-large"},
	}
	for _, row := range rows {
		_, found := schema.NewDocument([]schema.DocumentFile{{Path: row.path, Mode: row.mode, Data: []byte(row.data)}})
		if len(found) == 0 || found[0].Code != row.code {
			t.Errorf("%s: got %v, want %s", row.name, found.Err(), row.code)
		}
	}
	twice := []schema.DocumentFile{file("a", "1"), file("a", "2")}
	if _, found := schema.NewDocument(twice); len(found) != 1 || found[0].Code != "path-collision" {
		t.Errorf("one path twice: got %v", found.Err())
	}
	big := bytes.Repeat([]byte("x"), 2<<20)
	if _, found := schema.NewDocument([]schema.DocumentFile{{Path: "a.bin", Mode: schema.Regular, Data: big}}); len(found) > 0 {
		t.Errorf("a large file of bytes: got %v", found.Err())
	}
}
