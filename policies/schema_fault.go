package policies

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sluice-gitops/sluice/schema"
)

// SchemaFault says in plain words why a schema cannot be used, and at which place of which file; nothing if it can. files are the control
// files by path.
func SchemaFault(path string, files map[string][]byte) (at schema.Position, why string) {
	_, err := compile(path, files)
	if err == nil {
		return schema.Position{}, ""
	}
	at = schema.Position{File: path}
	var load *jsonschema.LoadURLError
	var refused *jsonschema.SchemaValidationError
	var regex *jsonschema.InvalidRegexError
	var pointer *jsonschema.JSONPointerNotFoundError
	var anchor *jsonschema.AnchorNotFoundError
	switch {
	case errors.As(err, &load):
		return loadFault(path, load, files)
	case errors.As(err, &refused):
		return validFault(refused, at, files)
	case errors.As(err, &regex):
		at, _ = placeOfURL(regex.URL, at, files)
		return at, fmt.Sprintf("%q is no regular expression of RE2, which looks neither ahead nor back", regex.Regex)
	case errors.As(err, &pointer):
		return referring(path, pointer.URL, files), "it refers to " + inSchemas(pointer.URL) + ", where there is nothing"
	case errors.As(err, &anchor):
		return referring(path, anchor.Reference, files), "it refers to " + inSchemas(anchor.Reference) + ", and there is no such anchor"
	}
	return at, strings.ReplaceAll(oneLine(err), schemaScheme, "")
}

// loadFault is of a file that is not there, or cannot be read.
func loadFault(path string, load *jsonschema.LoadURLError, files map[string][]byte) (schema.Position, string) {
	file, ours := strings.CutPrefix(load.URL, schemaScheme)
	data, there := files[file]
	switch {
	case !ours:
		return referring(path, load.URL, files), fmt.Sprintf("it refers to %s, and nothing outside of %s is read", load.URL, schema.SchemaDir)
	case !there && file == path:
		return schema.Position{File: path}, "it is not there"
	case !there:
		return referring(path, load.URL, files), fmt.Sprintf("it refers to %s, which is not there", file)
	}
	if found := schema.LintFile(file, data); len(found) > 0 {
		return found[0].Position, found[0].Message
	}
	return schema.Position{File: file}, oneLine(load.Err)
}

// validFault finds the deepest place at which a schema is none.
func validFault(refused *jsonschema.SchemaValidationError, at schema.Position, files map[string][]byte) (schema.Position, string) {
	var deepest *jsonschema.ValidationError
	var look func(*jsonschema.ValidationError)
	look = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 && (deepest == nil || len(e.InstanceLocation) > len(deepest.InstanceLocation)) {
			deepest = e
		}
		for _, cause := range e.Causes {
			look(cause)
		}
	}
	var top *jsonschema.ValidationError
	if !errors.As(refused.Err, &top) {
		return at, oneLine(refused.Err)
	}
	look(top)
	var names []string
	for _, name := range deepest.InstanceLocation {
		names = append(names, strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	pointer := strings.Join(append([]string{""}, names...), "/")
	why := kindText(deepest)
	at, base := placeOfURL(refused.URL, at, files)
	if there := below(at.File, base+pointer, files); there.Line > 0 {
		at = there
	}
	return at, fmt.Sprintf("at %s: %s", pointerOrTop(base+pointer), why)
}

func pointerOrTop(pointer string) string {
	if pointer == "" {
		return "the top"
	}
	return pointer
}

// placeOfURL is the place that a location of the library names, and its JSON Pointer.
func placeOfURL(location string, at schema.Position, files map[string][]byte) (schema.Position, string) {
	rest, ours := strings.CutPrefix(location, schemaScheme)
	file, fragment, _ := strings.Cut(rest, "#")
	if !ours || files[file] == nil {
		return at, ""
	}
	if plain, err := url.PathUnescape(fragment); err == nil {
		fragment = plain
	}
	if there := below(file, fragment, files); there.Line > 0 {
		return there, fragment
	}
	return schema.Position{File: file}, fragment
}

// below is where the value at a pointer begins: its own place, or that of the first one in it.
func below(file, pointer string, files map[string][]byte) schema.Position {
	leaves, _ := schema.Flatten(file, files[file])
	at := schema.Position{File: file}
	for key, leaf := range leaves {
		p := leaf.Position
		if (key == pointer || strings.HasPrefix(key, pointer+"/")) && (at.Line == 0 || p.Line < at.Line || p.Line == at.Line && p.Column < at.Column) {
			at = p
		}
	}
	return at
}

// referring is the place of the reference that leads there, in the schema or one that it uses.
func referring(path, to string, files map[string][]byte) schema.Position {
	to = strings.TrimPrefix(to, schemaScheme)
	for _, file := range append([]string{path}, slices.Sorted(maps.Keys(files))...) {
		leaves, _ := schema.Flatten(file, files[file])
		for _, key := range slices.Sorted(maps.Keys(leaves)) {
			ref := strings.Trim(leaves[key].Value, `"`)
			if (strings.HasSuffix(key, "/$ref") || strings.HasSuffix(key, "/$dynamicRef")) && ref != "" && strings.HasSuffix(to, strings.TrimLeft(ref, "./")) {
				return leaves[key].Position
			}
		}
	}
	return schema.Position{File: path}
}

func inSchemas(location string) string { return strings.TrimPrefix(location, schemaScheme) }
