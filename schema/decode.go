package schema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is a map that is read through a shape. Its methods return the zero value for a field that is missing, and report
// one that has the wrong type.
type object struct {
	src  *source
	path string // from the top of the file, for messages: "stages[2].gates"
	v    *value
}

// object checks the fields of a map against its shape. It returns false, reported, for anything but a map.
func (s *source) object(v *value, id shapeID, path string) (object, bool) {
	o := object{src: s, path: path, v: v}
	if v.kind != mapValue {
		s.wrongType(v, path, "a map")
		return o, false
	}
	shape := shapes[id]
	for _, m := range v.fields {
		if !slices.Contains(shape.fields(), m.key) && !o.allowed(shape, m) {
			s.unknownField(shape, path, m)
		}
	}
	for _, name := range shape.required {
		if m, ok := v.field(name); !ok || m.value.kind == nullValue {
			s.report(v.at, "missing-field", "", args{"field": place(path), "name": name})
		}
	}
	return o, true
}

// allowed lets the free keys of an open shape pass, unless one reads like a slip of a known field.
func (o object) allowed(shape shape, m member) bool {
	if shape.open == "" {
		return false
	}
	_, near := nearest(m.key, shape.fields())
	return !near
}

func (s *source) unknownField(shape shape, path string, m member) {
	a := args{"field": join(path, m.key), "name": m.key}
	switch {
	case shape.file == "sluice.yaml" && looksOperator(m.key):
		s.report(m.at, "operator-only", "", a)
	case looksSecret(m.key):
		s.report(m.at, "literal-secret", secretHint(m.key, shape), a)
	default:
		s.report(m.at, "unknown-field", didYouMean(m.key, shape.fields()), a)
	}
}

func (s *source) wrongType(v *value, path, want string) {
	hint := ""
	if want == "text" && (v.kind == numberValue || v.kind == boolValue) {
		hint = `put it into quotes: "` + v.text + `"`
	}
	s.report(v.at, "wrong-type", hint, args{"field": place(path), "want": want, "got": v.kind.String()})
}

func (s *source) badValue(v *value, path, hint, why string) {
	s.report(v.at, "bad-value", hint, args{"field": place(path), "why": why})
}

// get returns a field and its path; nil if it is missing or empty ("field:").
func (o object) get(name string) (*value, string) {
	m, ok := o.v.field(name)
	if !ok || m.value == nil || m.value.kind == nullValue {
		return nil, join(o.path, name)
	}
	return m.value, join(o.path, name)
}

func (o object) text(name string) string {
	v, path := o.get(name)
	if v == nil {
		return ""
	}
	return o.src.text(v, path)
}

func (s *source) text(v *value, path string) string {
	if v.kind != stringValue {
		s.wrongType(v, path, "text")
		return ""
	}
	if v.text == "" || strings.ContainsAny(v.text, "\n\t") {
		s.badValue(v, path, "", "want one line of text")
		return ""
	}
	return v.text
}

func (o object) flag(name string, otherwise bool) bool {
	v, path := o.get(name)
	if v == nil {
		return otherwise
	}
	if v.kind != boolValue {
		o.src.wrongType(v, path, "true or false")
		return otherwise
	}
	return v.text == "true"
}

// whole reads an integer between low and high, and returns otherwise for a missing or wrong one.
func (o object) whole(name string, low, high, otherwise int64) int64 {
	v, path := o.get(name)
	if v == nil {
		return otherwise
	}
	n, ok := o.src.whole(v, path, low, high)
	if !ok {
		return otherwise
	}
	return n
}

func (s *source) whole(v *value, path string, low, high int64) (int64, bool) {
	if v.kind != numberValue {
		s.wrongType(v, path, "a whole number")
		return 0, false
	}
	n, err := strconv.ParseInt(v.text, 10, 64)
	if err != nil || n < low || n > high {
		s.badValue(v, path, "", fmt.Sprintf("%s is not a whole number between %d and %d", v.text, low, high))
		return 0, false
	}
	return n, true
}

// list returns the items of a list; nil for a missing one.
func (o object) list(name string) ([]*value, string) {
	v, path := o.get(name)
	if v == nil {
		return nil, path
	}
	if v.kind != listValue {
		o.src.wrongType(v, path, "a list")
		return nil, path
	}
	return v.items, path
}

func (o object) texts(name string) []string {
	items, path := o.list(name)
	var out []string
	for i, item := range items {
		if text := o.src.text(item, at(path, i)); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// duration reads "90m", "24h" or "30d"; a missing one is zero.
func (o object) duration(name string) time.Duration {
	v, path := o.get(name)
	if v == nil {
		return 0
	}
	return o.src.duration(v, path)
}

func (s *source) duration(v *value, path string) time.Duration {
	if v.kind != stringValue {
		s.wrongType(v, path, `a duration like "24h"`)
		return 0
	}
	d, err := ParseDuration(v.text)
	if err != nil {
		s.badValue(v, path, "", err.Error())
	}
	return d
}

// when reads a time in RFC 3339; a missing one is zero.
func (o object) when(name string) time.Time {
	v, path := o.get(name)
	if v == nil {
		return time.Time{}
	}
	if v.kind != stringValue {
		o.src.wrongType(v, path, "a time like 2026-11-23T10:00:00Z")
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v.text)
	if err != nil {
		o.src.badValue(v, path, "", fmt.Sprintf("%q is not a time like 2026-11-23T10:00:00Z", v.text))
		return time.Time{}
	}
	return t.UTC()
}

// choice reads one of several words and returns the first for a missing one.
func (o object) choice(name string, words ...string) string {
	v, path := o.get(name)
	if v == nil {
		return words[0]
	}
	if v.kind != stringValue {
		o.src.wrongType(v, path, "one of "+strings.Join(words, ", "))
		return words[0]
	}
	if !slices.Contains(words, v.text) {
		o.src.badValue(v, path, didYouMean(v.text, words), fmt.Sprintf("%q is none of %s", v.text, strings.Join(words, ", ")))
		return words[0]
	}
	return v.text
}

// ParseDuration reads a duration as [time.ParseDuration] does, and whole days ("30d"). It refuses negative ones.
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseInt(days, 10, 64)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("%q is not a duration like 24h or 30d", s)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration like 24h or 30d", s)
	}
	return d, nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func at(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// place names a path in a message; the top of a file has no name.
func place(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}
