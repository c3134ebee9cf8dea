package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMutationsCompile finds those that make mutate would call NOBUILD: taking a guard away may leave an import or a variable that
// nothing uses. What is no Go, as the page's script, a browser reads as it is.
func TestMutationsCompile(t *testing.T) {
	inGo := slices.DeleteFunc(slices.Clone(mutations), func(m mutation) bool { return filepath.Ext(m.file) != ".go" })
	if len(inGo) < len(mutations)*9/10 {
		t.Fatalf("%d of %d mutations are in Go", len(inGo), len(mutations))
	}
	var dirs []string
	for _, m := range inGo {
		dirs = append(dirs, "./"+filepath.Dir(m.file))
	}
	slices.Sort(dirs)
	built := listed(t, slices.Compact(dirs))
	for _, m := range inGo {
		p, ok := built.in[filepath.Dir(m.file)]
		if !ok {
			t.Errorf("%q: no package in %s", m.name, filepath.Dir(m.file))
			continue
		}
		source, err := os.ReadFile(filepath.Join("..", "..", m.file))
		if err != nil {
			t.Errorf("%q: %v", m.name, err)
			continue
		}
		name := filepath.Base(m.file)
		if err := built.check(p, name, source); err != nil {
			t.Errorf("%s as it is: %v", m.file, err) // else no error below would say anything
			continue
		}
		if err := built.check(p, name, bytes.Replace(source, []byte(m.old), []byte(m.new), 1)); err != nil {
			t.Errorf("%q does not compile: %v", m.name, err)
		}
	}
}

// TestAMutationThatLeavesAnImportDoesNotCompile holds the test above.
func TestAMutationThatLeavesAnImportDoesNotCompile(t *testing.T) {
	built := listed(t, []string{"./ci/mutate"})
	p := built.in["ci/mutate"]
	for source, want := range map[string]string{
		"package main\n\nimport \"os\"\n\nfunc extra() {}\n":                     `"os" imported and not used`,
		"package main\n\nfunc extra() { left := 1 }\n":                           "declared and not used: left",
		"package main\n\nfunc extra() bool { return pattern }\n":                 "cannot use pattern",
		"package main\n\nimport \"os\"\n\nfunc extra() { os.Exit(len(racy)) }\n": "",
	} {
		got := fmt.Sprint(built.check(p, "extra.go", []byte(source)))
		if want == "" && got != "<nil>" || !strings.Contains(got, want) {
			t.Errorf("%s\nsays %s, want %q", source, got, want)
		}
	}
}

// packages are some of the project's. What they import is read once, as the compiler has it.
type packages struct {
	in      map[string]*pkg // by directory below the project
	set     *token.FileSet
	imports types.Importer
}

type pkg struct {
	path, dir string
	names     []string
	files     map[string]*ast.File // by name, as they are, functions without their bodies
}

// listed has the packages' imports compiled, which they are already where their tests run.
func listed(t *testing.T, dirs []string) packages {
	t.Helper()
	top, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles"}, dirs...)...)
	cmd.Dir, cmd.Stderr = top, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	built := packages{in: map[string]*pkg{}, set: token.NewFileSet()}
	built.imports = importer.ForCompiler(built.set, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var one struct {
			ImportPath, Dir, Export string
			GoFiles                 []string
		}
		if err := dec.Decode(&one); errors.Is(err, io.EOF) {
			return built
		} else if err != nil {
			t.Fatal(err)
		}
		exports[one.ImportPath] = one.Export
		if dir, err := filepath.Rel(top, one.Dir); err == nil && filepath.IsLocal(dir) {
			built.in[dir] = &pkg{path: one.ImportPath, dir: one.Dir, names: one.GoFiles}
		}
	}
}

// check type-checks a package with one file as given. Functions of the other files are known without their bodies, so that
// it takes a moment, and what is wrong there is not told.
func (b packages) check(p *pkg, name string, source []byte) error {
	changed, err := parser.ParseFile(b.set, name, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if err := b.parse(p); err != nil {
		return err
	}
	files := []*ast.File{changed}
	for other, file := range p.files {
		if other != name {
			files = append(files, file)
		}
	}
	var found []error
	conf := types.Config{Importer: b.imports, Error: func(err error) {
		var e types.Error
		if !errors.As(err, &e) || b.set.Position(e.Pos).Filename == name {
			found = append(found, err)
		}
	}}
	_, _ = conf.Check(p.path, b.set, files, nil) // what it returns is the first that Error was told
	return errors.Join(found...)
}

func (b packages) parse(p *pkg) error {
	if p.files != nil {
		return nil
	}
	p.files = map[string]*ast.File{}
	for _, name := range p.names {
		file, err := parser.ParseFile(b.set, filepath.Join(p.dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Type.TypeParams == nil && f.Name.Name != "init" {
				f.Body = nil
			}
		}
		p.files[name] = file
	}
	return nil
}
