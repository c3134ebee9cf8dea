package ci_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const threatPage = "ci/THREATS.md"

// threats is how many rows the page has; none may be dropped.
const threats = 108

var (
	threatRow = regexp.MustCompile(`^\| (\d+) \| (.+) \| (.+) \| (.*) \|$`)
	heldBy    = regexp.MustCompile("`([a-z/0-9]+): ((?:Test|Fuzz)[A-Za-z0-9]+)(?:/([^`]+))?`")
)

// TestThreatsAreHeld holds each row of THREATS.md to the tests it names: a row names a test that exists, or says what it
// waits for, or both.
func TestThreatsAreHeld(t *testing.T) {
	tests := testsOf(t)
	next, held := 1, 0
	for line := range strings.Lines(string(read(t, threatPage))) {
		row := threatRow.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if row == nil {
			continue
		}
		if row[1] != strconv.Itoa(next) {
			t.Errorf("row %s: want row %d", row[1], next)
		}
		next++
		for _, problem := range tests.judge(row[4]) {
			t.Errorf("row %s: %s", row[1], problem)
		}
		if !strings.Contains(row[4], "open: ") {
			held++
		}
	}
	if next-1 != threats {
		t.Errorf("%d rows, want %d", next-1, threats)
	}
	t.Logf("%d of %d rows are held in full", held, threats)
}

// TestThreatRowsCanBeWrong shows what TestThreatsAreHeld refuses.
func TestThreatRowsCanBeWrong(t *testing.T) {
	tests := testsOf(t)
	for cell, wrong := range map[string]bool{
		"`ci: TestThreatsAreHeld`":                          false,
		"`reconciler/signing: TestSecurityKey/not touched`": false,
		"`reconciler/stories: TestStories/s06_evil_merge`":  false,
		"open: the thing that is to come":                   false,
		"`ci: TestThreatsAreHeld`<br>open: more":            false,
		"":                                                  true,
		"open: ":                                            true,
		"held by nobody":                                    true,
		"`ci: TestNobody`":                                  true,
		"`ci: TestThreatsAreHeld`<br>`ci: TestNobody`":      true,
		"`ci: TestThreatsAreHeld`<br>`ci TestNobody`":       true,
		"`nowhere: TestThreatsAreHeld`":                     true,
		"`reconciler/signing: TestSecurityKey/touched by nobody's fingertip`": true,
		"`reconciler/stories: TestStories/s99_none`":                          true,
	} {
		if problems := tests.judge(cell); (len(problems) > 0) != wrong {
			t.Errorf("%q: got %q, want wrong to be %t", cell, problems, wrong)
		}
	}
}

// testIndex knows the tests of the module: by package and function, the texts that their file and testdata offer as rows.
type testIndex map[string]map[string]bool

func testsOf(t *testing.T) testIndex {
	t.Helper()
	index := testIndex{}
	for _, name := range goFiles(t) {
		if !strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, read(t, name), parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.ToSlash(filepath.Dir(name))
		rows := texts(file)
		namesBelow(t, filepath.Join(root, folder, "testdata"), rows)
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if ok && f.Recv == nil {
				index[folder+": "+f.Name.Name] = rows
			}
		}
	}
	return index
}

// texts are the string literals of a file.
func texts(file *ast.File) map[string]bool {
	out := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				out[text] = true
			}
		}
		return true
	})
	return out
}

// namesBelow adds the files of a testdata folder, as they are and as a story or script is called.
func namesBelow(t *testing.T, dir string, out map[string]bool) {
	t.Helper()
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		return
	}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		out[entry.Name()] = true
		out[strings.TrimSuffix(strings.TrimSuffix(entry.Name(), ".txtar"), ".txt")] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// judge says what is wrong with the last cell of a row.
func (tests testIndex) judge(cell string) []string {
	var problems []string
	named := 0
	for part := range strings.SplitSeq(cell, "<br>") {
		if why, open := strings.CutPrefix(part, "open: "); open {
			if strings.TrimSpace(why) == "" {
				problems = append(problems, "open, but does not say why")
			}
			named++
			continue
		}
		m := heldBy.FindStringSubmatch(part)
		if m == nil || m[0] != part {
			problems = append(problems, strconv.Quote(part)+" is neither a test nor a reason")
			continue
		}
		named++
		rows, found := tests[m[1]+": "+m[2]]
		switch {
		case !found:
			problems = append(problems, part+": there is no such test")
		case m[3] != "" && !rows[m[3]]:
			problems = append(problems, part+": the test has no such row")
		}
	}
	if named == 0 {
		problems = append(problems, "names no test and no reason")
	}
	return problems
}
