package policies_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/policies"
)

func TestSchemaFault(t *testing.T) {
	const dir = ".sluice/schemas/"
	for _, row := range []struct{ sentence, text, at, why string }{
		{"a good one", `{"type": "object", "properties": {"a": {"$ref": "b.json"}}}`, "", ""},
		{"no JSON", "{\n", dir + "a.json:1:2", "not valid JSON: unexpected end of JSON input"},
		{"a type that there is not", "{\n \"properties\": {\n  \"a\": {\"type\": \"strin\"}}}\n", dir + "a.json:3:17", "at /properties/a/type: value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'"},
		{"a bound that is text", "{\"properties\": {\"a/b\": {\"maximum\": \"5\"}}}\n", dir + "a.json:1:36", "at /properties/a~1b/maximum: got string, want number"},
		{"a schema elsewhere", `{"$ref":"https://example.com/x.json"}`, dir + "a.json:1:9", "it refers to https://example.com/x.json, and nothing outside of .sluice/schemas is read"},
		{"a schema that is not there", "{\"properties\":\n {\"a\": {\"$ref\": \"c.json\"}}}", dir + "a.json:2:17", "it refers to .sluice/schemas/c.json, which is not there"},
		{"a place that is not there", `{"$ref": "#/$defs/x"}`, dir + "a.json:1:10", "it refers to .sluice/schemas/a.json#/$defs/x, where there is nothing"},
		{"a list in its place", `[1]`, dir + "a.json:1:2", "at the top: got array, want boolean or object"},
		{"an expression with a look ahead", "{\"properties\": {\"a\": {\"pattern\": \"(?=x)\"}}}", dir + "a.json:1:34", "at /properties/a/pattern: '(?=x)' is not valid regex: error parsing regexp: invalid or unsupported Perl syntax: `(?=`"},
	} {
		at, why := policies.SchemaFault(dir+"a.json", map[string][]byte{dir + "a.json": []byte(row.text), dir + "b.json": []byte(`{"type": "string"}`)})
		if at.String() != row.at || why != row.why {
			t.Errorf("%s: got %s %s\nwant %s %s", row.sentence, at, why, row.at, row.why)
		}
	}
}
