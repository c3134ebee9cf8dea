package schema

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The colours of a diagnostic, as terminals know them.
const (
	colorBold   = "\x1b[1m"
	colorRed    = "\x1b[31m"
	colorYellow = "\x1b[33m"
	colorReset  = "\x1b[0m"
)

// Render writes the finding for people: where and what, the line with a caret below it, and what to do. Text of the file is
// shown with its control characters escaped, because it comes from anybody.
func (d Diagnostic) Render(w io.Writer, color bool) error {
	paint := func(style, text string) string {
		if !color {
			return text
		}
		return style + text + colorReset
	}
	info, known := Explain(d.Code)
	word, style := "error", colorRed
	if info.Warning {
		word, style = "warning", colorYellow
	}
	var b strings.Builder
	where := paint(colorBold, Printable(d.Position.String()))
	fmt.Fprintf(&b, "%s: %s: %s\n", where, paint(style, word+"["+string(d.Code)+"]"), Printable(d.Message))
	suggestion, hint := "", d.Hint
	if strings.HasPrefix(hint, "did you mean") {
		suggestion, hint = " "+hint, ""
	}
	if d.Position.Line > 0 && d.Source != "" {
		line, indent, width := frame(d)
		fmt.Fprintf(&b, "%6d | %s\n", d.Position.Line, line)
		fmt.Fprintf(&b, "       | %s%s%s\n", strings.Repeat(" ", indent), paint(style, strings.Repeat("^", width)), Printable(suggestion))
	} else if suggestion != "" {
		hint = d.Hint
	}
	if hint != "" {
		fmt.Fprintf(&b, "   hint:   %s\n", Printable(hint))
	}
	if known && hint == "" && suggestion == "" {
		fmt.Fprintf(&b, "   fix:    %s\n", info.Fix)
	}
	fmt.Fprintf(&b, "   more:   sluice explain %s\n", d.Code)
	_, err := io.WriteString(w, b.String())
	return err
}

// Render writes the findings in their order, a blank line between two of them.
func (ds Diagnostics) Render(w io.Writer, color bool) error {
	for i, d := range ds {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := d.Render(w, color); err != nil {
			return err
		}
	}
	return nil
}

// Limits of the line that is shown; a minified file is one long line.
const (
	frameWidth = 100
	frameLead  = 40 // columns kept before the caret of a long line
	tabWidth   = 4
)

// frame returns the visible part of the line, and where the caret begins and how wide it is, in terminal columns.
func frame(d Diagnostic) (line string, indent, width int) {
	runes := []rune(d.Source)
	start := min(max(d.Position.Column-1, 0), len(runes))
	end := min(start+max(d.Width, 1), len(runes))
	from, prefix := 0, ""
	if start > frameWidth-frameLead {
		from, prefix = start-frameLead, "…"
	}
	before, marked, after := show(runes[from:start]), show(runes[start:end]), show(runes[end:min(len(runes), end+frameWidth)])
	indent = columns(prefix + before)
	width = max(columns(marked), 1)
	return clip(prefix+before+marked+after, frameWidth+frameLead), indent, min(width, frameWidth)
}

func show(runes []rune) string {
	return strings.ReplaceAll(Printable(strings.ReplaceAll(string(runes), "\t", strings.Repeat(" ", tabWidth))), "\n", " ")
}

// clip cuts a line to so many terminal columns.
func clip(line string, limit int) string {
	used := 0
	for i, r := range line {
		used += runeColumns(r)
		if used > limit {
			return line[:i] + "…"
		}
	}
	return strings.TrimRight(line, " ")
}

func columns(text string) int {
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

// runeColumns is how many columns of a terminal a rune takes: none for a mark that joins the rune before it, two for the
// wide letters of East Asia and pictures.
func runeColumns(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r < 0x1100:
		return 1
	case r <= 0x115f, r >= 0x2e80 && r <= 0x303e, r >= 0x3041 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// Printable escapes what a terminal or a reader's eye would not show as it is: control characters, invisible ones, those
// that turn the direction of text, and bytes that are no UTF-8: terminals of eight bits obey some of them (THREATS 25, 86). Tabs and
// line ends are escaped as well.
func Printable(text string) string {
	if utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !Shown(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case Shown(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
		text = text[size:]
	}
	return b.String()
}

// Shown reports whether a character is seen as what it is. Fillers and joiners count as letters or marks and show nothing; the
// two selectors that choose between text and picture are left alone.
func Shown(r rune) bool {
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point) &&
		(!unicode.Is(unicode.Variation_Selector, r) || r == 0xfe0e || r == 0xfe0f)
}
