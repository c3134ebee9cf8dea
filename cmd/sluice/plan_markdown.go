package main

import (
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/status"
)

// planMarkdown is a plan for the text of a merge request. Text from people stands in <code>, as in that of check.
func planMarkdown(d reconciler.Draft, p planned) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s: %s\n\n", inCode(d.Cell.String()), inCode(changeText(d.Change)))
	fmt.Fprintf(&b, "From %s to %s, by entry #%d.\n", inCode(d.Was.String()), inCode(d.Revision.String()), d.Entry)
	markdownKeys(&b, p.Edits)
	fmt.Fprintf(&b, "\n- files: %s\n- targets: %s\n", inCodes(p.Files), inCodes(p.targetNames()))
	fmt.Fprint(&b, "\n| policy | answer |\n|---|---|\n")
	for _, l := range status.Text(p.Gate) {
		text := l.Text
		if l.Code != "" {
			text += " [" + string(l.Code) + "]"
		}
		if !l.Earliest.IsZero() {
			text += "; earliest " + minute(l.Earliest)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", inCode(strings.Repeat("- ", l.Depth)+l.Policy), inCode(strings.TrimSpace(string(l.Mark)+" "+text)))
	}
	if sum := status.Risk(p.Gate); sum != "" {
		fmt.Fprintf(&b, "\nRisk %s\n", inCode(sum))
	}
	return b.String()
}

func inCodes(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	coded := make([]string, len(words))
	for i, word := range words {
		coded[i] = inCode(word)
	}
	return strings.Join(coded, ", ")
}

// diffMarkdown is a comparison for the text of a merge request.
func diffMarkdown(diffs []appDiff) string {
	var b strings.Builder
	for _, d := range diffs {
		if len(d.Edits) == 0 {
			continue
		}
		place := string(d.App)
		if d.Stage != "" {
			place += " in " + d.Stage
		}
		fmt.Fprintf(&b, "### %s\n\n%s to %s: %d of %d keys differ\n", inCode(place), inCode(d.From), inCode(d.To), len(d.Edits), len(d.Edits)+d.Equal)
		markdownKeys(&b, d.Edits)
		b.WriteString("\n")
	}
	if b.Len() == 0 {
		return "No difference.\n"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// markdownKeys is a table of the first keys that differ, and how many there are beside them.
func markdownKeys(b *strings.Builder, edits []diff.Edit) {
	if len(edits) == 0 {
		return
	}
	fmt.Fprint(b, "\n| | key | change |\n|---|---|---|\n")
	for i, e := range edits {
		if i == mostEdits {
			fmt.Fprintf(b, "| | and %d more | |\n", len(edits)-i)
			return
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", inCode(opMark(e)), inCode(e.Key), inCode(editText(e)))
	}
}
