package note

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/sluice-gitops/sluice/schema"
)

const (
	longest   = 120 // letters of one text written by people
	mostProse = 500 // letters of one reason
)

// Code shows a text exactly as it is, as code: what people wrote is then no markup, no mention and no quick action. It ends
// on the line on which it begins, and needs no care for what stands around it in a table.
func Code(text string) string {
	text = clipped(schema.Printable(strings.ToValidUTF8(text, "�")))
	switch {
	case strings.TrimSpace(text) == "":
		return "(empty)"
	case strings.ContainsAny(text, "`|\\"):
		return entities(text)
	}
	return "`" + text + "`"
}

// entities is for texts whose signs would end a code span or a cell of a table: in this form none of them is in the source.
func entities(text string) string {
	var b strings.Builder
	b.WriteString("<code>")
	for _, r := range text {
		if r == ' ' || r > unicode.MaxASCII || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "&#%d;", r)
	}
	return b.String() + "</code>"
}

func clipped(text string) string {
	if r := []rune(text); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return text
}

var (
	plainWord = regexp.MustCompile(`^(?:[A-Za-z][a-z]*(?:-[a-z]+)*(?:'s?)?|[0-9]{1,6}|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}:[0-9]{2})$`)
	// hexWord could be the name of a commit, which the forge would link and tell that commit of.
	hexWord = regexp.MustCompile(`^[a-fA-F0-9]{7,}$`)
)

// Prose shows a sentence of ours into which words of others were put. What is no plain word is shown as code.
func Prose(text string) string {
	if r := []rune(text); len(r) > mostProse {
		text = string(r[:mostProse]) + "…"
	}
	words := strings.Fields(schema.Printable(strings.ToValidUTF8(text, "�")))
	for i, w := range words {
		opened := w[:len(w)-len(strings.TrimLeft(w, "("))]
		core := strings.TrimRight(w[len(opened):], ",.;:)")
		if plainWord.MatchString(core) && !hexWord.MatchString(core) && !strings.EqualFold(core, "www") {
			continue
		}
		if core == "" {
			words[i] = "…"
			continue
		}
		words[i] = opened + Code(core) + w[len(opened)+len(core):]
	}
	return strings.Join(words, " ")
}

// names lists people by the names that the trust root has for them: nobody is told of it.
func names(people []string) string {
	const most = 10
	var out []string
	for i, who := range people {
		if i == most {
			return strings.Join(out, ", ") + fmt.Sprintf(" and %d more", len(people)-most)
		}
		out = append(out, Code(who))
	}
	return strings.Join(out, ", ")
}
