package schema_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// shopFiles are what an app of the tests has.
var shopFiles = map[string]string{
	"app.yaml": "limits: {max: 5}\nreplicas: 3\nspring.port: 80\n", "limits.yaml": "max: 5\n", "conf/db.json": `{"host": "a"}`, "broken.yaml": "a: [",
	"run.sh": "true\n",
}

func presentShop() schema.Present {
	present := schema.Present{Apps: []schema.App{"shop", "payments/ledger"}}
	for file := range shopFiles {
		present.Files = append(present.Files, file)
	}
	present.Leaves = func(file string) ([]string, bool) {
		leaves, found := schema.Flatten(file, []byte(shopFiles[file]))
		var out []string
		for pointer := range leaves {
			out = append(out, pointer)
		}
		return out, leaves != nil && len(found) == 0
	}
	return present
}

func TestAdviceOnNames(t *testing.T) {
	gate := func(policy string) string {
		return "version: 1\nstages:\n- name: production\n  gates:\n    promote:\n    - " + policy + "\n"
	}
	for _, row := range []struct{ sentence, project, want string }{
		{"nothing named", "version: 1\n", ""},
		{"names of what there is", gate("critical: {fields: ['limits.yaml#max', app.yaml, 'app.yaml#LIMITS.max', 'app.yaml#spring\\.port', 'conf/*.json#host']}"), ""},
		{"a field of a file that there is not", gate("critical: {fields: ['limit.yaml#max']}"), `6:27 limit.yaml#max file did you mean "limits.yaml#max"?`},
		{"a key that there is not", gate("critical: {fields: ['limits.yaml#mx']}"), `6:27 limits.yaml#mx value did you mean "limits.yaml#max"?`},
		{"a key whose file was forgotten", gate("critical: {fields: [limits.max]}"), `6:27 limits.max file did you mean "app.yaml#limits.max"?`},
		{"a key in a file that cannot be read", gate("critical: {fields: ['broken.yaml#a', '*.yaml#nowhere']}"), ""},
		{"a key in a file that has no keys", gate("critical: {fields: ['run.sh#a']}"), ""},
		{"a breaker's fields", gate("breaker: {fields: [lmits.yaml], sets: ['app.yaml#nothing.like.it']}"), "6:26 lmits.yaml file did you mean \"limits.yaml\"?\n6:46 app.yaml#nothing.like.it value "},
		{"paths of approvals", gate("approvals: {observed: 1, paths: ['*.json', limits.yml, 'db/**']}"), "6:50 limits.yml file did you mean \"limits.yaml\"?\n6:62 db/** file "},
		{"an exception for a secret", gate("secrets: {allow: ['app.yml#tokenName', '**']}"), `6:25 app.yml#tokenName file did you mean "app.yaml"?`},
		{"patterns of schemas", gate("schema: {ap.yaml: a.json, '**': b.json}"), `6:16 ap.yaml file did you mean "app.yaml"?`},
		{"a rule for a value that may be missing", gate("tags: {app.yaml: {zone: alpha, '*.max': number, 'limits.*': number}}"), ""},
		{"one that is misspelt", gate("tags: {app.yaml: {replcas: number}}"), `6:25 replcas value did you mean "replicas"?`},
		{"in a when in an any", gate("any: [{when: {apps: [shpo, 'payments/*'], files: [x.yaml], then: [{approvals: {observed: 1, paths: [y.yaml]}}]}}, {at_least: {n: 1, of: [{critical: {fields: [z.yaml]}}]}}]"),
			"6:28 shpo app did you mean \"shop\"?\n6:57 x.yaml file \n6:107 y.yaml file \n6:165 z.yaml file "},
		{"apps", "version: 1\napps:\n  patterns: [shop, 'payment/*']\n  about:\n  - {match: sop, owner: a}\n", "3:20 payment/* app \n5:13 sop app did you mean \"shop\"?"},
		{"a stage's own file that is not there", "version: 1\nstage_local: [local.yaml]\n", ""},
		{"one that is misspelt", "version: 1\nstage_local: [limit.yaml]\n", `2:15 limit.yaml file did you mean "limits.yaml"?`},
	} {
		if _, found := schema.LoadProject("sluice.yaml", []byte(row.project)); len(found) > 0 {
			t.Errorf("%s: %v", row.sentence, found)
		}
		if got := namesOf(schema.AdviceOnNames("sluice.yaml", []byte(row.project), presentShop())); got != row.want {
			t.Errorf("%s: got\n%s\nwant\n%s", row.sentence, got, row.want)
		}
		if got := schema.AdviceOnNames("sluice.yaml", []byte(row.project), schema.Present{}); got != nil {
			t.Errorf("%s, before there is an app: got %v", row.sentence, got)
		}
	}
}

// namesOf is each finding as place, name, what is missing, and the hint.
func namesOf(found schema.Diagnostics) string {
	var out []string
	for _, d := range found {
		_, text, _ := strings.Cut(d.Message, ` "`)
		name, what, _ := strings.Cut(text, `" names no `)
		what, _, _ = strings.Cut(what, " ")
		_, where, _ := strings.Cut(d.Position.String(), ":")
		out = append(out, strings.Join([]string{where, name, what, d.Hint}, " "))
	}
	return strings.Join(out, "\n")
}

func TestAdviceOnNamesElsewhere(t *testing.T) {
	list := schema.AdviceOnList(".sluice/lists/live.yaml", []byte("- shop\n- payments/*\n- shp\n"), presentShop())
	if got := namesOf(list); got != `3:3 shp app did you mean "shop"?` {
		t.Errorf("a list: got %s", got)
	}
	people := schema.AdviceOnRoles("principals.yaml", []byte("principals:\n  ann: {roles: [author, {role: 'approver:production', apps: [shop, payment/ledger]}]}\n"), presentShop())
	if got := namesOf(people); got != `2:68 payment/ledger app did you mean "payments/ledger"?` {
		t.Errorf("roles: got %s", got)
	}
}

func TestAdviceOnSecrets(t *testing.T) {
	for _, row := range []struct {
		allow string
		off   bool
	}{
		{"['**']", true}, {"['*']", true}, {"['**#*']", true}, {"['*.yaml', '*']", true}, {"['**/*']", true},
		{"[]", false}, {"['*.yaml']", false}, {"['**#tokenName']", false}, {"['app.yaml#*']", false},
	} {
		p := loaded(t, "version: 1\nstages: [{name: dev}, {name: prod, gates: {promote: [{approvals: 1}, {any: [{secrets: {allow: "+row.allow+"}}, {soak: 1h}]}]}}]\n")
		found := p.AdviceOnGates(schema.DefaultCaseTime, nil)
		if off := len(found) == 1 && found[0].Code == "secrets-off" && found[0].Position.Line == 2; off != row.off || !off && len(found) > 0 {
			t.Errorf("%s: got %v", row.allow, found)
		}
	}
}

func TestAppsInsideApps(t *testing.T) {
	for _, patterns := range []string{"[pay, 'shop/*']", "['p*', '*/eu']", "['**/pay']", "['*/pay', shop]"} { // the refused ones are rows elsewhere
		if _, found := schema.LoadProject("sluice.yaml", []byte("version: 1\napps: {patterns: "+patterns+"}\n")); len(found) > 0 {
			t.Errorf("%s: got %v", patterns, found)
		}
	}
	rule := schema.AppsRule{Patterns: schema.Patterns{"p*", "*/eu"}}
	if inner, ok := rule.Inside("pay", "eu"); !ok || inner != "pay/eu" {
		t.Errorf("got %s, %t", inner, ok)
	}
	if _, ok := rule.Inside("pay", "us"); ok {
		t.Error("a directory that no pattern matches is an app")
	}
	if _, ok := (schema.AppsRule{Depth: 1}).Inside("pay", "eu"); ok {
		t.Error("by depth an app lies inside another")
	}
}

func TestAdviceOnWhatIsAlwaysMet(t *testing.T) {
	for _, row := range []struct{ gate, want string }{
		{"expression: 'true'", "expression holds nothing in prod: it is true, whatever the change is"},
		{"expression: stage == \"prod\"", "expression holds nothing in prod: it asks for the stage prod, which is the one of this gate"},
		{"any: [{soak: 1h}, {approvals: 0}]", "any holds nothing in prod: in its approvals, it asks for nobody"},
		{"at_least: {n: 2, of: [{soak: 1h}, {approvals: 0}, {expression: 'true'}]}", "at_least holds nothing in prod: in its expression, it is true, whatever the change is"},
		{"when: {kinds: [promote], then: [{expression: 'true'}]}", "when holds nothing in prod: it is true, whatever the change is"},
		{"window: {zone: UTC, weekly: Mon-Sun}", "window holds nothing in prod: it is open every hour of the week"},
		{"at_least: {n: 2, of: [{soak: 1h}, {approvals: 0}, {secrets: {}}]}", ""},
		{"all: [{soak: 1h}, {expression: 'true'}]", ""},
		{"when: {kinds: [promote], then: [{expression: 'true'}, {soak: 1h}]}", ""},
		{"expression: stage == \"prod\" && size(files) < 5", ""},
	} {
		p := loaded(t, "version: 1\nstages: [{name: dev}, {name: prod, gates: {promote: [{approvals: 1}, {"+row.gate+"}]}}]\n")
		got := ""
		for _, d := range p.AdviceOnGates(schema.DefaultCaseTime, nil) {
			if d.Code == "always-met" {
				got = d.Message
			}
		}
		if got != row.want {
			t.Errorf("%s: got %q, want %q", row.gate, got, row.want)
		}
	}
}
