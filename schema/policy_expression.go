package schema

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxExpression bounds an expression: a person has to understand it, and nothing has to read a huge one.
const maxExpression = 1000

// ExpressionSpec is the value of the expression policy: what has to be true of a change, in the Common Expression Language.
type ExpressionSpec struct {
	That string `json:"that"`
	Says string `json:"says"` // for people, when it is not; empty: the expression itself
	// Otherwise is what the policy answers when it is not true: "hold" or "deny".
	Otherwise string `json:"otherwise"`
}

// The words of [ExpressionSpec].
const (
	OtherwiseHold = "hold"
	OtherwiseDeny = "deny"
)

// Expression is an expression of a project file with its place. Its grammar and types are for the policies to check, which
// know the facts.
type Expression struct {
	Text     string
	Position Position       // of the value
	letters  []Position     // of each letter of the text; none where it is not written as it is
	sources  map[int]string // lines of the file, for people
}

// Expression reads the value of an expression policy.
func (s PolicySpec) Expression() (ExpressionSpec, error) {
	var spec ExpressionSpec
	err := s.decode("expression", func(src *source, v *value) { spec = src.expression(v, "expression") })
	return spec, err
}

// expression reads the text alone, or a map of the parts.
func (s *source) expression(v *value, path string) ExpressionSpec {
	spec := ExpressionSpec{Otherwise: OtherwiseHold}
	if v.kind == stringValue {
		spec.That = s.expressionText(v, path)
		return spec
	}
	if v.kind != mapValue {
		s.wrongType(v, path, "an expression, or a map with that:")
		return spec
	}
	o, _ := s.object(v, expressionShape, path)
	if that, at := o.get("that"); that != nil {
		spec.That = s.expressionText(that, at)
	}
	spec.Says = o.text("says")
	if len(spec.Says) > maxExpression {
		s.badValue(v, join(path, "says"), "", fmt.Sprintf("%d bytes, more than %d", len(spec.Says), maxExpression))
	}
	spec.Otherwise = o.choice("otherwise", OtherwiseHold, OtherwiseDeny)
	return spec
}

// expressionText keeps where the text is, so that what is wrong inside of it can be shown there.
func (s *source) expressionText(v *value, path string) string {
	text := s.text(v, path)
	if len(text) > maxExpression {
		s.badValue(v, path, "", fmt.Sprintf("%d bytes, more than %d", len(text), maxExpression))
		return ""
	}
	if text == "" {
		return ""
	}
	e := Expression{Text: text, Position: s.position(v.at), letters: s.lettersOf(v.at, text), sources: map[int]string{v.at.line: s.shown(v.at.line)}}
	for _, p := range e.letters {
		if _, known := e.sources[p.Line]; !known {
			e.sources[p.Line] = s.shown(p.Line)
		}
	}
	s.expressions = append(s.expressions, e)
	return text
}

// At is the place of a letter of a line of the text, and that line of the file. Lines are counted from 1, letters from 0.
func (e Expression) At(line, letter int) (Position, string) {
	lines := strings.Split(e.Text, "\n")
	for _, before := range lines[:min(max(line-1, 0), len(lines))] {
		letter += utf8.RuneCountInString(before) + 1
	}
	p := e.Position
	if len(e.letters) > 0 {
		p = e.letters[min(max(letter, 0), len(e.letters)-1)]
		if letter >= len(e.letters) {
			p.Column++ // it ends too early
		}
	}
	return p, e.sources[p.Line]
}

// lettersOf finds where each letter of a text is that is written at a place, however it is quoted, folded or indented: what is
// between letters may be other white space there. None where it is written otherwise, as with the numbers of letters.
func (s *source) lettersOf(from span, text string) []Position {
	at := letters{s: s, line: from.line, rest: []rune(s.line(from.line))}
	at.skip(max(from.column-1, 0))
	if len(at.rest) == 0 {
		return nil
	}
	quote := at.rest[0]
	switch quote {
	case '|', '>':
		at.next()
	case '"', '\'':
		at.skip(1)
	}
	var out []Position
	for _, letter := range text {
		if unicode.IsSpace(letter) {
			out = append(out, at.position())
			continue
		}
		for at.blank() {
		}
		as := string(letter)
		if other := escaped(quote, letter); other != "" && at.begins(other) {
			as = other
		}
		if !at.begins(as) {
			return nil
		}
		out = append(out, at.position())
		at.skip(utf8.RuneCountInString(as))
	}
	return out
}

// escaped is how a letter may be written inside of quotes beside as itself; empty where it may not.
func escaped(quote, letter rune) string {
	switch {
	case quote == '\'' && letter == '\'':
		return "''"
	case quote == '"' && strings.ContainsRune(`"\/`, letter):
		return `\` + string(letter)
	}
	return ""
}

// letters goes through those of a file, line by line.
type letters struct {
	s      *source
	line   int
	column int // letters that were passed in the line
	rest   []rune
}

func (c *letters) position() Position { return c.s.position(span{line: c.line, column: c.column + 1}) }

func (c *letters) begins(as string) bool {
	want := []rune(as)
	return len(c.rest) >= len(want) && slices.Equal(c.rest[:len(want)], want)
}

func (c *letters) skip(n int) {
	n = min(n, len(c.rest))
	c.column, c.rest = c.column+n, c.rest[n:]
}

func (c *letters) next() {
	c.line, c.column = c.line+1, 0
	c.rest = []rune(c.s.line(c.line))
}

// blank passes white space, and tells whether there was some.
func (c *letters) blank() bool {
	switch {
	case len(c.rest) > 0 && unicode.IsSpace(c.rest[0]):
		c.skip(1)
	case len(c.rest) == 0 && c.line < len(c.s.lines):
		c.next()
	default:
		return false
	}
	return true
}
