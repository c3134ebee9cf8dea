package status

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// TextOptions say how the terminal texts are written.
type TextOptions struct {
	Now     time.Time
	Color   bool
	Width   int  // columns of the terminal; 0 where that is unknown: then nothing is cut off
	Verbose bool // also ledger entries, content digests and what is already met
	// Commands are the names of the binary's commands. Texts advise no other ones; they fall back to git (RULES R14).
	Commands []string
}

func (o TextOptions) has(command string) bool { return slices.Contains(o.Commands, command) }

// paper writes lines and remembers the first error, so that texts read as a sequence of lines.
type paper struct {
	to   io.Writer
	opts TextOptions
}

func (p paper) line(format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), " ")
	fmt.Fprintln(p.to, text) // a terminal that is gone cannot be told so
}

// paint colours a word by its tone; without colour the word itself says it.
func (p paper) paint(t tone, text string) string {
	colour := map[tone]string{good: "32", busy: "36", wait: "33", bad: "31", quiet: "2"}[t]
	if !p.opts.Color || colour == "" || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (p paper) strong(text string) string {
	if !p.opts.Color {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

// column is one column of a table: its texts, the tones they are painted in, and its width.
type column struct {
	title string
	texts []string
	tones []tone
	width int
}

func (c *column) add(text string, t tone) {
	c.texts, c.tones = append(c.texts, text), append(c.tones, t)
}

// table writes columns side by side. A column without any text is left out, and the last one is cut to the terminal.
func (p paper) table(columns ...*column) {
	var used []*column
	left := p.opts.Width
	for _, c := range columns {
		if c.width = widest(c.texts); c.width == 0 {
			continue
		}
		c.width = max(c.width, utf8.RuneCountInString(c.title))
		used = append(used, c)
	}
	if len(used) == 0 {
		return
	}
	for _, c := range used[:len(used)-1] {
		left -= c.width + 2
	}
	if p.opts.Width == 0 {
		left = 0
	}
	p.row(used, -1, left)
	for i := range used[0].texts {
		p.row(used, i, left)
	}
}

// row writes one line; i is -1 for the titles.
func (p paper) row(columns []*column, i, left int) {
	var b strings.Builder
	for n, c := range columns {
		text, t := c.title, quiet
		if i >= 0 {
			text, t = c.texts[i], c.tones[i]
		}
		last := n == len(columns)-1
		if last && left > 8 {
			text = clip(text, left)
		}
		b.WriteString(p.paint(t, text))
		if !last {
			b.WriteString(strings.Repeat(" ", c.width-utf8.RuneCountInString(text)+2))
		}
	}
	p.line("%s", b.String())
}

func widest(texts []string) int {
	n := 0
	for _, t := range texts {
		n = max(n, utf8.RuneCountInString(t))
	}
	return n
}
