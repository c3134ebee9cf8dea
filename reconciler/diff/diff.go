// Package diff compares configuration key by key.
//
// People promote values, not lines: [Keys] reads YAML and JSON files into their leaves and names what was added, removed
// or replaced, in the words of RFC 6902. Files that have no keys are compared as a whole, by digest.
package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// Edit is one key that differs.
type Edit struct {
	Op       string          `json:"op"` // add, remove, replace
	File     string          `json:"file"`
	Key      string          `json:"key"`            // "limits.max" in the file, or the file's path where it has no keys
	From     string          `json:"from,omitempty"` // canonical JSON, or a digest
	To       string          `json:"to,omitempty"`
	Position schema.Position `json:"position"` // on the side that has it, the new one first
	Pointer  string          `json:"-"`        // JSON Pointer within the file; empty for a file without keys
	Secret   bool            `json:"-"`        // what stands around it says that it is not to be shown
}

// Keys compares two sets of files by path. It returns the edits sorted by file and key, and how many keys are equal.
func Keys(from, to map[string][]byte) (edits []Edit, equal int) {
	paths := map[string]bool{}
	for path := range from {
		paths[path] = true
	}
	for path := range to {
		paths[path] = true
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		before, after := leaves(path, from), leaves(path, to)
		found, same := compare(path, before, after, len(paths) > 1)
		edits, equal = append(edits, found...), equal+same
	}
	return edits, equal
}

// leaves reads a file's keys; one that has none, or does not parse, is a single leaf.
func leaves(path string, files map[string][]byte) map[string]schema.Leaf {
	data, ok := files[path]
	if !ok {
		return nil
	}
	found, problems := schema.Flatten(path, data)
	if len(problems) > 0 || found == nil {
		return map[string]schema.Leaf{"": {Value: string(schema.DigestOf(data))[:len("sha256:")+12], Position: schema.Position{File: path}}}
	}
	return found
}

func compare(path string, before, after map[string]schema.Leaf, many bool) (edits []Edit, equal int) {
	all := map[string]bool{}
	for pointer := range before {
		all[pointer] = true
	}
	for pointer := range after {
		all[pointer] = true
	}
	for _, pointer := range slices.Sorted(maps.Keys(all)) {
		old, had := before[pointer]
		now, has := after[pointer]
		e := Edit{File: path, Key: name(path, pointer, many), From: old.Value, To: now.Value, Position: now.Position, Pointer: pointer}
		switch {
		case !had:
			e.Op = "add"
		case !has:
			e.Op, e.Position = "remove", old.Position
		case old.Value != now.Value:
			e.Op = "replace"
		default:
			equal++
			continue
		}
		e.Secret = pointer != "" && (policies.HidesLeaf(before, pointer) || policies.HidesLeaf(after, pointer))
		edits = append(edits, e)
	}
	return edits, equal
}

// name writes a JSON Pointer as people write keys, with the file before it where there are several.
func name(path, pointer string, many bool) string {
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, t := range tokens {
		t = strings.NewReplacer("~1", "/", "~0", "~").Replace(t)
		if strings.ContainsAny(t, ". \"") {
			t = `"` + strings.ReplaceAll(t, `"`, `\"`) + `"`
		}
		tokens[i] = t
	}
	key := strings.Join(tokens, ".")
	switch {
	case pointer == "":
		return path
	case many:
		return path + ": " + key
	}
	return key
}
