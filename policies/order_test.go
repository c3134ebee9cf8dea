package policies_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTheOrderOfAGateChangesNothing asks policies that read the same files one before the other, and the other way round: what one of
// them makes of a file is nothing that the next one reads.
func TestTheOrderOfAGateChangesNothing(t *testing.T) {
	reads := schema.PolicySpec{Name: "expression", Value: `files["app.yaml"].n > 0.0 && files["app.yaml"].deep.list.size() == 2 && was["app.yaml"].n > 0.0`}
	others := []schema.PolicySpec{
		{Name: "tags", Value: map[string]any{"app.yaml": map[string]any{"n": "required,integer,min=1", "exact": "max=20"}}},
		{Name: "critical", Value: map[string]any{"fields": []any{"app.yaml#n", "app.yaml#exact"}}},
		{Name: "breaker", Value: map[string]any{"fields": []any{"app.yaml#n"}}},
		{Name: "secrets", Value: map[string]any{}},
	}
	ask := func(f policies.Facts, name string, specs ...schema.PolicySpec) schema.Verdict {
		gate, err := policies.ForGate(schema.Gates{Promote: specs}, schema.Promote)
		if err != nil {
			t.Fatal(err)
		}
		v := gate.Evaluate(f)
		i := slices.IndexFunc(v.Parts, func(part schema.Verdict) bool { return part.Policy == name })
		if i < 0 {
			t.Fatalf("no verdict of %s in %+v", name, v)
		}
		return v.Parts[i]
	}
	for _, r := range []struct{ was, is string }{
		{"n: 2", "n: 3"},
		{"n: 1", "n: 1.0"},
		{"n: 3\nexact: 20", "n: 3\nexact: 20.00000000000000000001"},
		{"n: 1234567890123456789", "n: 1234567890123456788"},
		{"n: 12345678901234567890", "n: 12345678901234567891"},
	} {
		more := "\ndeep: {list: [1, 2.50]}\n"
		f := promotion()
		compares(t, tree{"app.yaml": r.was + more}, tree{"app.yaml": r.is + more}, 2, 8)(&f)
		for _, other := range others {
			alone := ask(f, other.Name, other)
			if d := cmp.Diff(alone, ask(f, other.Name, reads, other)); d != "" {
				t.Errorf("%q -> %q: %s behind an expression (-alone +behind it):\n%s", r.was, r.is, other.Name, d)
			}
			if d := cmp.Diff(alone, ask(f, other.Name, other, reads)); d != "" {
				t.Errorf("%q -> %q: %s before an expression (-alone +before it):\n%s", r.was, r.is, other.Name, d)
			}
		}
	}
}
