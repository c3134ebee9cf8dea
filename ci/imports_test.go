package ci_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

const module = "github.com/sluice-gitops/sluice"

// A source is one parsed Go file, named by its path below the module's root.
type source struct {
	name string
	fset *token.FileSet
	file *ast.File
}

// folder is the package's place in the module; "." is the root.
func (s source) folder() string { return path.Dir(s.name) }

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

func (s source) at(pos token.Pos) string {
	return s.name + ":" + strconv.Itoa(s.fset.Position(pos).Line)
}

func parse(name string, text []byte) (source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
	return source{name, fset, file}, err
}

// readModule parses every Go file of the module. Testdata and nested modules (a folder with its own go.mod) are not
// part of it.
func readModule(t *testing.T) []source {
	t.Helper()
	var sources []source
	err := filepath.WalkDir(root, func(name string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != root {
			return skipFolder(name)
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		s, err := parse(filepath.ToSlash(below), text)
		sources = append(sources, s)
		return err
	})
	if err != nil {
		t.Fatalf("read the module: %v", err)
	}
	return sources
}

func skipFolder(name string) error {
	base := filepath.Base(name)
	if base == "testdata" || base == "bin" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

// check returns one message per import or package that the table does not allow.
func check(sources []source) []string {
	var violations []string
	for _, s := range sources {
		violations = append(violations, checkSource(s)...)
	}
	return violations
}

func checkSource(s source) []string {
	if s.folder() == "ci" && s.isTest() {
		return nil // this package: tests alone, about everything
	}
	row := rowOf(s.folder())
	if row == nil {
		return []string{fmt.Sprintf("%s: package %s is not in the table; put the code into a package that owns the idea, "+
			"or add a row to layers in ci/layers_test.go and to the design", s.at(s.file.Package), s.folder())}
	}
	var violations []string
	for _, spec := range s.file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has accepted it
		}
		if why := refuse(s, row, imported); why != "" {
			violations = append(violations, fmt.Sprintf("%s: %s may not import %q: %s", s.at(spec.Pos()), s.folder(), imported, why))
		}
	}
	return violations
}

// refuse says why a file may not have an import, or nothing.
func refuse(s source, row *layer, imported string) string {
	switch {
	case imported == "C":
		return "the binary is built without cgo; use a package written in Go"
	case isOurs(imported):
		return refuseOurs(s, row, strings.TrimPrefix(strings.TrimPrefix(imported, module), "/"))
	case isStandard(imported):
		return refuseStandard(s, row, imported)
	}
	return refuseSDK(s, imported)
}

func refuseOurs(s source, row *layer, folder string) string {
	if s.isTest() {
		return ""
	}
	if slices.Contains(testOnly, folder) {
		return "it is for tests; only files named _test.go may import it (testOnly in ci/layers_test.go)"
	}
	if matchAny(row.ours, folder) {
		return ""
	}
	allowed := "nothing of ours"
	if len(row.ours) > 0 {
		allowed = strings.Join(row.ours, ", ")
	}
	return fmt.Sprintf("the row %s allows %s; declare a small interface where it is needed and let cmd/sluice join the two", row.packages, allowed)
}

func refuseStandard(s source, row *layer, imported string) string {
	if s.isTest() {
		return ""
	}
	if imported == "testing" && !slices.Contains(testSupport, s.folder()) {
		return "production code has no use for it; move this to a _test.go file"
	}
	if row.pure && slices.Contains(impure, imported) {
		return fmt.Sprintf("the row %s is pure; take the value as an argument and do the reading, writing and logging in the caller", row.packages)
	}
	return ""
}

func refuseSDK(s source, imported string) string {
	var best *sdk
	for i := range sdks {
		if within(imported, sdks[i].path) && (best == nil || len(sdks[i].path) > len(best.path)) {
			best = &sdks[i]
		}
	}
	switch {
	case s.isTest() && best != nil:
		return ""
	case best == nil:
		return "the module is not in the table; use one that is, or add it to sdks in ci/layers_test.go with the one package that needs it"
	case slices.Contains(best.by, s.folder()), len(best.by) == 0 && slices.Contains(testSupport, s.folder()):
		return ""
	case len(best.by) == 0:
		return fmt.Sprintf("%s is for tests alone", best.path)
	}
	return fmt.Sprintf("%s belongs to %s; call that package", best.path, strings.Join(best.by, ", "))
}

// rowOf returns the first row that names the folder, nil if there is none.
func rowOf(folder string) *layer {
	for i := range layers {
		if match(layers[i].packages, folder) {
			return &layers[i]
		}
	}
	return nil
}

func matchAny(patterns []string, folder string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, folder) })
}

func match(pattern, folder string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return within(folder, base)
	}
	if base, ok := strings.CutSuffix(pattern, "/*"); ok {
		rest, below := strings.CutPrefix(folder, base+"/")
		return below && rest != "" && !strings.Contains(rest, "/")
	}
	return pattern == folder
}

// sampleFolder is a folder that the pattern means and no other row should.
func sampleFolder(pattern string) string {
	return strings.NewReplacer("/...", "/sample", "/*", "/sample").Replace(pattern)
}

func within(p, base string) bool { return p == base || strings.HasPrefix(p, base+"/") }

func isOurs(imported string) bool { return within(imported, module) }

// isStandard tells a package of the standard library: no dot in the first element of its path.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// TestTableMatchesGoMod keeps modules in the table that go.mod no longer has from lingering there.
func TestTableMatchesGoMod(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sdks {
		known := slices.ContainsFunc(mod.Require, func(r *modfile.Require) bool { return within(s.path, r.Mod.Path) })
		if !known {
			t.Errorf("sdks: %s is in the table but no module in go.mod brings it; remove the row", s.path)
		}
	}
	for _, r := range mod.Require {
		known := slices.ContainsFunc(sdks, func(s sdk) bool { return within(s.path, r.Mod.Path) })
		if !r.Indirect && !known {
			t.Errorf("go.mod:%d: %s is required directly but no package may import it; add it to sdks in ci/layers_test.go or remove it",
				r.Syntax.Start.Line, r.Mod.Path)
		}
	}
}
