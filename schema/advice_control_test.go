package schema_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

func TestAdviceOnKeywords(t *testing.T) {
	for _, row := range []struct{ sentence, text, want string }{
		{"keywords alone", `{"$schema": "x", "type": "object", "properties": {"a": {"minimum": 1}}, "required": ["a"]}`, ""},
		{"one at the top", `{"requried": ["a"]}`, `1:2 requried did you mean "required"?`},
		{"one that is like none", `{"nullable": true}`, `1:2 nullable `},
		{"in a property", `{"properties": {"a": {"minimun": 1}}}`, `1:23 minimun did you mean "minimum"?`},
		{"in items, in a list, in $defs", `{"items": {"propertes": {}}, "allOf": [{"typ": 1}], "$defs": {"x": {"patern": ""}}}`, `1:12 propertes did you mean "properties"?; 1:41 typ did you mean "type"?; 1:69 patern did you mean "pattern"?`},
		{"names of properties", `{"properties": {"requried": {}}, "patternProperties": {"typ": {}}, "$defs": {"propertes": {}}, "dependentRequired": {"typ": ["a"]}}`, ""},
		{"values", `{"default": {"typ": 1}, "examples": [{"typ": 1}], "enum": [{"typ": 1}], "const": {"typ": 1}}`, ""},
		{"annotations", `{"x-owner": {"typ": 1}, "properties": {"a": {"x-typ": 1}}}`, ""},
		{"where references lead", `{"shared": {"a": {}}, "$ref": "#/shared/a"}`, ""},
		{"true and false", `{"additionalProperties": false, "items": true}`, ""},
		{"what is no JSON", `{`, ""},
	} {
		if got := advised(schema.AdviceOnKeywords(".sluice/schemas/app.json", []byte(row.text)), "schema-keyword", " is no keyword"); got != row.want {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.want)
		}
	}
}

func TestAdviceOnNamesThatStandTwice(t *testing.T) {
	for _, row := range []struct{ sentence, text, want string }{
		{"each once", "- a\n- b/*\n- b\n", ""},
		{"two of three", "- a\n- b\n- a\n- a\n", "3:3 a ; 4:3 a "},
		{"what is no list", "a: 1\n", ""},
		{"other things", "- 1\n- 1\n", ""},
	} {
		if got := advised(schema.AdviceOnTwice(".sluice/lists/live.yaml", []byte(row.text)), "listed-twice", " stands"); got != row.want {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.want)
		}
	}
}

// advised are the places of findings of a code, what each is about and its hint.
func advised(found schema.Diagnostics, code schema.Code, rest string) string {
	var out []string
	for _, d := range found {
		about, _, _ := strings.Cut(d.Message, rest)
		if d.Code != code {
			about = string(d.Code)
		}
		_, at, _ := strings.Cut(d.Position.String(), ":")
		out = append(out, at+" "+strings.Trim(about, `"`)+" "+d.Hint)
	}
	return strings.Join(out, "; ")
}
