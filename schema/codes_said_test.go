package schema_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// said is a text in the module's code, in the parts between what is filled in.
type said struct{ parts []string }

// isSaid reports whether a text of the module's is in the line, its parts in their order.
func isSaid(all []said, line string) bool {
	for _, s := range all {
		rest, whole := line, true
		for _, part := range s.parts {
			i := strings.Index(rest, part)
			if i < 0 {
				whole = false
				break
			}
			rest = rest[i+len(part):]
		}
		if whole {
			return true
		}
	}
	return false
}

// free are the arguments that are words of the package that answers, and no name or number.
var free = []string{"why", "detail", "what", "seen", "kind"}

// unseen says which words in the place of an argument nobody prints: they are no text of the module's, and in no golden file, script or test.
func unseen(info schema.CodeInfo, all []said, shown string) []string {
	var out []string
	named := regexp.MustCompile(named(info.Message))
	for line := range strings.SplitSeq(info.Example, "\n") {
		if f := findingLine.FindStringSubmatch(line); f != nil {
			line = f[6]
		}
		found := named.FindStringSubmatch(strings.TrimSuffix(line, " ["+string(info.Code)+"]"))
		for _, arg := range free {
			i := named.SubexpIndex(arg)
			if i < 0 || found == nil || found[i] == "" {
				continue
			}
			if value := strings.TrimSuffix(strings.TrimPrefix(found[i], "… - "), " …"); !isSaid(all, value) && !strings.Contains(shown, value) {
				out = append(out, "nothing shows that {"+arg+"} can be "+strconv.Quote(value))
			}
		}
	}
	return out
}

// named is the pattern of a message with a group for each argument.
func named(message string) string {
	p := pattern(message)
	for _, arg := range regexp.MustCompile(`\{([a-z_]+)\}`).FindAllStringSubmatch(message, -1) {
		p = strings.Replace(p, `\S.*`, "(?P<"+arg[1]+`>\S.+|\S)`, 1)
	}
	return p
}

// shownByTests is what the module's golden files, stories, scripts and tests show.
func shownByTests(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path, "fuzz"+string(filepath.Separator)) || strings.HasPrefix(filepath.Base(path), "codes_") {
			return err
		}
		switch ext := filepath.Ext(path); {
		case ext == ".txt", ext == ".txtar", ext == ".golden", strings.HasSuffix(path, "_test.go"):
			b.WriteString(read(t, path))
		}
		return nil
	})
	if err != nil || b.Len() < 1<<20 {
		t.Fatalf("read what tests show: %d bytes, %v", b.Len(), err)
	}
	return b.String()
}

var verb = regexp.MustCompile(`%[-+# 0]*[0-9]*(?:\.[0-9]+)?[a-zA-Z]`)

// texts reads the module for what it may print: texts of several words, the registry's own left out.
func texts(t *testing.T) []said {
	t.Helper()
	var out []said
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(filepath.Base(path), "codes_") ||
			strings.HasPrefix(path, filepath.Join("..", "ci")+string(filepath.Separator)) {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					if s := partsOf(text); s != nil {
						out = append(out, said{parts: s})
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil || len(out) < 1000 {
		t.Fatalf("read the module's texts: %d, %v", len(out), err)
	}
	return out
}

// partsOf is nil where a text has too few letters of its own, or no two words.
func partsOf(text string) []string {
	var parts []string
	letters := 0
	for _, part := range verb.Split(text, -1) {
		part = strings.Trim(part, " :,\n")
		if len(part) < 2 {
			continue
		}
		letters += len(part)
		parts = append(parts, part)
	}
	if letters < fewest || !strings.Contains(strings.TrimSpace(text), " ") {
		return nil
	}
	return parts
}
