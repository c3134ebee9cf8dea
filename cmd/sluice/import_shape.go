package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/reconciler/agent/properties"
	"github.com/sluice-gitops/sluice/schema"
)

// The forms in which keys are taken.
const (
	asFiles      = "files"
	asYAML       = "yaml"
	asJSON       = "json"
	asProperties = "properties"
)

// shapeApp puts the files of an app together.
func shapeApp(r importRules, app schema.App, keys []importKey) ([]importFile, schema.Diagnostics) {
	file := func(path string) importFile {
		return importFile{App: app, Path: path, Where: r.project.CellPath(r.stage, app) + "/" + path, Mode: schema.Regular}
	}
	if r.as == asFiles {
		var out []importFile
		for _, key := range keys {
			f := file(key.name)
			f.Data, f.From = key.Value, key.Place
			if key.Executable {
				f.Mode = schema.Executable
			}
			out = append(out, f)
		}
		return out, nil
	}
	f := file(r.file)
	var found schema.Diagnostics
	f.Data, found = shape(r, keys)
	if len(found) > 0 {
		return nil, found
	}
	return []importFile{f}, nil
}

// shape writes the keys of an app as one text.
func shape(r importRules, keys []importKey) ([]byte, schema.Diagnostics) {
	var found schema.Diagnostics
	refuse := func(key importKey, why string) {
		place := schema.Printable(key.Place)
		found = append(found, importFinding(place, "import-shape", "path", place, "why", why))
	}
	tree, all, from := keyTree{}, map[string]string{}, map[string]string{}
	for _, key := range keys {
		why := badKey(key)
		dotted := strings.ReplaceAll(key.name, "/", ".")
		switch other, twice := from[dotted]; {
		case why != "":
		case r.as != asProperties:
			why = tree.put(strings.Split(key.name, "/"), string(key.Value))
		case twice:
			why = "it and " + schema.Printable(other) + " would both be " + schema.Printable(dotted)
		default:
			all[dotted], from[dotted] = string(key.Value), key.Place
		}
		if why != "" {
			refuse(key, why)
		}
	}
	if len(found) > 0 {
		return nil, found
	}
	var out bytes.Buffer
	switch r.as {
	case asProperties:
		return properties.Format(all), nil
	case asJSON:
		tree.json(&out, "", r.typed)
		out.WriteByte('\n')
	default:
		tree.yaml(&out, "", r.typed)
	}
	return out.Bytes(), nil
}

// badKey says why a key can be in no text.
func badKey(key importKey) string {
	switch {
	case !utf8.ValidString(key.name):
		return "its name is not UTF-8"
	case !utf8.Valid(key.Value):
		return "its value is not UTF-8"
	case slices.Contains(strings.Split(key.name, "/"), ""):
		return "a part of its name is empty"
	}
	return ""
}

// keyTree is a map whose values are texts or maps.
type keyTree map[string]any

func (b keyTree) put(path []string, value string) string {
	for _, name := range path[:len(path)-1] {
		switch next := b[name].(type) {
		case nil:
			below := keyTree{}
			b[name], b = below, below
		case keyTree:
			b = next
		default:
			return "the key " + schema.Printable(name) + " above it is a value, and cannot be a map as well"
		}
	}
	last := path[len(path)-1]
	if _, taken := b[last]; taken {
		return "there are keys below it, so it cannot be a value as well"
	}
	b[last] = value
	return ""
}

// plainWord is a key that every YAML parser reads as the text it is.
var plainWord = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// wordsOfYAML are read by some parsers as something else than text, in any case.
var wordsOfYAML = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

func (b keyTree) yaml(out *bytes.Buffer, indent string, typed bool) {
	for _, name := range slices.Sorted(maps.Keys(b)) {
		out.WriteString(indent)
		if plainWord.MatchString(name) && !slices.Contains(wordsOfYAML, strings.ToLower(name)) {
			out.WriteString(name)
		} else {
			out.WriteString(strconv.Quote(name))
		}
		switch value := b[name].(type) {
		case keyTree:
			out.WriteString(":\n")
			value.yaml(out, indent+"  ", typed)
		case string:
			out.WriteString(": ")
			if typed && plainValue(value) {
				out.WriteString(value)
			} else {
				out.WriteString(strconv.Quote(value)) // its escapes are YAML's too
			}
			out.WriteByte('\n')
		}
	}
}

func (b keyTree) json(out *bytes.Buffer, indent string, typed bool) {
	out.WriteString("{")
	for i, name := range slices.Sorted(maps.Keys(b)) {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n" + indent + "  " + jsonText(name) + ": ")
		switch value := b[name].(type) {
		case keyTree:
			value.json(out, indent+"  ", typed)
		case string:
			if typed && plainValue(value) {
				out.WriteString(value)
			} else {
				out.WriteString(jsonText(value))
			}
		}
	}
	out.WriteString("\n" + indent + "}")
}

func jsonText(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(text) != nil {
		return strconv.QuoteToASCII(text) // a text always encodes
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// plainNumber is a number that all parsers read alike and write as it stands.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?$`)

func plainValue(text string) bool {
	return text == "true" || text == "false" || plainNumber.MatchString(text) && text != "-0"
}
