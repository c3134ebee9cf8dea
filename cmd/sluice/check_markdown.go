package main

import (
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// markdown is the result as a comment shows it. Text from people stands in <code> with every sign of Markdown as an entity, so
// that it is no markup, mentions nobody and is no quick action.
func (c *checked) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### sluice check: %s\n\n%s, judged by %s\n", c.sum(), inCode(c.span()), inCode(c.Source))
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "\n- note: %s\n", inCode(n))
	}
	if c.Control != nil {
		fmt.Fprintf(&b, "\n#### Control files: %s\n", inCode(strings.Join(c.Control.Changed, ", ")))
		markdownAnswers(&b, c.Control.Answers)
	}
	for _, cell := range c.Cells {
		fmt.Fprintf(&b, "\n#### %s\n", inCode(cell.title()))
		markdownKeys(&b, cell.Edits)
		markdownAnswers(&b, cell.Answers)
	}
	if len(c.Findings) > 0 {
		fmt.Fprint(&b, "\n#### Findings\n\n")
	}
	for _, f := range c.Findings {
		fmt.Fprintf(&b, "- %s\n", inCode(f.line()))
		if f.Fix != "" {
			fmt.Fprintf(&b, "  <br>fix: %s\n", inCode(f.Fix))
		}
	}
	return b.String()
}

func markdownAnswers(b *strings.Builder, answers []checkedAnswer) {
	fmt.Fprint(b, "\n| policy | answer |\n|---|---|\n")
	for _, a := range answers {
		fmt.Fprintf(b, "| %s | %s |\n", a.Policy, inCode(a.line()))
	}
}

// inCode is text that Markdown leaves alone.
func inCode(text string) string {
	var b strings.Builder
	b.WriteString("<code>")
	for _, r := range schema.Printable(text) {
		switch {
		case r > 0x7f, r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', strings.ContainsRune(" .,-", r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	b.WriteString("</code>")
	return b.String()
}
