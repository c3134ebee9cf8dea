package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/schema"
)

// printDoctor writes the checks in groups, each aligned, and what to do below what is not well.
func (a *app) printDoctor(out []examined, counts map[schema.GuardState]int) {
	for i, e := range out {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		fmt.Fprintln(a.out, schema.Printable(e.Repository))
		for from := 0; from < len(e.Checks); {
			to := from
			for to < len(e.Checks) && e.Checks[to].Group == e.Checks[from].Group {
				to++
			}
			a.printGroup(e.Checks[from:to])
			from = to
		}
	}
	var parts []string
	for _, s := range []schema.GuardState{schema.GuardOK, schema.GuardWarn, schema.GuardUnknown, schema.GuardFail} {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	fmt.Fprintf(a.out, "\n%s\n", strings.Join(parts, ", "))
}

// printGroup says what to do once for neighbours that have one cause.
func (a *app) printGroup(checks []doctorCheck) {
	width := 0
	for _, c := range checks {
		width = max(width, utf8.RuneCountInString(c.title()))
	}
	fmt.Fprintf(a.out, "\n%s\n", checks[0].Group)
	for i, c := range checks {
		pad := strings.Repeat(" ", width-utf8.RuneCountInString(c.title()))
		fmt.Fprintf(a.out, "  %s %s%s  %s\n", stateWord(c.State, a.colored()), c.title(), pad, c.Seen)
		next := doctorCheck{}
		if i+1 < len(checks) {
			next = checks[i+1]
		}
		if c.Fix != "" && (next.Fix != c.Fix || next.Subject != c.Subject) {
			fmt.Fprintf(a.out, "          %s%s\n", fixLine(c), codeSuffix(c))
		}
	}
}

func (c doctorCheck) title() string {
	if c.Subject == "" {
		return c.Name
	}
	return c.Name + " " + c.Subject
}

func fixLine(c doctorCheck) string { return "fix: " + schema.Printable(c.Fix) }

func codeSuffix(c doctorCheck) string {
	if c.Code == "" {
		return ""
	}
	return " [" + string(c.Code) + "]"
}

// stateWord is as wide as the longest state.
func stateWord(s schema.GuardState, colored bool) string {
	word := fmt.Sprintf("%-7s", s)
	codes := map[schema.GuardState]string{schema.GuardOK: "32", schema.GuardWarn: "33", schema.GuardUnknown: "33", schema.GuardFail: "31"}
	if !colored || codes[s] == "" {
		return word
	}
	return "\x1b[" + codes[s] + "m" + word + "\x1b[0m"
}
