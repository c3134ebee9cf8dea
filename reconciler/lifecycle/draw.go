package lifecycle

import (
	"fmt"
	"slices"
	"strings"
)

// Mermaid draws the definition as a state diagram of Mermaid, which GitLab shows in Markdown.
func (d Definition[S, E]) Mermaid() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    direction LR\n")
	for i, s := range d.States {
		fmt.Fprintf(&b, "    state %s as s%d\n", quoted(s), i)
	}
	fmt.Fprintf(&b, "    [*] --> s%d\n", slices.Index(d.States, d.Initial))
	for _, s := range d.Steps {
		fmt.Fprintf(&b, "    s%d --> s%d: %s\n", slices.Index(d.States, s.From), slices.Index(d.States, s.To), plain(s.label(", ")))
	}
	for i, s := range d.States {
		if slices.Contains(d.Final, s) {
			fmt.Fprintf(&b, "    s%d --> [*]\n", i)
		}
	}
	return b.String()
}

// DOT draws the definition for Graphviz.
func (d Definition[S, E]) DOT() string {
	var b strings.Builder
	b.WriteString("digraph lifecycle {\n    rankdir=LR;\n    node [shape=box, style=rounded];\n    begin [shape=point];\n")
	for i, s := range d.States {
		border := ""
		if slices.Contains(d.Final, s) {
			border = ", peripheries=2"
		}
		fmt.Fprintf(&b, "    s%d [label=%s%s];\n", i, quoted(s), border)
	}
	fmt.Fprintf(&b, "    begin -> s%d;\n", slices.Index(d.States, d.Initial))
	for _, s := range d.Steps {
		fmt.Fprintf(&b, "    s%d -> s%d [label=%s];\n", slices.Index(d.States, s.From), slices.Index(d.States, s.To), quoted(s.label(`\n`)))
	}
	b.WriteString("}\n")
	return b.String()
}

// label is the event with what guards it.
func (s Step[S, E]) label(between string) string {
	text := fmt.Sprint(s.On)
	if len(s.Guards) > 0 {
		text += between + "[" + strings.Join(s.Guards, ", ") + "]"
	}
	return text
}

// quoted writes a value as a string of both languages. A line break in a label is \n in DOT, and stays.
func quoted(v any) string { return `"` + plain(fmt.Sprint(v)) + `"` }

// plain leaves nothing in a text that ends a string or begins a statement in a diagram.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == ';' || r == '#' || r == '{' || r == '}' || r == '<' || r == '>':
			return '\''
		case r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029:
			return ' '
		}
		return r
	}, text)
}
