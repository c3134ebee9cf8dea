package policies_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// moreThanShape are the rows that only a reader can refuse, by why.
var moreThanShape = map[string][]string{
	"several places of the file": {
		"a branch in the directory layout", "a stage after itself", "the first after another", "a stage that nothing leads to", "one place for two, by case",
		"apps inside of others", "apps inside of all others", "apps inside of others at any depth", "apps inside of others that begin alike",
		"soak before the first stage", "soak inside before the first stage", "health before the first stage", "health of a stage that does not lead here",
		"a breaker that keeps from going back", "all with one twice", "one level twice", "at least three of two", "two of one owner", "policies five deep", "an empty list about apps",
	},
	"what keys and texts mean": {
		"a user of a target", "an address of a target", "a credential at a stage", "a target of a stage that is an address",
		"a zone that there is not", "a span that nobody can read, among others", "two patterns that are everything together",
	},
}

// refusedProjects are the rows of schema's own table: a sentence and a project that is refused.
func refusedProjects(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../schema/load_project_refuse_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		row, ok := n.(*ast.CompositeLit)
		if !ok || row.Type != nil || len(row.Elts) != 4 {
			return true
		}
		if sentence, text := literalText(row.Elts[0]), literalText(row.Elts[1]); sentence != "" && text != "" {
			rows[sentence] = text
		}
		return true
	})
	return rows
}

func literalText(e ast.Expr) string {
	text, _ := e.(*ast.BasicLit)
	if text == nil {
		return ""
	}
	out, _ := strconv.Unquote(text.Value)
	return out
}

// TestJSONSchemaRefusesWhatLintRefuses: what the shape of one place shows, an editor marks at once.
func TestJSONSchemaRefusesWhatLintRefuses(t *testing.T) {
	project := compiled(t, "project")
	rows := refusedProjects(t)
	if len(rows) < 100 {
		t.Fatalf("only %d rows were found", len(rows))
	}
	more := map[string]bool{}
	for _, sentences := range moreThanShape {
		for _, sentence := range sentences {
			if more[sentence] = true; rows[sentence] == "" {
				t.Errorf("%q is no row any more", sentence)
			}
		}
	}
	for sentence, text := range rows {
		document, found := schema.NewDocument([]schema.DocumentFile{{Path: "a.yaml", Mode: schema.Regular, Data: []byte(text)}})
		if found.Err() != nil {
			continue // an editor says that it is no YAML
		}
		v, _ := document.Value("a.yaml")
		if taken := project.Validate(v) == nil; taken != more[sentence] {
			t.Errorf("%q: the JSON Schema takes it: %t, want %t", sentence, taken, more[sentence])
		}
	}
}

// TestJSONSchemaTakesWhatLintTakes holds it against every project file of the tests that the reader takes.
func TestJSONSchemaTakesWhatLintTakes(t *testing.T) {
	project := compiled(t, "project")
	scripts, err := filepath.Glob("../cmd/sluice/testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, script := range scripts {
		data, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range strings.Split(string(data), "\n-- ")[1:] {
			name, text, _ := strings.Cut(section, " --\n")
			if _, found := policies.LoadProject("sluice.yaml", []byte(text)); len(found) > 0 || !strings.Contains(text, "version: 1") {
				continue
			}
			n++
			if err := project.Validate(value(t, text)); err != nil {
				t.Errorf("%s, %s: %v", filepath.Base(script), name, err)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d project files were found", n)
	}
}

// TestJSONSchemaTakesWhatIsUnusual: forms that are seldom written and right.
func TestJSONSchemaTakesWhatIsUnusual(t *testing.T) {
	project := compiled(t, "project")
	for _, text := range []string{
		"version: 1\nstages: [{name: only}]\n",
		"version: 1\nstages: [{name: a}, {name: b, after: [a]}, {name: c, after: [a, b]}]\n",
		"version: 1\nrollback_window: 1h30m\nretention: 1.5h\napprovals: 0\nstage_local: ['**/local.yaml', '*.local.json']\n",
		"version: 1\napps: {about: [{match: 'payments/*', owner: '@pay/core', labels: {tier: '1'}}]}\n",
		"version: 1\nstages: [{name: a}, {name: b, gray: {steps: [{percent: 2.5, for: 1h}, {percent: 99.99, for: 30m}]}}]\n",
		"version: 1\nstages: [{name: a, gates: {promote: [tags: {'*.yaml': {'spring\\.max': 'required,min=1.5,max=20', 'a.*': 'oneof=a b', b: whitelist=live}}]}}]\n",
		"version: 1\nstages: [{name: a, gates: {promote: [critical: {fields: ['app.json#$schema', app.yaml, 'conf/*.yaml#a.b*', 'x#a\\.b']}]}}]\n",
		"version: 1\nstages: [{name: a, gates: {promote: [schema: {'**': a/b.json, 'conf/[a-z]*': c.json}]}}]\n",
		"version: 1\nstages: [{name: a, gates: {promote: [duties: {merger: [], exclusive: [[approver, release]]}]}}]\n",
		"version: 1\ntargets: {etcd: {root: /config, mirror: true, parts: 3}}\n",
	} {
		if _, found := policies.LoadProject("sluice.yaml", []byte(text)); len(found) > 0 {
			t.Errorf("%v in\n%s", found, text)
		}
		if err := project.Validate(value(t, text)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
}
