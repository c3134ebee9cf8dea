package policies_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sluice-gitops/sluice/schema"
)

func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	data, err := json.Marshal(schema.JSONSchema(name))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("file:///schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("file:///schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// value reads YAML as sluice does.
func value(t *testing.T, text string) any {
	t.Helper()
	document, found := schema.NewDocument([]schema.DocumentFile{{Path: "a.yaml", Mode: schema.Regular, Data: []byte(text)}})
	if err := found.Err(); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	v, _ := document.Value("a.yaml")
	return v
}

// TestJSONSchemasTakeWhatSluiceTakes: an editor must not mark what is right. Every example of the pages goes through.
func TestJSONSchemasTakeWhatSluiceTakes(t *testing.T) {
	project, tests := compiled(t, "project"), compiled(t, "tests")
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	head := "version: 1\nstages:\n- name: a\n- name: b\n  gates:\n    promote:\n"
	for _, example := range regexp.MustCompile(`(?m)^    - .*$`).FindAllString(string(page), -1) {
		text := head + example + "\n"
		if err := project.Validate(value(t, text)); err != nil {
			t.Errorf("%s: %v", example, err)
		}
	}
	format, err := os.ReadFile("../schema/FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(format), -1)
	if err := project.Validate(value(t, examples[0][1])); err != nil {
		t.Error(err)
	}
	if err := tests.Validate(value(t, examples[2][1])); err != nil {
		t.Error(err)
	}
	files, err := filepath.Glob("../examples/*/sluice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := project.Validate(value(t, string(data))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJSONSchemasRefuseSlips(t *testing.T) {
	project := compiled(t, "project")
	for sentence, text := range map[string]string{
		"a field that there is not":   "version: 1\nstage: default\n",
		"a layout that there is not":  "version: 1\nlayout: tree\n",
		"no version":                  "layout: branch\n",
		"a policy that there is not":  "version: 1\nstages: [{name: a, gates: {promote: [aprovals: 1]}}]\n",
		"a when that is text":         "version: 1\nstages: [{name: a, gates: {promote: [when: foo]}}]\n",
		"two policies in one":         "version: 1\nstages: [{name: a, gates: {promote: [{approvals: 1, soak: 1h}]}}]\n",
		"a slip inside of a policy":   "version: 1\nstages: [{name: a, gates: {promote: [approvals: {observd: 1}]}}]\n",
		"a slip inside of a choice":   "version: 1\nstages: [{name: a, gates: {promote: [any: [{aprovals: 1}]]}}]\n",
		"a number that is too large":  "version: 1\nstages: [{name: a, gates: {promote: [breaker: {success: 101}]}}]\n",
		"a word that there is not":    "version: 1\nstages: [{name: a, promote: sometimes}]\n",
		"text where it is yes or no":  "version: 1\natomic: \"yes\"\n",
		"a stage without a name":      "version: 1\nstages: [{place: a}]\n",
		"a target's setting as a map": "version: 1\ntargets: {a: {required: {}}}\n",
	} {
		if err := project.Validate(value(t, text)); err == nil {
			t.Errorf("%s is taken", sentence)
		}
	}
}

func TestEveryFieldOfTheSchemasIsDescribed(t *testing.T) {
	for _, name := range schema.JSONSchemas() {
		var walk func(string, any)
		walk = func(at string, v any) {
			m, ok := v.(map[string]any)
			if !ok {
				return
			}
			if properties, ok := m["properties"].(map[string]any); ok {
				for field, of := range properties {
					if text, _ := of.(map[string]any)["description"].(string); strings.TrimSpace(text) == "" && !strings.HasSuffix(at, "window") {
						t.Errorf("%s: %s.%s is not described", name, at, field)
					}
				}
			}
			for field, below := range m {
				if list, ok := below.([]any); ok {
					for _, item := range list {
						walk(at, item)
					}
				}
				walk(at+"."+field, below)
			}
		}
		walk("", map[string]any(schema.JSONSchema(name)))
	}
}
