package main

import (
	"fmt"
	"strings"

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
		fmt.Fprintf(a.out, "-%4d | %s\n+%4d | %s\n", i+1, seen(line), i+1, seen(is[i]))
	}
}

// seen makes visible what nobody sees.
func seen(line string) string {
	body := strings.TrimRight(line, " \t\r\n")
	marks := strings.NewReplacer("\r", "␍", "\n", "␊", "\t", "→", " ", "·")
	lead := len(body) - len(strings.TrimLeft(body, "\t "))
	if line == body {
		return marks.Replace(body[:lead]) + schema.Printable(schema.Redact(body[lead:])) + " (no newline)"
	}
	return marks.Replace(body[:lead]) + schema.Printable(schema.Redact(body[lead:])) + marks.Replace(line[len(body):])
}
