package schema

import (
	"fmt"
	"strings"
)

// Position is a place in a file. Line and Column count from 1; Column counts runes. A zero Line is the whole file.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String returns file:line:col, as editors and reviewers parse it.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	if p.Column == 0 {
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Diagnostic says what is wrong in a file, where, why and what to do.
type Diagnostic struct {
	Position Position `json:"position"`
	Width    int      `json:"width,omitempty"` // runes that the caret underlines; at least one
	Code     Code     `json:"code"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`   // "did you mean …" or what to do
	Source   string   `json:"source,omitempty"` // the line of the file
}

// Error returns the first line: position, code, message.
func (d Diagnostic) Error() string {
	return fmt.Sprintf("%s: error[%s]: %s", d.Position, d.Code, d.Message)
}

// Diagnostics are the findings of one file or several, in order. As an error it joins them, one a line.
type Diagnostics []Diagnostic

// Error joins the findings, one a line.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Err returns ds as an error, nil if there are no findings.
func (ds Diagnostics) Err() error {
	if len(ds) == 0 {
		return nil
	}
	return ds
}
