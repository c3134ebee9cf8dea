package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) printChecked(c *checked) error {
	switch a.output {
	case "json":
		return a.encode(c)
	case "markdown":
		_, err := io.WriteString(a.out, c.markdown())
		return err
	}
	_, err := io.WriteString(a.out, c.text())
	return err
}

// text is the result as a job's log shows it.
func (c *checked) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, judged by %s\n", schema.Printable(c.span()), schema.Printable(c.Source))
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "note: %s\n", schema.Printable(n))
	}
	if c.Control != nil {
		fmt.Fprintf(&b, "\ncontrol files: %s\n", strings.Join(c.Control.Changed, ", "))
		writeAnswers(&b, c.Control.Answers)
	}
	for _, cell := range c.Cells {
		cell.text(&b)
	}
	if len(c.Cells) == 0 && c.Control == nil && !c.Base.IsZero() {
		fmt.Fprint(&b, "\nno app changes\n")
	}
	for _, f := range c.Findings {
		fmt.Fprintf(&b, "\n%s\n", f.line())
		if f.Fix != "" {
			fmt.Fprintf(&b, "   fix:    %s\n", schema.Printable(f.Fix))
		}
		fmt.Fprintf(&b, "   more:   sluice explain %s\n", f.Code)
	}
	fmt.Fprintf(&b, "\n%s\n", c.sum())
	return b.String()
}

// span says what is looked at: for which branch, and from where to where.
func (c *checked) span() string {
	if c.Base.IsZero() {
		return c.Head.Short()
	}
	return fmt.Sprintf("%s: %s..%s", c.Target, c.Base.Short(), c.Head.Short())
}

// mostEdits is how many keys of one cell are printed; reports have all.
const mostEdits = 50

func (c checkedCell) text(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s\n", c.title())
	width := 0
	for _, e := range c.Edits[:min(len(c.Edits), mostEdits)] {
		width = max(width, len([]rune(schema.Printable(e.Key))))
	}
	for i, e := range c.Edits {
		if i == mostEdits {
			fmt.Fprintf(b, "  and %s more\n", count(int64(len(c.Edits)-i), "key", "keys"))
			break
		}
		fmt.Fprintf(b, "  %s %-*s   %s\n", opMark(e), min(width, 40), schema.Printable(e.Key), editText(e))
	}
	writeAnswers(b, c.Answers)
}

func opMark(e diff.Edit) string {
	return map[string]string{"add": "+", "remove": "-", "replace": "~"}[e.Op]
}

// title names the cell, the kind of change and the revisions.
func (c checkedCell) title() string {
	text := fmt.Sprintf("%s in %s: %s", schema.Printable(string(c.App)), c.Stage, c.Kind)
	if c.Source != "" {
		text += " from " + c.Source
	}
	if c.Tune && c.Kind != schema.Tune {
		text += " with a tune of stage-local files"
	}
	if c.Hint {
		text += " (a guess)"
	}
	text += ", " + c.From + " -> " + c.To
	if c.Mode != "" {
		text += fmt.Sprintf("; mode %s: the gate keeps nothing out", c.Mode)
	}
	if c.Pending {
		text += "; on top of something that was not admitted"
	}
	return text
}

func writeAnswers(b *strings.Builder, answers []checkedAnswer) {
	width := 0
	for _, a := range answers {
		width = max(width, len(a.Policy))
	}
	for _, a := range answers {
		fmt.Fprintf(b, "  %-*s  %s\n", width, a.Policy, a.line())
	}
}

func (a checkedAnswer) line() string {
	text := a.Outcome
	if a.Code != "" && a.Outcome != notJudged {
		text += " [" + string(a.Code) + "]"
	}
	if a.Text != "" {
		text += ": " + schema.Printable(a.Text)
	}
	if a.By != "" {
		text += " (judged by " + a.By + ")"
	}
	return text
}

func (f checkFinding) line() string {
	where := f.Position
	where.File = schema.Printable(where.File)
	text := fmt.Sprintf("%s: %s[%s]: %s", where, f.Severity, f.Code, f.Message)
	if f.Cell != "" && f.Cell != schema.Control.String() {
		text += " (" + schema.Printable(f.Cell) + ")"
	}
	if f.Before {
		text += " (there before)"
	}
	return text
}

// sum is the last line: what decides the exit code, and what else was found.
func (c *checked) sum() string {
	failed := c.failed()
	others := len(c.Findings) - failed
	text := "no findings"
	if failed > 0 {
		text = count(int64(failed), "finding", "findings")
	}
	if others > 0 {
		text += fmt.Sprintf(", and %d that decide nothing", others)
	}
	return text
}
