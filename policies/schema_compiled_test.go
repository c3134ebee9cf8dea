package policies_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// TestASchemaIsKeptForItsOwnBytesAlone: one gate judges by the facts of each decision, whatever it compiled before, in either order.
func TestASchemaIsKeptForItsOwnBytesAlone(t *testing.T) {
	p, err := policies.New(schema.PolicySpec{Name: "schema", Value: map[string]any{"app.yaml": "app.json"}})
	if err != nil {
		t.Fatal(err)
	}
	const main, part = ".sluice/schemas/app.json", ".sluice/schemas/part.json"
	refers := []byte(`{"$ref": "part.json"}`)
	for i, row := range []struct {
		schemas map[string][]byte
		want    schema.Outcome
	}{
		{map[string][]byte{main: refers, part: []byte(`{"properties": {"replicas": {"maximum": 5}}}`)}, schema.Allow},
		{map[string][]byte{main: refers, part: []byte(`{"properties": {"replicas": {"maximum": 2}}}`)}, schema.Deny},
		{map[string][]byte{main: refers}, schema.Hold},
		{map[string][]byte{main: []byte(`{}`)}, schema.Allow},
		{map[string][]byte{main: []byte(`{"type": "array"}`)}, schema.Deny},
		{map[string][]byte{}, schema.Hold},
		{map[string][]byte{main: refers, part: []byte(`{"properties": {"replicas": {"maximum": 5}}}`)}, schema.Allow},
	} {
		f := promotion()
		f.Files, f.Schemas = map[string][]byte{"app.yaml": []byte("replicas: 3\n")}, row.schemas
		for range 2 {
			if v := p.Evaluate(f); v.Outcome != row.want {
				t.Errorf("%d: %s %v, want %s", i, v.Outcome, codes(v), row.want)
			}
		}
	}
}
