package schema

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// DocumentFile is one file of a cell with its bytes.
type DocumentFile struct {
	Path string // relative to the app
	Mode Mode
	Data []byte
}

// Document is what a target delivers of a cell: every file as bytes, and the parsed values of those that can be parsed, so
// that a reader needs no YAML (RULES R38). FORMAT.md specifies the bytes, testdata/document has vectors.
type Document struct {
	files  []DocumentFile // sorted by path
	values map[string]*value
}

// NewDocument parses the files of a cell. Files that are not YAML or JSON are carried as bytes alone.
func NewDocument(files []DocumentFile) (Document, Diagnostics) {
	d := Document{files: slices.Clone(files), values: map[string]*value{}}
	slices.SortFunc(d.files, func(a, b DocumentFile) int { return strings.Compare(a.Path, b.Path) })
	var found Diagnostics
	for i, f := range d.files {
		found = append(found, checkFile(f)...)
		if i > 0 && f.Path == d.files[i-1].Path {
			found = append(found, FindingIn(f.Path, "path-collision", args{"path": f.Path, "other": f.Path}))
		}
		v, ds := parseContent(f.Path, f.Data)
		found = append(found, ds...)
		if v != nil {
			d.values[f.Path] = v
		}
	}
	if len(found) > 0 {
		return Document{}, found
	}
	return d, nil
}

// Encode writes the canonical bytes: one JSON object, keys in order of their bytes, no blanks, numbers as the files write them.
func (d Document) Encode() []byte {
	buffer := encodeBuffers.Get().(*[]byte)
	defer encodeBuffers.Put(buffer)
	*buffer = d.appendTo((*buffer)[:0])
	return bytes.Clone(*buffer)
}

// encodeBuffers have room for what documents came to so far: many are kept, in no more than they need.
var encodeBuffers = sync.Pool{New: func() any { return new([]byte) }}

func (d Document) appendTo(b []byte) []byte {
	b = append(b, `{"files":{`...)
	for i, f := range d.files {
		b = appendComma(b, i)
		b = appendString(b, f.Path)
		b = append(b, `:{"base64":"`...)
		b = base64.StdEncoding.AppendEncode(b, f.Data)
		b = append(b, `","mode":"`...)
		b = append(b, f.Mode...)
		b = append(b, `"}`...)
	}
	b = append(b, `},"values":{`...)
	n := 0
	for _, f := range d.files {
		if v, ok := d.values[f.Path]; ok {
			b = appendComma(b, n)
			b = appendString(b, f.Path)
			b = append(b, ':')
			b = v.appendJSON(b)
			n++
		}
	}
	return append(b, '}', '}')
}

// Value returns the parsed value of a file in the types of encoding/json, numbers as [json.Number].
func (d Document) Value(path string) (any, bool) {
	v, ok := d.values[path]
	if !ok {
		return nil, false
	}
	decoder := json.NewDecoder(strings.NewReader(string(v.appendJSON(nil))))
	decoder.UseNumber()
	var plain any
	err := decoder.Decode(&plain)
	return plain, err == nil
}

// appendJSON writes the value in its canonical form.
func (v *value) appendJSON(b []byte) []byte {
	switch v.kind {
	case boolValue, numberValue:
		return append(b, v.text...)
	case stringValue:
		return appendString(b, v.text)
	case listValue:
		b = append(b, '[')
		for i, item := range v.items {
			b = item.appendJSON(appendComma(b, i))
		}
		return append(b, ']')
	case mapValue:
		byKey := func(a, b member) int { return strings.Compare(a.key, b.key) }
		sorted := v.fields
		if !slices.IsSortedFunc(sorted, byKey) {
			sorted = slices.Clone(sorted)
			slices.SortFunc(sorted, byKey)
		}
		b = append(b, '{')
		for i, m := range sorted {
			b = append(appendString(appendComma(b, i), m.key), ':')
			b = m.value.appendJSON(b)
		}
		return append(b, '}')
	default:
		return append(b, "null"...)
	}
}

func appendComma(b []byte, i int) []byte {
	if i == 0 {
		return b
	}
	return append(b, ',')
}

// appendString writes a JSON string with the fewest escapes: quotes, backslashes and control characters below a space.
func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	b = append(b, '"')
	done := 0 // of s, what b has
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(append(b, s[done:]...), '"')
}

// fileFormat is how a file is understood, by its name.
func fileFormat(name string) string {
	switch path.Ext(name) {
	case ".yaml", ".yml":
		return "yaml"
	case ".json":
		return "json"
	}
	return ""
}

// parseContent is parseFile where nobody asks for the places of values.
func parseContent(name string, data []byte) (*value, Diagnostics) {
	if fileFormat(name) == "yaml" {
		if v, ok := plainYAML(data); ok {
			return v, nil
		}
	}
	return parseFile(name, data)
}

// parseFile reads a file of an app; a nil value without findings is a file that is bytes alone.
func parseFile(name string, data []byte) (*value, Diagnostics) {
	format := fileFormat(name)
	if format == "" {
		return nil, nil
	}
	src := newSource(name, data)
	var v *value
	if format == "json" {
		v = readJSON(src, data)
	} else {
		v = readYAML(src, data, appRules)
	}
	return v, src.findings()
}
