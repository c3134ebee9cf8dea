package provider

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Document is the configuration of one app in one stage: its files as bytes, and the values of those that the reconciler
// understood (YAML and JSON). It is immutable.
type Document struct {
	digest string
	text   []byte
	files  map[string]documentFile
	raw    map[string]json.RawMessage // the values' own JSON, in which numbers keep their literal
	values map[string]any             // the same as a tree: map[string]any, []any, string, json.Number, bool, nil
}

type documentFile struct {
	Base64 string `json:"base64"`
	Mode   string `json:"mode"`
}

// ParseDocument reads a document in the form that schema/FORMAT.md gives.
func ParseDocument(text []byte) (*Document, error) {
	var parts struct {
		Files  map[string]documentFile    `json:"files"`
		Values map[string]json.RawMessage `json:"values"`
	}
	if err := strictly(text, &parts); err != nil {
		return nil, fmt.Errorf("%w: not a document", ErrRefused) // the reason would quote content
	}
	d := &Document{digest: digestOf(text), text: bytes.Clone(text), files: parts.Files, raw: parts.Values, values: map[string]any{}}
	for path, f := range d.files {
		if _, err := base64.StdEncoding.DecodeString(f.Base64); err != nil {
			return nil, fmt.Errorf("%w: document: file %s: not base64", ErrRefused, path)
		}
	}
	for path, text := range d.raw {
		if _, ok := d.files[path]; !ok {
			return nil, fmt.Errorf("%w: document: values of %s, which is no file of it", ErrRefused, path)
		}
		var value any
		if err := strictly(text, &value); err != nil {
			return nil, fmt.Errorf("%w: document: values of %s", ErrRefused, path)
		}
		d.values[path] = value
	}
	return d, nil
}

// strictly decodes one JSON value and nothing after it. Numbers stay literals.
func strictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return fmt.Errorf("more than one value")
	}
	return nil
}

// DocumentOf makes a document of values by file, for defaults that are compiled in and for tests. The values are written
// as encoding/json writes them; a []byte or a string is a file without values.
func DocumentOf(files map[string]any) (*Document, error) {
	parts := struct {
		Files  map[string]documentFile    `json:"files"`
		Values map[string]json.RawMessage `json:"values"`
	}{map[string]documentFile{}, map[string]json.RawMessage{}}
	for path, value := range files {
		var data []byte
		switch v := value.(type) {
		case []byte:
			data = v
		case string:
			data = []byte(v)
		default:
			text, err := json.Marshal(v)
			if err != nil {
				return nil, fmt.Errorf("document: values of %s: %w", path, err)
			}
			data, parts.Values[path] = text, text
		}
		parts.Files[path] = documentFile{base64.StdEncoding.EncodeToString(data), "100644"}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(parts); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	return ParseDocument(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

// Files lists the paths of all files, sorted.
func (d *Document) Files() []string { return slices.Sorted(maps.Keys(d.files)) }

// File returns a copy of a file's bytes, as they were committed.
func (d *Document) File(path string) ([]byte, bool) {
	f, ok := d.files[path]
	if !ok {
		return nil, false
	}
	data, err := base64.StdEncoding.DecodeString(f.Base64)
	return data, err == nil
}

// Executable reports whether a file is committed as a program.
func (d *Document) Executable(path string) bool { return d.files[path].Mode == "100755" }

// Parsed lists the paths of the files that have values, sorted.
func (d *Document) Parsed() []string { return slices.Sorted(maps.Keys(d.values)) }

// JSON returns a copy of a file's values as JSON, with numbers as the file writes them.
func (d *Document) JSON(path string) ([]byte, bool) {
	text, ok := d.raw[path]
	return bytes.Clone(text), ok
}

// Encoded returns a copy of the document's bytes, of which Digest is the SHA-256.
func (d *Document) Encoded() []byte { return bytes.Clone(d.text) }

// Digest names the document: "sha256:" and 64 hexadecimal digits.
func (d *Document) Digest() string { return d.digest }
