package schema

import (
	"slices"
	"strconv"
	"strings"
)

// Leaf is a value without parts: text, a number, true or false, nothing, or an empty map or list.
type Leaf struct {
	Value    string   `json:"value"` // as canonical JSON, so that 1 and "1" differ and 1.10 keeps its zero
	Position Position `json:"position"`
}

// Flatten returns the leaves of a YAML or JSON file by their JSON Pointer (RFC 6901): the paths of a JSON Patch, and what
// people compare instead of lines. A file of another kind has none.
func Flatten(path string, data []byte) (map[string]Leaf, Diagnostics) {
	v, found := parseFile(path, data)
	if v == nil {
		return nil, found
	}
	leaves := map[string]Leaf{}
	v.flatten(path, "", leaves)
	return leaves, nil
}

// Flatten is [Flatten] of a file that was parsed; nil if it is neither YAML nor JSON.
func (d Document) Flatten(path string) map[string]Leaf {
	v, ok := d.values[path]
	if !ok {
		return nil
	}
	if v.at == (span{}) { // read by the short way, which has no places
		i := slices.IndexFunc(d.files, func(f DocumentFile) bool { return f.Path == path })
		leaves, _ := Flatten(path, d.files[i].Data)
		return leaves
	}
	leaves := map[string]Leaf{}
	v.flatten(path, "", leaves)
	return leaves
}

func (v *value) flatten(file, pointer string, into map[string]Leaf) {
	if len(v.fields) == 0 && len(v.items) == 0 {
		into[pointer] = Leaf{
			Value: string(v.appendJSON(nil)), Position: Position{File: file, Line: v.at.line, Column: v.at.column},
		}
		return
	}
	for _, m := range v.fields {
		m.value.flatten(file, pointer+"/"+escapePointer(m.key), into)
	}
	for i, item := range v.items {
		item.flatten(file, pointer+"/"+strconv.Itoa(i), into)
	}
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func escapePointer(key string) string { return pointerEscapes.Replace(key) }
