package ci_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"go/ast"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// root is the module's root, seen from the folder that the tests of this package run in.
const root = ".."

// topLevel is all that may stand at the root, beside files whose name begins with a dot.
var topLevel = []string{
	"cmd", "reconciler", "schema", "policies", "examples", "ci",
	"Makefile", "go.mod", "go.sum",
	"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE",
}

// longFiles may have more than maxLines lines, each for a reason that is written here.
var longFiles = map[string]string{}

const maxLines = 500

// forbidden is what no text of the project may contain: places of one machine, and where modules come from.
var forbidden = regexp.MustCompile(`(?:^|[\s"'=(:,` + "`" + `])/(?:work|root|home/[a-z][a-z0-9_-]*)/|` +
	`proxy\.golang\.org|sum\.golang\.org|registry\.npmjs\.org|registry\.yarnpkg\.com|deb\.debian\.org|files\.pythonhosted\.org|pypi\.org`)

func TestTopLevelNames(t *testing.T) {
	for _, name := range files(t) {
		first, _, _ := strings.Cut(name, "/")
		if !strings.HasPrefix(first, ".") && !slices.Contains(topLevel, first) {
			t.Errorf("%s: %s is not one of the project's top-level names (%s); put it below one of them", name, first, strings.Join(topLevel, " "))
		}
	}
	for _, name := range topLevel {
		if filepath.Ext(name) == "" && name != "LICENSE" {
			continue // folders come with their first file
		}
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: missing or empty", name)
		}
	}
}

// TestLicence holds the licence to the text of Apache-2.0, byte for byte.
func TestLicence(t *testing.T) {
	const apache2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
	sum := sha256.Sum256(read(t, "LICENSE"))
	if got := hex.EncodeToString(sum[:]); got != apache2 {
		t.Errorf("LICENSE: sha256 %s, want that of the Apache License 2.0, %s", got, apache2)
	}
}

func TestGoFilesAreFormatted(t *testing.T) {
	for _, name := range goFiles(t) {
		text := read(t, name)
		want, err := format.Source(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.Equal(text, want) {
			t.Errorf("%s: not formatted; run: gofmt -w %s", name, name)
		}
	}
}

func TestFilesHoldOneIdea(t *testing.T) {
	for _, name := range goFiles(t) {
		lines := bytes.Count(read(t, name), []byte("\n"))
		if _, listed := longFiles[name]; lines > maxLines && !listed {
			t.Errorf("%s: %d lines, more than %d; split it by idea", name, lines, maxLines)
		} else if listed && lines <= maxLines {
			t.Errorf("%s: no longer long; remove it from longFiles in ci/house_test.go", name)
		}
	}
}

// TestNoInit: what a package needs is passed to it, so that importing it does nothing.
func TestNoInit(t *testing.T) {
	for _, s := range readModule(t) {
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: func init; make it a constructor, or a value that is declared", s.at(f.Pos()))
			}
		}
	}
}

func TestTextNamesNoMachine(t *testing.T) {
	for _, name := range files(t) {
		text := read(t, name)
		if name == "ci/house_test.go" || !utf8.Valid(text) {
			continue
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			if found := forbidden.Find(line); found != nil {
				t.Errorf("%s:%d: names %q; texts of the project hold on every machine", name, i+1, bytes.TrimSpace(found))
			}
		}
	}
}

// TestForbiddenFinds shows what TestTextNamesNoMachine refuses and what it lets pass.
func TestForbiddenFinds(t *testing.T) {
	for _, text := range []string{"cd /work/main", `"/root/.ssh/id"`, "HOME=/home/ann/x", "GOPROXY=https://proxy.golang.org", "see:/root/x"} {
		if !forbidden.MatchString(text) {
			t.Errorf("%q: want it to be refused", text)
		}
	}
	for _, text := range []string{"a/work/tree", "https://example.com/root/a", "$HOME/.cache", "work/", "/roots/x", "registry.example.com"} {
		if forbidden.MatchString(text) {
			t.Errorf("%q: want it to pass", text)
		}
	}
}

// files are the project's files, with those that are new and not ignored, as slash paths below the root.
func files(t *testing.T) []string {
	t.Helper()
	git := exec.Command("git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	out, err := git.Output()
	if err != nil {
		t.Fatalf("list the project's files (the checks need a clone and git): %v", err)
	}
	var names []string
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if info, err := os.Lstat(filepath.Join(root, name)); err == nil && info.Mode().IsRegular() {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Fatal("git lists no file: the check would check nothing")
	}
	return names
}

func goFiles(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(files(t), func(name string) bool {
		return filepath.Ext(name) != ".go" || strings.Contains(name, "testdata/")
	})
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
