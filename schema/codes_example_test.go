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
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/schema"
)

// What an example may take of a screen.
const (
	mostLines = 4
	mostWide  = 120
)

// TestEveryCodeHasAnExample: a case of it as people see it, small enough to be read, that says more than the words around it.
func TestEveryCodeHasAnExample(t *testing.T) {
	for _, code := range schema.Codes() {
		info, _ := schema.Explain(code)
		if info.Example == "" {
			continue // TODO
		}
		for _, problem := range poorExample(info) {
			t.Errorf("%s: %s:\n%s", code, problem, info.Example)
		}
	}
}

// TestExamplesAreWhatIsPrinted asks whether the program can print it: the message of the code with arguments in it, a finding
// with its line and caret as Render draws it, or a text of the module's own.
func TestExamplesAreWhatIsPrinted(t *testing.T) {
	said, shown := texts(t), shownByTests(t)
	for _, code := range schema.Codes() {
		if info, _ := schema.Explain(code); info.Example != "" {
			for _, problem := range append(invented(info, said), unseen(info, said, shown)...) {
				t.Errorf("%s: %s:\n%s", code, problem, info.Example)
			}
		}
	}
}

// TestPoorExamplesAreRefused shows that the checks of examples can fail, in each of the ways that they are there for.
func TestPoorExamplesAreRefused(t *testing.T) {
	info := schema.CodeInfo{Code: "unknown-stage", Title: "stage is not declared", Message: `there is no stage "{stage}"`,
		Cause: "The name is not among the stages of sluice.yaml.", Fix: "Correct the name or add the stage."}
	said := []said{{parts: []string{"the rules have no stage "}}}
	good := "sluice.yaml:8:13: error[unknown-stage]: there is no stage \"stagng\"\n     8 |     after: [stagng]\n       |             ^^^^^^ did you mean \"staging\"?"
	rows := []struct{ name, example, problem string }{
		{"a finding", good, ""},
		{"the message alone", `there is no stage "stagng"`, ""},
		{"in the gate's list", `wait  provenance  there is no stage "stagng" [unknown-stage]`, ""},
		{"a text of another package", `sluice: the rules have no stage "stagng"`, ""},
		{"none", "", "no example"},
		{"blank", "\n ", "no example"},
		{"the title again", "Stage is not declared.", "repeats"},
		{"part of the cause again", "not among the stages of sluice.yaml [unknown-stage]", "repeats"},
		{"too many lines", strings.Repeat("there is no stage \"a\"\n", 5), "lines"},
		{"too wide", `there is no stage "` + strings.Repeat("x", 120) + `"`, "wide"},
		{"a home", "sluice: /home" + `/ann/config: there is no stage "a"`, "path"},
		{"words that nobody prints", `the stage "stagng" could not be found`, "print"},
		{"the message with other words around it", `wait  provenance  sorry, there is no stage "stagng" at all [unknown-stage]`, "print"},
		{"a policy that there is not", `wait  stages  there is no stage "stagng" [unknown-stage]`, "no policy"},
		{"the code of another", `wait  provenance  there is no stage "stagng" [unknown-target]`, "another code"},
		{"a caret elsewhere", strings.Replace(good, "   ^", "  ^", 1), "Render"},
		{"another line than it says", strings.Replace(good, ":8:13", ":9:13", 1), "Render"},
		{"a warning that is an error", strings.Replace(good, "error[", "warning[", 1), "Render"},
	}
	for _, row := range rows {
		info := info
		info.Example = row.example
		problems := strings.Join(append(poorExample(info), invented(info, said)...), "; ")
		if row.problem == "" && problems != "" || !strings.Contains(problems, row.problem) {
			t.Errorf("%s: got %q, want %q in it, of:\n%s", row.name, problems, row.problem, row.example)
		}
	}
}

var machinePath = regexp.MustCompile(`(^|[^\w.])/(home|root|tmp|work|Users)/`)

// poorExample says what an example is not fit for, whatever the program prints.
func poorExample(info schema.CodeInfo) []string {
	if strings.TrimSpace(info.Example) == "" {
		return []string{"no example"}
	}
	var out []string
	lines := strings.Split(info.Example, "\n")
	if len(lines) > mostLines {
		out = append(out, "more than 4 lines")
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > mostWide {
			out = append(out, "a line is "+strconv.Itoa(n)+" characters wide")
		}
		if line != strings.TrimRight(line, " \t") {
			out = append(out, "a line ends in spaces")
		}
	}
	if machinePath.MatchString(info.Example) {
		out = append(out, "a path of somebody's machine")
	}
	told := bare(strings.ReplaceAll(info.Example, "["+string(info.Code)+"]", ""))
	for part, text := range map[string]string{"title": info.Title, "cause": info.Cause, "fix": info.Fix} {
		if strings.Contains(bare(text), told) {
			out = append(out, "it repeats the "+part)
		}
	}
	return out
}

var wordsAlone = regexp.MustCompile(`[^\pL\pN]+`)

// bare is a text without what does not change its sense.
func bare(text string) string {
	return strings.TrimSpace(wordsAlone.ReplaceAllString(strings.ToLower(text), " "))
}

var (
	findingLine = regexp.MustCompile(`^(\S+?)(?::(\d+):(\d+))?: (error|warning)\[([a-z0-9-]+)\]: (.+)$`)
	gateLine    = regexp.MustCompile(`^(wait|no|hold|deny|fail)  +([a-z_-]+)  +(.+) \[([a-z0-9-]+)\]( \(earliest .*\))?$`)
	inBrackets  = regexp.MustCompile(`\[([a-z0-9]+(?:-[a-z0-9]+)*)\]$`)
)

// invented says what of an example the program would not print.
func invented(info schema.CodeInfo, all []said) []string {
	var out []string
	printed := false
	lines := strings.Split(info.Example, "\n")
	for i, line := range lines {
		if f := findingLine.FindStringSubmatch(line); f != nil {
			printed = printed || f[5] == string(info.Code) && (isMessage(info, f[6]) || isSaid(all, f[6]))
			if drawn := redrawn(info, f, lines[i:]); drawn != strings.Join(lines[i:], "\n") {
				out = append(out, "Render would draw\n"+drawn+"\nbut it is")
			}
			break
		}
		if g := gateLine.FindStringSubmatch(line); g != nil {
			printed = printed || g[4] == string(info.Code) && isMessage(info, g[3])
			if !isPolicy(g[2]) {
				out = append(out, "there is no policy "+g[2])
			}
			if g[4] != string(info.Code) && !registered(g[4]) {
				out = append(out, "another code")
			}
			continue
		}
		printed = printed || holdsMessage(info, line) || isSaid(all, line)
	}
	if found := inBrackets.FindStringSubmatch(info.Example); found != nil && found[1] != string(info.Code) && registered(found[1]) &&
		!strings.Contains(info.Example, "["+string(info.Code)+"]") {
		out = append(out, "it is of another code, "+found[1])
	}
	if !printed {
		out = append(out, "the program does not print this")
	}
	return out
}

func registered(code string) bool {
	_, ok := schema.Explain(schema.Code(code))
	return ok
}

// isPolicy knows the lines of a checklist: the policies of gates, those that always hold, and what the reconciler adds.
func isPolicy(name string) bool {
	for _, p := range schema.PolicyNames {
		if p == name {
			return true
		}
	}
	for _, p := range []string{"signed", "merge-request", "duties", "provenance", "content", "trust", "suspension", "retirement", "gate",
		"control", "admins", "roots", "cells", "target", "files", "atomic"} {
		if p == name {
			return true
		}
	}
	return false
}

// redrawn is the finding that the example's first line tells of, as [schema.Diagnostic.Render] draws it, as far as the example goes.
func redrawn(info schema.CodeInfo, f, lines []string) string {
	d := schema.Diagnostic{Position: schema.Position{File: f[1]}, Code: info.Code, Message: f[6]}
	d.Position.Line, _ = strconv.Atoi(f[2])
	d.Position.Column, _ = strconv.Atoi(f[3])
	if len(lines) > 2 {
		_, d.Source, _ = strings.Cut(lines[1], " | ")
		d.Width = strings.Count(lines[2], "^")
		if _, hint, ok := strings.Cut(lines[2], "^ "); ok {
			d.Hint = hint
		}
	}
	if hint, ok := strings.CutPrefix(lines[len(lines)-1], "   hint:   "); ok {
		d.Hint = hint
	}
	var b strings.Builder
	_ = d.Render(&b, false)
	drawn := strings.Split(b.String(), "\n")
	if len(drawn) > len(lines) {
		drawn = drawn[:len(lines)]
	}
	return strings.Join(drawn, "\n")
}

// fewest are the letters that a text of the program has to share with an example, so that it is no chance.
const fewest = 8

// isMessage reports whether the text is the code's message with some arguments.
func isMessage(info schema.CodeInfo, text string) bool {
	return regexp.MustCompile(`^(?:` + pattern(info.Message) + `)$`).MatchString(text)
}

// holdsMessage reports whether the line holds the code's message, with enough words of its own.
func holdsMessage(info schema.CodeInfo, line string) bool {
	own := regexp.MustCompile(`\[[^]]*\]|\{[^}]*\}`).ReplaceAllString(info.Message, "")
	own = strings.TrimSpace(own)
	return len(own) >= fewest && regexp.MustCompile(pattern(info.Message)).MatchString(line) ||
		own != "" && isMessage(info, strings.TrimSuffix(line, " ["+string(info.Code)+"]"))
}

// pattern turns a message into what it can read like: see [schema.CodeInfo.Message].
func pattern(message string) string {
	var b strings.Builder
	for message != "" {
		before, rest, found := strings.Cut(message, "[")
		b.WriteString(filled(before))
		if !found {
			break
		}
		optional, after, _ := strings.Cut(rest, "]")
		if name, text, missing := strings.Cut(optional, "?"); missing && strings.HasPrefix(name, "!") {
			optional = text
		}
		b.WriteString("(?:" + filled(optional) + ")?")
		message = after
	}
	return b.String()
}

func filled(text string) string {
	parts := regexp.MustCompile(`\{[^}]*\}`).Split(text, -1)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return strings.Join(parts, `\S.*`)
}

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
		found := named.FindStringSubmatch(strings.TrimSuffix(line, " ["+string(info.Code)+"]"))
		for _, arg := range free {
			i := named.SubexpIndex(arg)
			if i < 0 || found == nil || found[i] == "" {
				continue
			}
			if value := strings.TrimPrefix(found[i], "… - "); !isSaid(all, value) && !strings.Contains(shown, value) {
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
		part = strings.TrimSpace(part)
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
