package schema

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"
)

// Limits of a file that is understood (THREATS 70). Other files of an app are bytes and have none here.
const (
	maxFileSize  = 1 << 20 // bytes
	maxDepth     = 100     // maps and lists inside one another
	maxNodes     = 300_000 // values, aliases followed
	maxText      = 4 << 20 // bytes of text, aliases followed
	maxFindings  = 100     // of one file; the rest is noise
	maxShown     = 4 << 10 // bytes of a line that a finding shows
	byteOrderBOM = "\uFEFF"
)

// source is one file while it is read: its lines, and what was found wrong in it.
type source struct {
	file  string
	lines []string
	found Diagnostics // at most maxFindings
	depth int         // of policies that are made of others, while one is read
	// expressions are those of the file, in its order.
	expressions []Expression
}

func newSource(file string, data []byte) *source {
	return &source{file: file, lines: splitLines(data)}
}

// splitLines ends a line at \n, \r\n and \r, as the YAML scanner counts lines.
func splitLines(data []byte) []string {
	data = bytes.ReplaceAll(bytes.TrimPrefix(data, []byte(byteOrderBOM)), []byte("\r\n"), []byte("\n"))
	var lines []string
	start := 0
	for i, b := range data {
		if b == '\n' || b == '\r' {
			lines = append(lines, string(data[start:i]))
			start = i + 1
		}
	}
	return append(lines, string(data[start:]))
}

// args are the arguments of a code's message.
type args = map[string]string

// report adds a finding at a place. The message is that of the code.
func (s *source) report(at span, code Code, hint string, a args) {
	if len(s.found) >= maxFindings {
		return
	}
	s.found = append(s.found, Diagnostic{
		Position: s.position(at), Width: s.width(at), Code: code, Message: code.Message(a), Hint: hint, Source: s.shown(at.line),
	})
}

// findings are what was found, in the order of the file.
func (s *source) findings() Diagnostics {
	slices.SortStableFunc(s.found, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Position.Line, b.Position.Line), cmp.Compare(a.Position.Column, b.Position.Column))
	})
	return s.found
}

func (s *source) position(at span) Position {
	return Position{File: s.file, Line: at.line, Column: at.column}
}

// width cuts a span to its line.
func (s *source) width(at span) int {
	return max(1, min(at.width, utf8.RuneCountInString(s.line(at.line))-at.column+1))
}

// shown is the line as a finding shows it: without secrets, and not at all if it is a minified file.
func (s *source) shown(n int) string {
	line := s.line(n)
	if len(line) > maxShown {
		return ""
	}
	return RedactLine(s.file, s.lines, n)
}

// line returns the text of a line, counted from 1; bytes that are not UTF-8 are replaced.
func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	line := s.lines[n-1]
	if !utf8.ValidString(line) {
		return string([]rune(line))
	}
	return line
}

// cursor turns byte offsets into places. Offsets must not go down, so that a file is walked once.
type cursor struct {
	data   []byte
	offset int
	at     span
}

func newCursor(data []byte) *cursor { return &cursor{data: data, at: span{line: 1, column: 1}} }

// span is the place of an offset; width is in bytes and counted in runes.
func (c *cursor) span(offset, width int) span {
	offset = min(offset, len(c.data))
	for c.offset < offset {
		r, size := utf8.DecodeRune(c.data[c.offset:])
		next := c.offset + size
		switch {
		case r == '\n', r == '\r' && (next >= len(c.data) || c.data[next] != '\n'):
			c.at = span{line: c.at.line + 1, column: 1}
		case r != '\r' && (r != 0xfeff || c.offset > 0):
			c.at.column++
		}
		c.offset = next
	}
	at := c.at
	at.width = utf8.RuneCount(c.data[c.offset:min(c.offset+max(width, 0), len(c.data))])
	return at
}
