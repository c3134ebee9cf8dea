package schema_test

import (
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
		info, _ := schema.Explain(code)
		for _, problem := range append(invented(info, said, shown), unseen(info, said, shown)...) {
			t.Errorf("%s: %s:\n%s", code, problem, info.Example)
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
		problems := strings.Join(append(poorExample(info), invented(info, said, "warn    hook 8  to hooks.example.com: it has no secret")...), "; ")
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
func invented(info schema.CodeInfo, all []said, shown string) []string {
	var out []string
	printed := false
	lines := strings.Split(info.Example, "\n")
	own := "[" + string(info.Code) + "]"
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
		if strings.Contains(info.Example, own) && !strings.Contains(line, own) {
			continue // the line that names the code is the one to be printed
		}
		if part, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "- "); ok {
			printed = printed || isMessage(info, strings.TrimSuffix(part, " "+own))
			continue
		}
		printed = printed || holdsMessage(info, line) || isSaid(all, line) || strings.Contains(shown, line) || isRecord(info, line) ||
			checkedBy[info.Code] != "" && regexp.MustCompile(`^(warn|fail)    `+checkedBy[info.Code]+`  \S`).MatchString(line)
	}
	if n := len(lines); n > 1 && strings.HasPrefix(lines[n-1], "  ") && !strings.Contains(lines[n-1], "- ") { // one line, wrapped
		printed = printed || isSaid(all, strings.Join(strings.Fields(info.Example), " "))
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

// checkedBy are the rows of doctor in which all beside the name of what was checked is the forge's or the machine's own.
var checkedBy = map[schema.Code]string{"forge-old": "version", "hook-failing": "hook 8", "key-unnamed": "log key", "project-renamed": "project"}

// isRecord reports whether the line shows a ledger entry's code as history, audit show and verify do.
func isRecord(info schema.CodeInfo, line string) bool {
	code := regexp.QuoteMeta(string(info.Code))
	return regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \d+  [a-z]*  +(?:observe|taint) \[` + code + `\]|^  code          \[` + code + `\]$|^[0-9a-f]{8}  ` + code + `  +\S`).MatchString(line)
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
		"control", "admins", "roots", "cells", "target", "files", "atomic", "gray"} {
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
