package schema

import (
	_ "embed" // FORMAT.md is where the fields are described; a test holds it to the decoder
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed FORMAT.md
var formatPage string

// jsonSchemas are the files that [JSONSchema] describes. Nothing writes to it.
var jsonSchemas = map[string]string{"project": "sluice.yaml", "tests": "tests/NAME.yaml"}

// JSONSchemas are the names that [JSONSchema] knows, sorted.
func JSONSchemas() []string { return slices.Sorted(maps.Keys(jsonSchemas)) }

// described is a row of FORMAT.md.
type described struct{ kind, text string }

// JSONSchema describes a file for editors, in draft 2020-12: its fields with their types and what they mean. It is wider than
// what sluice reads where that takes more than the shape of one place: `sluice lint` decides. It is nil for a name that there is not.
func JSONSchema(name string) map[string]any {
	file, ok := jsonSchemas[name]
	if !ok {
		return nil
	}
	rows := formatRows()
	d := jsonDescriber{rows: rows}
	out := d.object(file, "")
	out["$schema"], out["title"] = "https://json-schema.org/draft/2020-12/schema", file
	if file == "sluice.yaml" {
		out["$defs"] = map[string]any{
			"policy": d.policy(), "policies": map[string]any{"type": "array", "items": ref("policy")}, "approvals": d.field("Policies", "approvals"),
			"parts": map[string]any{"type": "array", "items": ref("policy"), "minItems": 1, "maxItems": largestGate},
		}
	}
	return out
}

var formatRow = regexp.MustCompile("^\\| `([^`]+)` \\| (.*?) \\|(.*)\\|$")

// formatRows reads the tables of FORMAT.md by heading and field.
func formatRows() map[string]described {
	out := map[string]described{}
	heading := ""
	for line := range strings.Lines(formatPage) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "## "); ok {
			heading = name
		}
		if m := formatRow.FindStringSubmatch(line); m != nil {
			out[heading+": "+m[1]] = described{kind: m[2], text: strings.TrimSpace(m[3])}
		}
	}
	return out
}

type jsonDescriber struct{ rows map[string]described }

func ref(name string) map[string]any { return map[string]any{"$ref": "#/$defs/" + name} }

// object is a map of a file; path is as FORMAT.md writes it.
func (d jsonDescriber) object(file, path string) map[string]any {
	i := slices.IndexFunc(shapes[:], func(s shape) bool { return s.file == file && s.path == path })
	if i < 0 {
		return nil
	}
	s := shapes[i]
	properties := map[string]any{}
	for _, name := range s.fields() {
		properties[name] = d.field(file, join(path, name))
	}
	out := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if s.open != "" {
		out["additionalProperties"] = settingForm
	}
	if len(s.required) > 0 {
		out["required"] = s.required
	}
	maps.Copy(out, jsonDemands[file+": "+path])
	return out
}

// policy is one of those that a gate may name.
func (d jsonDescriber) policy() map[string]any {
	properties := map[string]any{}
	for _, name := range PolicyNames {
		properties[name] = d.field("Policies", name)
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1, "maxProperties": 1}
}

// field is what FORMAT.md says of a field: its own map where it has one, and whatever else it may be.
func (d jsonDescriber) field(file, path string) map[string]any {
	row := d.rows[file+": "+path]
	var forms []any
	if o := d.object(file, path); o != nil {
		forms = append(forms, o)
	}
	if o := d.object(file, path+".NAME"); o != nil {
		forms = append(forms, map[string]any{"type": "object", "additionalProperties": map[string]any{"anyOf": []any{o, map[string]any{"type": "null"}}}})
	}
	if o := d.object(file, path+"[]"); o != nil {
		list := map[string]any{"type": "array", "items": o}
		if slices.Contains(jsonLeast, file+": "+path) {
			list["minItems"] = 1
		}
		forms = append(forms, list)
	}
	if narrow := jsonRefined[file+": "+path]; narrow != nil {
		forms = append(forms, narrow...)
	} else if kind, _, _ := strings.Cut(row.kind, ";"); len(forms) == 0 || strings.Contains(kind, " or ") || strings.Contains(row.kind, "as `approvals`") || strings.Contains(row.kind, "as the policy") {
		forms = append(forms, d.forms(row.kind, len(forms) > 0)...)
	}
	out := map[string]any{"description": row.text}
	if row.text == "" {
		delete(out, "description")
	}
	if len(forms) == 1 {
		for k, v := range forms[0].(map[string]any) {
			out[k] = v
		}
		return out
	}
	out["anyOf"] = forms
	return out
}

var (
	backticked  = regexp.MustCompile("`([^`]+)`")
	wholeNumber = regexp.MustCompile(`^([0-9,]+) to ([0-9,]+)`)
)

// forms reads the column "type, default" of a table. More is left out where the map of the field is described already.
func (d jsonDescriber) forms(kind string, more bool) []any {
	kind, _, _ = strings.Cut(kind, ";")
	kind = strings.TrimSuffix(strings.TrimSpace(kind), ", required")
	text := map[string]any{"type": "string"}
	list := map[string]any{"type": "array", "items": text}
	switch m := wholeNumber.FindStringSubmatch(kind); {
	case m != nil:
		return []any{map[string]any{"type": "integer", "minimum": digits(m[1]), "maximum": digits(m[2])}}
	case strings.HasPrefix(kind, "true or false"):
		return []any{map[string]any{"type": "boolean"}}
	case strings.HasPrefix(kind, "list of policies"):
		return []any{ref("policies")}
	case more && strings.Contains(kind, "or a list"):
		return []any{text}
	case strings.HasPrefix(kind, "as `approvals`"), strings.HasPrefix(kind, "as the policy `approvals`"):
		return []any{d.field("Policies", "approvals")}
	case kind == "`1`":
		return []any{map[string]any{"const": 1}}
	case strings.HasPrefix(kind, "`") && !strings.Contains(kind, "or a list"):
		var words []any
		for _, w := range backticked.FindAllStringSubmatch(kind, -1) {
			words = append(words, w[1])
		}
		return []any{map[string]any{"enum": words}}
	case strings.HasPrefix(kind, "number"):
		return []any{map[string]any{"type": "integer"}}
	case strings.Contains(kind, "or list"), strings.Contains(kind, "or a list"):
		return []any{text, list}
	case strings.HasPrefix(kind, "list of lists"):
		return []any{map[string]any{"type": "array", "items": list}}
	case strings.HasPrefix(kind, "list"), strings.HasPrefix(kind, "as `critical.fields`"):
		return []any{list}
	case strings.HasPrefix(kind, "map") && !more:
		return []any{map[string]any{"type": "object"}}
	case strings.Contains(kind, "or a map"), strings.HasPrefix(kind, "path, or"):
		forms := []any{text}
		if !more {
			forms = append(forms, map[string]any{"type": "object"})
		}
		return forms
	case strings.HasPrefix(kind, "as `freeze."):
		return []any{text, list}
	case strings.HasPrefix(kind, "as `before`"):
		return []any{map[string]any{"type": "object"}}
	}
	return []any{text}
}

func digits(s string) int {
	n, _ := strconv.Atoi(strings.ReplaceAll(s, ",", "")) // the pattern lets only digits through
	return n
}
