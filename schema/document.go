package schema

import (
	"encoding/base64"
	"encoding/json"
	"path"
	"slices"
	"strings"
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
		v, ds := parseFile(f.Path, f.Data)
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
	b := []byte(`{"files":{`)
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
		sorted := slices.Clone(v.fields)
		slices.SortFunc(sorted, func(a, b member) int { return strings.Compare(a.key, b.key) })
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
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\r':
			b = append(b, '\\', 'r')
		case r == '\t':
			b = append(b, '\\', 't')
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
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
		v = readYAML(src, data, yamlRules{aliases: true, bom: true, foldKeys: true})
	}
	return v, src.findings()
}
