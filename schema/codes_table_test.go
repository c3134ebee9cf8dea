package schema_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

func TestEveryCodeIsExplained(t *testing.T) {
	shape := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	for _, code := range schema.Codes() {
		info, _ := schema.Explain(code)
		if !shape.MatchString(string(code)) {
			t.Errorf("%s: not in kebab case", code)
		}
		for part, text := range map[string]string{"title": info.Title, "message": info.Message, "cause": info.Cause, "fix": info.Fix, "example": info.Example} {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: no %s", code, part)
			}
		}
		for part, text := range map[string]string{"cause": info.Cause, "fix": info.Fix} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: the %s is no sentence: %q", code, part, text)
			}
		}
		for part, text := range map[string]string{"title": info.Title, "message": info.Message} {
			if strings.HasSuffix(text, ".") || text != "" && strings.ToLower(text[:1]) != text[:1] && !strings.HasPrefix(text, "X.509") && !strings.HasPrefix(text, "OpenPGP") {
				t.Errorf("%s: the %s is a sentence, want a phrase: %q", code, part, text)
			}
		}
		if n := strings.Count(info.Message, "["); n != strings.Count(info.Message, "]") {
			t.Errorf("%s: brackets do not match in %q", code, info.Message)
		}
		if strings.Count(info.Message, "{") != strings.Count(info.Message, "}") {
			t.Errorf("%s: braces do not match in %q", code, info.Message)
		}
	}
}

func TestMessagesLeaveOutWhatIsMissing(t *testing.T) {
	rows := []struct {
		name string
		code schema.Code
		args map[string]string
		want string
	}{
		{"all arguments", "approvals-missing", map[string]string{"have": "1", "need": "2", "by": "ann", "eligible": "bob, eve"}, "1 of 2 approvals: ann; may approve: bob, eve"},
		{"without the optional ones", "approvals-missing", map[string]string{"have": "0", "need": "1"}, "0 of 1 approvals"},
		{"without a needed one", "wrong-target", map[string]string{"merge_request": "!1"}, "!1 was merged into …, not into …"},
		{"a value with braces and brackets", "unknown-key", map[string]string{"commit": "{key}", "key": "[x]"}, "commit {key} is signed by a key that is nobody's: [x]"},
		{"a code of nobody", "no-such-code", nil, "no-such-code"},
	}
	for _, row := range rows {
		if got := row.code.Message(row.args); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

func TestNoCodeIsRegisteredTwice(t *testing.T) {
	seen := map[string]string{}
	for _, name := range glob(t, "codes_*.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, m := range regexp.MustCompile(`Code: "([^"]+)"`).FindAllStringSubmatch(read(t, name), -1) {
			if other, taken := seen[m[1]]; taken {
				t.Errorf("%s: in %s and %s", m[1], other, name)
			}
			seen[m[1]] = name
		}
	}
	if len(seen) != len(schema.Codes()) {
		t.Errorf("the files list %d codes, the registry has %d", len(seen), len(schema.Codes()))
	}
}

// TestEveryUsedCodeIsRegistered reads the module's code for codes: one registry serves verdicts, errors, explain and pages.
func TestEveryUsedCodeIsRegistered(t *testing.T) {
	uses := []*regexp.Regexp{
		regexp.MustCompile(`\bCode(?:\s+schema\.Code)?\s*(?::|=|:=)\s*"([^"]+)"`),
		regexp.MustCompile(`schema\.Code\("([^"]+)"\)`),
		regexp.MustCompile(`\bschema\.Code\s*=\s*"([^"]+)"`),
		regexp.MustCompile(`\.Code = [^"\n]*"([^"\s]+)"`),
		regexp.MustCompile(`answer\([a-z]+, schema\.(?:Deny|Hold), "([^"]+)"`),
		regexp.MustCompile(`\.report\([^"\n]*, "([^"]+)"`),
	}
	files := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		if filepath.Dir(path) == filepath.Join("..", "ci", "mutate") { // it quotes what other files have
			return nil
		}
		files++
		text := read(t, path)
		for _, use := range uses {
			for _, m := range use.FindAllStringSubmatch(text, -1) {
				if _, ok := schema.Explain(schema.Code(m[1])); !ok {
					t.Errorf("%s uses the code %q, which schema/codes_*.go does not explain", path, m[1])
				}
			}
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Fatalf("read the module's files: %d, %v", files, err)
	}
}

// TestEveryCodeIsRaised: a code that no answer has is one that nobody can look up, and an example of it is made up.
func TestEveryCodeIsRaised(t *testing.T) {
	var all strings.Builder
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path == filepath.Join("..", "ci") {
			return filepath.SkipDir
		}
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(filepath.Base(path), "codes_") {
			return err
		}
		all.WriteString(read(t, path))
		return nil
	})
	if err != nil || all.Len() < 1<<20 {
		t.Fatalf("read the module's files: %d bytes, %v", all.Len(), err)
	}
	for _, code := range schema.Codes() {
		if !strings.Contains(all.String(), `"`+string(code)+`"`) && !strings.Contains(all.String(), "["+string(code)+"]") {
			t.Errorf("%s: nobody answers with it", code)
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("glob %s: %d files, %v", pattern, len(names), err)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
