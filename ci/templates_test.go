package ci_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// template is a file for other projects' pipelines: what it asks for, and the jobs with $[[ inputs.name ]] in them.
type template struct {
	inputs map[string]map[string]any
	jobs   []byte
}

var inputOf = regexp.MustCompile(`\$\[\[ *inputs\.([a-z_]+) *\]\]`)

func readTemplate(t *testing.T, name string) template {
	t.Helper()
	header, jobs, found := bytes.Cut(read(t, name), []byte("\n---\n"))
	var head struct {
		Spec struct{ Inputs map[string]map[string]any }
	}
	decoder := yaml.NewDecoder(bytes.NewReader(header))
	decoder.KnownFields(true)
	if err := decoder.Decode(&head); err != nil && !errors.Is(err, io.EOF) || !found {
		t.Fatalf("%s: want spec: inputs: and a line --- before the jobs: %v", name, err)
	}
	return template{inputs: head.Spec.Inputs, jobs: jobs}
}

// filled puts values in place of the inputs, as GitLab does: what is not given takes its default.
func (x template) filled(t *testing.T, given map[string]string) []byte {
	t.Helper()
	for name := range given {
		if _, declared := x.inputs[name]; !declared {
			t.Errorf("input %s is not declared", name)
		}
	}
	return inputOf.ReplaceAllFunc(x.jobs, func(use []byte) []byte {
		name := string(inputOf.FindSubmatch(use)[1])
		input, declared := x.inputs[name]
		value, ok := given[name]
		if fallback, has := input["default"]; !ok && has {
			value, ok = fmt.Sprint(fallback), true
		}
		if !declared || !ok {
			t.Errorf("input %s has no value", name)
		}
		return []byte(value)
	})
}

func TestTemplatesDeclareWhatTheyUse(t *testing.T) {
	for _, name := range templates(t) {
		x := readTemplate(t, name)
		used := map[string]bool{}
		for _, m := range inputOf.FindAllSubmatch(x.jobs, -1) {
			used[string(m[1])] = true
		}
		for input, says := range x.inputs {
			if !used[input] || says["description"] == nil {
				t.Errorf("%s: input %s: used %v, described %v", name, input, used[input], says["description"] != nil)
			}
		}
		x.filled(t, map[string]string{"image": "sluice"})
		if strings.Contains(string(x.jobs), "token") {
			t.Errorf("%s: a job of a merge request's pipeline gets no token", name)
		}
	}
}

// TestTemplatesAreValid holds the templates and the example that includes them to GitLab's own schema.
func TestTemplatesAreValid(t *testing.T) {
	folder := os.Getenv("SLUICE_GITLAB_CONTRACT")
	if folder == "" {
		folder = filepath.Join(root, "..", "shared", "gitlab-contract")
	}
	text, err := os.ReadFile(filepath.Join(folder, "schemas", "ci", "gitlab-ci.schema.json"))
	if err != nil {
		t.Skipf("SKIPPED, NOT CHECKED: GitLab's schema for .gitlab-ci.yml is not there; set SLUICE_GITLAB_CONTRACT: %v", err)
	}
	schema := compile(t, text)
	for _, name := range templates(t) {
		x := readTemplate(t, name)
		jobs := x.filled(t, map[string]string{"image": "registry.example.com/sluice"})
		if err := schema.Validate(decode(t, jobs)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		header, _, _ := bytes.Cut(read(t, name), []byte("\n---\n"))
		if err := schema.Validate(decode(t, header)); err != nil {
			t.Errorf("%s: header: %v", name, err)
		}
		if schema.Validate(decode(t, bytes.Replace(jobs, []byte("script:"), []byte("scrip:"), 1))) == nil {
			t.Errorf("%s: a job without a script passes: the schema checks nothing", name)
		}
	}
	const example = "ci/gitlab/check.gitlab-ci.yml"
	if err := schema.Validate(decode(t, read(t, example))); err != nil {
		t.Errorf("%s: %v", example, err)
	}
}

// TestExampleIncludesATemplateThatIsThere holds what the example includes to the file that it names.
func TestExampleIncludesATemplateThatIsThere(t *testing.T) {
	var example struct {
		Include []struct {
			File   string
			Inputs map[string]string
		}
	}
	if err := yaml.Unmarshal(read(t, "ci/gitlab/check.gitlab-ci.yml"), &example); err != nil {
		t.Fatal(err)
	}
	if len(example.Include) == 0 {
		t.Fatal("the example includes nothing")
	}
	for _, include := range example.Include {
		readTemplate(t, strings.TrimPrefix(include.File, "/")).filled(t, include.Inputs)
	}
}

func templates(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, name := range files(t) {
		if strings.HasPrefix(name, "ci/templates/") {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		t.Fatal("no template found: the check would check nothing")
	}
	return out
}
