package policies_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// compares makes the change one from files to others, with what the first ones were.
func compares(t testing.TB, before, after tree, approvers ...int64) func(*policies.Facts) {
	return func(f *policies.Facts) {
		turns(t, before, after)(f)
		f.Was = map[string][]byte{}
		for path, data := range before {
			f.Was[path] = []byte(data)
		}
		f.Approvals = toAll(f, approvers...)
	}
}

func TestCritical(t *testing.T) {
	p := gatePolicy(t, "critical", map[string]any{"fields": []string{"limits.yaml#max*", "*.yaml#db.*.host", "secret/**"}})
	signedToo := gatePolicy(t, "critical", map[string]any{"fields": []string{"limits.yaml#max"}, "confirm": map[string]any{"signed": 1, "roles": []string{"release"}}})
	dotted := gatePolicy(t, "critical", map[string]any{"fields": []string{`app.yaml#spring\.m*`}})
	base := tree{"limits.yaml": "max: 5\nmin: 1\n", "app.yaml": "db: {a: {host: x, port: 1}}\n"}
	with := func(path, data string) tree {
		out := tree{}
		for name, text := range base {
			out[name] = text
		}
		out[path] = data
		return out
	}
	one, two := []schema.Code{"critical-field", "approvals-missing"}, []schema.Code{"critical-field", "critical-field", "approvals-missing"}
	missing := []schema.Code{"evidence-missing"}
	for _, r := range []row{
		{"nothing critical changes", p, compares(t, base, with("limits.yaml", "max: 5\nmin: 2\n")), schema.Allow, nil},
		{"comments and order are no change", p, compares(t, base, with("limits.yaml", "min: 1 # low\nmax: 5\n")), schema.Allow, nil},
		{"a critical value changes", p, compares(t, base, with("limits.yaml", "max: 6\nmin: 1\n")), schema.Hold, one},
		{"somebody with the role confirms", p, compares(t, base, with("limits.yaml", "max: 6\nmin: 1\n"), 8), schema.Allow, nil},
		{"somebody without it does not", p, compares(t, base, with("limits.yaml", "max: 6\nmin: 1\n"), 2, 3), schema.Hold, append(one[:2:2], "approver-ineligible", "approver-ineligible")},
		{"a signature is asked for", signedToo, compares(t, base, with("limits.yaml", "max: 6\nmin: 1\n"), 8), schema.Hold, []schema.Code{"critical-field", "signed-approvals-missing"}},
		{"a value written otherwise", p, compares(t, base, with("limits.yaml", "max: 5.0\nmin: 1\n")), schema.Hold, one},
		{"a value becomes text", p, compares(t, base, with("limits.yaml", "max: \"5\"\nmin: 1\n")), schema.Hold, one},
		{"a value below a pattern", p, compares(t, base, with("app.yaml", "db: {a: {host: y, port: 1}}\n")), schema.Hold, one},
		{"its neighbour", p, compares(t, base, with("app.yaml", "db: {a: {host: x, port: 2}}\n")), schema.Allow, nil},
		{"a field is added", p, compares(t, base, with("limits.yaml", "max: 5\nmaxTransfer: 1\nmin: 1\n")), schema.Hold, one},
		{"a field is added that differs by a capital", p, compares(t, base, with("limits.yaml", "max: 5\nMaxT: 1\nmin: 1\n")), schema.Hold, one},
		{"a name with a dot", dotted, compares(t, base, with("app.yaml", "spring.max: 1\ndb: {a: {host: x, port: 1}}\n")), schema.Hold, one},
		{"the same names one below the other", dotted, compares(t, base, with("app.yaml", "spring: {max: 1}\ndb: {a: {host: x, port: 1}}\n")), schema.Allow, nil},
		{"what lies below a field is added", p, compares(t, base, with("limits.yaml", "max: {a: 1}\nmin: 1\n")), schema.Hold, two},
		{"a field is removed", p, compares(t, base, with("limits.yaml", "min: 1\n")), schema.Hold, one},
		{"its file is removed", p, compares(t, base, tree{"app.yaml": base["app.yaml"]}), schema.Hold, one},
		{"a file whose whole is critical", p, compares(t, base, with("secret/key.pem", "x\n")), schema.Hold, one},
		{"a file that cannot be read any more", p, compares(t, base, with("limits.yaml", "max: [\n")), schema.Hold, two},
		{"the first files of an app", p, compares(t, nil, base), schema.Hold, two},
		{"nobody says what the files were", p, func(f *policies.Facts) {
			compares(t, base, with("limits.yaml", "max: 6\n"), 8)(f)
			f.Was = nil
		}, schema.Hold, missing},
		{"the files are not those that were admitted", p, func(f *policies.Facts) {
			compares(t, base, with("limits.yaml", "max: 6\nmin: 1\n"))(f)
			f.Was["limits.yaml"] = []byte("max: 6\nmin: 1\n")
		}, schema.Hold, missing},
		{"no facts", p, func(f *policies.Facts) { *f = policies.Facts{} }, schema.Hold, missing},
		{"the zero policy lets nothing through", policies.Critical{}, compares(t, base, base), schema.Deny, []schema.Code{"nothing-judged"}},
	} {
		r.run(t)
	}
}

func TestCriticalNamesAFewFieldsOfMany(t *testing.T) {
	f := promotion()
	compares(t, nil, tree{"a.yaml": "k: [" + strings.Repeat("1, ", 1000) + "1]\n"})(&f)
	v := gatePolicy(t, "critical", map[string]any{"fields": []string{"a.yaml#k"}}).Evaluate(f)
	if n := len(v.Missing()); n != 11 {
		t.Errorf("%d nodes, want 10 fields and the approval", n)
	}
}
