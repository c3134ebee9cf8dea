package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Change is one key, or one file without values, that differs between two snapshots. Printing it shows the key alone.
type Change struct {
	File string
	Path []string // from the top of the file; empty for the file itself
	Op   string   // "add", "remove" or "replace"
	Old  Value    // zero for "add"
	New  Value    // zero for "remove"
}

// Key writes the key as `sluice diff` does: "app.yaml: server.port".
func (c Change) Key() string { return c.File + keyText(c.Path) }

// String is the operation and the key, never a value.
func (c Change) String() string { return c.Op + " " + c.Key() }

// keyText is ": server.port" for a path, and nothing for none.
func keyText(path []string) string {
	if len(path) == 0 {
		return ""
	}
	names := make([]string, len(path))
	for i, name := range path {
		if strings.ContainsAny(name, ". \"") || name == "" {
			name = `"` + strings.ReplaceAll(name, `"`, `\"`) + `"`
		}
		names[i] = name
	}
	return ": " + strings.Join(names, ".")
}

// Value is what a key had or has. It does not print: configuration holds secrets. The pointer keeps it from what prints
// structs that have one as an unexported field, whose methods fmt cannot call.
type Value struct {
	leaf *any // of the tree; for a file without values, its digest; nil where there is none
}

// JSON returns the value as JSON, nil where there is none. For a file without values it is the digest of its bytes.
func (v Value) JSON() []byte {
	if v.leaf == nil {
		return nil
	}
	text, err := json.Marshal(*v.leaf)
	if err != nil {
		return nil // the leaf came out of JSON
	}
	return text
}

// Format writes "[value]", whatever the verb.
func (v Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[value]")) }

// MarshalJSON writes "[value]".
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"[value]"`), nil }

// Changes are all keys that differ, sorted by file and key.
type Changes []Change

// Has reports whether a key, or anything below it, is among them.
func (c Changes) Has(file string, path ...string) bool {
	return slices.ContainsFunc(c, func(one Change) bool {
		return one.File == file && len(one.Path) >= len(path) && slices.Equal(one.Path[:len(path)], path)
	})
}

// String lists the keys, never a value.
func (c Changes) String() string {
	var text strings.Builder
	for i, one := range c {
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString(one.String())
	}
	return text.String()
}

// Between lists what differs from one document to the next. A nil document has nothing.
func Between(from, to *Document) Changes {
	var out Changes
	old, new := allOf(from), allOf(to)
	for _, file := range unionKeys(old, new) {
		a, before := old[file]
		b, after := new[file]
		out = compare(out, file, nil, leaf{a, before}, leaf{b, after})
	}
	return out
}

// leaf is what is at a place of a tree, if anything is.
type leaf struct {
	value any
	set   bool
}

func (l leaf) sealed() Value {
	if !l.set {
		return Value{}
	}
	return Value{&l.value}
}

// allOf are the values of every file; a file without values stands for itself with the digest of its bytes.
func allOf(d *Document) map[string]any {
	all := map[string]any{}
	if d == nil {
		return all
	}
	maps.Copy(all, d.values)
	for path := range d.files {
		if _, parsed := d.values[path]; !parsed {
			data, _ := d.File(path)
			all[path] = digestOf(data)
		}
	}
	return all
}

func compare(out Changes, file string, path []string, a, b leaf) Changes {
	old, oldMap := a.value.(map[string]any)
	new, newMap := b.value.(map[string]any)
	oldList, isOldList := a.value.([]any)
	newList, isNewList := b.value.([]any)
	switch {
	case oldMap && newMap, oldMap && !b.set && len(old) > 0, newMap && !a.set && len(new) > 0:
		for _, name := range unionKeys(old, new) {
			x, before := old[name]
			y, after := new[name]
			out = compare(out, file, below(path, name), leaf{x, before}, leaf{y, after})
		}
		return out
	case isOldList && isNewList, isOldList && !b.set && len(oldList) > 0, isNewList && !a.set && len(newList) > 0:
		for i := range max(len(oldList), len(newList)) {
			out = compare(out, file, below(path, strconv.Itoa(i)), at(oldList, i), at(newList, i))
		}
		return out
	case a.set == b.set && reflect.DeepEqual(a.value, b.value):
		return out
	}
	op := "replace"
	if !a.set {
		op = "add"
	} else if !b.set {
		op = "remove"
	}
	return append(out, Change{File: file, Path: path, Op: op, Old: a.sealed(), New: b.sealed()})
}

func at(list []any, i int) leaf {
	if i >= len(list) {
		return leaf{}
	}
	return leaf{list[i], true}
}

// below never shares its memory with a sibling's.
func below(path []string, name string) []string { return append(slices.Clone(path), name) }

func unionKeys(a, b map[string]any) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]any{}
	}
	for name := range b {
		all[name] = nil
	}
	return slices.Sorted(maps.Keys(all))
}
