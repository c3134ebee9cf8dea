package main

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// printMended says what is mended in each file, and before anything is written shows the lines.
func (a *app) printMended(all []mended, dry bool) {
	for _, m := range all {
		fmt.Fprintf(a.out, "%s: %s\n", schema.Printable(m.File), strings.Join(m.Mended, ", "))
		if dry {
			a.printLines(m)
		}
	}
	n := count(int64(len(all)), "file", "files")
	switch {
	case len(all) == 0:
		fmt.Fprintln(a.out, "nothing to mend; what sluice lint still names needs a person")
	case dry:
		fmt.Fprintf(a.out, "\n%s would be mended; nothing is written\n", n)
	default:
		fmt.Fprintf(a.out, "\nmended %s; the values are the same. next: sluice lint\n", n)
	}
}

// printLines is the difference: the lines are as many before as after. What may be a secret is hidden as lint does.
func (a *app) printLines(m mended) {
	was, is := strings.SplitAfter(string(m.was), "\n"), strings.SplitAfter(string(m.is), "\n")
	for i, line := range was {
		if i >= len(is) || line == is[i] {
			continue
		}
		fmt.Fprintf(a.out, "-%4d | %s\n+%4d | %s\n", i+1, seen(m.File, was, i), i+1, seen(m.File, is, i))
	}
}

// seen makes visible what nobody sees, and hides what nobody is to see: a secret may be in a text of another format.
func seen(file string, lines []string, i int) string {
	trim := func(line string) string { return strings.TrimRight(line, " \t\r\n") }
	bodies := make([]string, len(lines))
	for at, line := range lines {
		bodies[at] = trim(line)
	}
	body, line := hideLine(schema.RedactLine(file, bodies, i+1)), lines[i]
	marks := strings.NewReplacer("\r", "␍", "\n", "␊", "\t", "→", " ", "·")
	lead := len(body) - len(strings.TrimLeft(body, "\t "))
	text := marks.Replace(body[:lead]) + schema.Printable(body[lead:])
	if line == trim(line) {
		return text + " (no newline)"
	}
	return text + marks.Replace(line[len(trim(line)):])
}

// hideLine hides all of a line that has a secret in it which its key does not tell.
func hideLine(line string) string {
	if !policies.HidesText(line) {
		return line
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return r
		}
		return '*'
	}, line)
}
