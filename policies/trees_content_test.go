package policies_test

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// contentTrees are those of policies about what the files hold.
func contentTrees(t *testing.T) []shown {
	limits, large := gatePolicy(t, "limits", map[string]any{}), gatePolicy(t, "limits", map[string]any{"file": 5, "large": 1})
	few := gatePolicy(t, "limits", map[string]any{"apps": 5})
	critical := gatePolicy(t, "critical", map[string]any{"fields": []string{"limits.yaml#max"}})
	fields := map[string]any{"fields": []string{"limits.yaml#max"}}
	breaker, risk := gatePolicy(t, "breaker", fields), gatePolicy(t, "breaker", map[string]any{"fields": fields["fields"], "risk": 70})
	tags := gatePolicy(t, "tags", map[string]any{"app.yaml": map[string]any{"replicas": "required,max=20", "team": "omitempty,whitelist=teams"}})
	list, form, secrets := gatePolicy(t, "whitelist", "gray"), gatePolicy(t, "schema", "app.json"), gatePolicy(t, "secrets", map[string]any{})
	that := expression(t, `files["limits.yaml"].max <= 10`)
	denies := gatePolicy(t, "expression", map[string]any{"that": "kind == 'edit'", "says": "only edits", "otherwise": "deny"})
	five, six, far := tree{"limits.yaml": "max: 5\n"}, tree{"limits.yaml": "max: 6\n"}, tree{"limits.yaml": "max: 60\n"}
	unknown := func(change func(*policies.Facts)) func(*policies.Facts) {
		return func(f *policies.Facts) { change(f); f.Before, f.Was = nil, nil }
	}
	data := func(yaml, rules string) func(*policies.Facts) {
		return func(f *policies.Facts) {
			has(map[string]string{"app.yaml": yaml}, nil)(f)
			if rules != "" {
				f.Schemas[".sluice/schemas/app.json"] = []byte(rules)
			}
		}
	}
	lists := func(app, list string) func(*policies.Facts) {
		return has(map[string]string{"app.yaml": app}, map[string]string{"teams": list, "gray": list})
	}
	none := func(f *policies.Facts) { *f = policies.Facts{} }
	return []shown{
		{"limits", "allow", "a small change", limits, turns(t, five, six)},
		{"limits", "hold", "a file that is too large, and nobody approved that", large, turns(t, five, far)},
		{"limits", "hold", "most files go", limits, turns(t, many(4, "v: "), many(1, "v: "))},
		{"limits", "hold", "the merge request changes many apps", few, counts(12, turns(t, five, six))},
		{"limits", "missing", "nobody counted the apps", few, turns(t, five, six)},
		{"limits", "missing", "what the files were is not known", limits, unknown(turns(t, five, six))},

		{"critical", "allow", "something else changes", critical, compares(t, five, tree{"limits.yaml": "max: 5\nmin: 1\n"})},
		{"critical", "hold", "the field changes", critical, compares(t, five, six)},
		{"critical", "missing", "what it was is not known", critical, unknown(compares(t, five, six))},

		{"breaker", "allow", "nothing critical changes, and going back works", breaker, goes(t, five, tree{"limits.yaml": "max: 5.0\n"}, nil, worked(day))},
		{"breaker", "hold", "the field changes", breaker, goes(t, five, six, nil, worked(day))},
		{"breaker", "hold", "going back does not work", breaker, goes(t, five, tree{"limits.yaml": "max: 5\nmin: 1\n"}, nil, left(day))},
		{"breaker", "hold", "the risk is high", risk, goes(t, five, six, nil, left(day))},
		{"breaker", "missing", "the rollbacks are not known", breaker, func(f *policies.Facts) { goes(t, five, six, nil)(f); f.Rollbacks = nil }},
		{"breaker", "missing", "two clocks differ", breaker, func(f *policies.Facts) {
			goes(t, five, six, nil, left(day))(f)
			f.ClockSkew = time.Hour
		}},

		{"tags", "allow", "as its rule says", tags, lists("replicas: 3\nteam: core\n", "[core]\n")},
		{"tags", "deny", "past its limit, and not listed", tags, lists("replicas: 30\nteam: ops\n", "[core]\n")},
		{"tags", "deny", "the file does not parse", tags, lists("replicas: [\n", "[core]\n")},
		{"tags", "hold", "the list is not one", tags, lists("replicas: 3\nteam: core\n", "core\n")},
		{"tags", "missing", "the list is not there", tags, has(map[string]string{"app.yaml": "replicas: 3\nteam: core\n"}, nil)},
		{"tags", "missing", "the files are not known", tags, func(f *policies.Facts) { f.Files = nil }},

		{"expression", "allow", "it is true", that, compares(t, five, six)},
		{"expression", "hold", "it is not", that, compares(t, five, far)},
		{"expression", "hold", "it asks for what is not there", that, compares(t, five, tree{"limits.yaml": "min: 1\n"})},
		{"expression", "deny", "it is not, and another change is wanted", denies, compares(t, five, six)},
		{"expression", "missing", "the files are not known", that, none},

		{"whitelist", "allow", "the list names the app", list, lists("", "- pay*\n")},
		{"whitelist", "deny", "it names others", list, lists("", "- search\n")},
		{"whitelist", "hold", "it is no list", list, lists("", "search\n")},
		{"whitelist", "missing", "there is none", list, none},

		{"schema", "allow", "the file satisfies it", form, data("limit: 5\n", `{"properties":{"limit":{"maximum":10}}}`)},
		{"schema", "deny", "a number over its limit", form, data("limit: 50\n", `{"properties":{"limit":{"maximum":10}}}`)},
		{"schema", "hold", "it does not compile", form, data("limit: 5\n", `{"type":"nothing"}`)},
		{"schema", "missing", "it is not in force", form, data("limit: 5\n", "")},

		{"secrets", "allow", "plain configuration", secrets, turns(t, five, six)},
		{"secrets", "deny", "a token in plain text", secrets, turns(t, nil, tree{"app.yaml": "note: " + gitlabToken + "\n"})},
		{"secrets", "missing", "a file is not known", secrets, func(f *policies.Facts) { turns(t, nil, five)(f); f.Files = nil }},
	}
}

// composedTrees are those of policies that ask others.
func composedTrees(t *testing.T) []shown {
	lists := has(nil, map[string]string{"gray": "- search\n"})
	then := func(with ...func(*policies.Facts)) func(*policies.Facts) {
		return func(f *policies.Facts) {
			for _, change := range with {
				change(f)
			}
		}
	}
	all, anyOf := gatePolicy(t, "all", list("soak", "12h", "approvals", 1)), gatePolicy(t, "any", list("soak", "48h", "approvals", 2))
	peopled := gatePolicy(t, "at_least", map[string]any{"n": 2, "of": list("soak", "96h", "approvals", 1, "approvals", map[string]any{"observed": 1, "roles": []string{"release"}})})
	some := gatePolicy(t, "at_least", map[string]any{"n": 2, "of": list("soak", "12h", "approvals", 1, "soak", "96h")})
	listed := func(name string, value any) policies.Policy { return gatePolicy(t, name, value) }
	when := gatePolicy(t, "when", map[string]any{"files": []string{"limits.yaml"}, "then": list("approvals", 2)})
	whenListed := gatePolicy(t, "when", map[string]any{"apps": []string{"pay*"}, "then": list("whitelist", "gray")})
	small, touched := turns(t, tree{"a": "1\n"}, tree{"a": "2\n"}), turns(t, nil, tree{"limits.yaml": "1\n"})
	unknown := func(f *policies.Facts) { f.Now = noon; f.Change.Source, f.Approvals, f.MergeRequest = nil, nil, nil }
	return []shown{
		{"all", "allow", "each allows", all, approvedBy(2)},
		{"all", "hold", "one waits", all, nil},
		{"all", "deny", "one denies", listed("all", list("soak", "12h", "whitelist", "gray")), lists},
		{"all", "missing", "nothing is known", all, unknown},

		{"any", "allow", "one is enough", anyOf, approvedBy(2, 3)},
		{"any", "hold", "none allows, and time alone would do", anyOf, approvedBy(2)},
		{"any", "hold", "a way that asks nothing of the change", anyOf, func(f *policies.Facts) { f.Change.Kind, f.Change.Source = schema.Edit, nil }},
		{"any", "deny", "each denies", listed("any", list("whitelist", "gray", "whitelist", "gray")), lists},
		{"any", "missing", "nothing is known", anyOf, unknown},

		{"at_least", "allow", "two of three", some, approvedBy(2)},
		{"at_least", "hold", "one of three", some, nil},
		{"at_least", "hold", "one person in two of three", peopled, both(approvedBy(2), "bob")},
		{"at_least", "allow", "two people in two of three", peopled, both(approvedBy(2, 3), "bob")},
		{"at_least", "deny", "too few are left", listed("at_least", map[string]any{"n": 2, "of": list("soak", "12h", "whitelist", "gray", "whitelist", "gray")}), lists},
		{"at_least", "missing", "nothing is known", some, unknown},

		{"when", "allow", "the change is none of those", when, small},
		{"when", "allow", "it is, and people approved", when, func(f *policies.Facts) { touched(f); f.Approvals = toAll(f, 2, 3) }},
		{"when", "hold", "it is, and nobody did", when, touched},
		{"when", "deny", "it is, and what is asked denies", whenListed, then(small, lists)},
		{"when", "missing", "nobody says which files change", when, func(f *policies.Facts) { small(f); f.Before = nil }},
	}
}
