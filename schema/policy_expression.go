package schema

import (
	"fmt"
	"strings"
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
	Position Position // of the first letter, where the text stands in its line as it is; else of the value
	Verbatim bool     // it does
	Source   string   // the line, for people
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
	e := Expression{Text: text, Position: s.position(v.at), Source: s.shown(v.at.line)}
	if line := []rune(s.line(v.at.line)); v.at.column >= 1 && v.at.column <= len(line) {
		rest := string(line[v.at.column-1:])
		switch {
		case strings.HasPrefix(rest, text):
			e.Verbatim = true
		case strings.HasPrefix(rest[1:], text) && strings.ContainsAny(rest[:1], `"'`):
			e.Verbatim = true
			e.Position.Column++
		}
	}
	s.expressions = append(s.expressions, e)
	return text
}

// At is the place of a letter of the text, counted from 0.
func (e Expression) At(letter int) Position {
	p := e.Position
	if e.Verbatim {
		p.Column += max(letter, 0)
	}
	return p
}
