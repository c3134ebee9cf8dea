package ci_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sluice-gitops/sluice/ci/runner"
)

// given is enough for every template: what has no default.
var given = map[string]any{"image": "registry.example.com/sluice", "anchor": "sha256:" + strings.Repeat("0", 64), "app": "payments", "to": "staging"}

func readTemplate(t *testing.T, name string) runner.Template {
	t.Helper()
	x, err := runner.ParseTemplate(read(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return x
}

// filled is the template's second document with values for its inputs.
func filled(t *testing.T, name string, x runner.Template) any {
	t.Helper()
	values := map[string]any{}
	for input := range x.Inputs {
		if value, ok := given[input]; ok {
			values[input] = value
		}
	}
	node, err := x.Fill(values)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var out any
	if err := node.Decode(&out); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

func TestTemplatesDeclareWhatTheyUse(t *testing.T) {
	for _, name := range under(t, "ci/templates/") {
		x := readTemplate(t, name)
		used := x.Uses()
		for input, says := range x.Inputs {
			if !slices.Contains(used, input) || says.Description == "" {
				t.Errorf("%s: input %s: used %v, described %v", name, input, slices.Contains(used, input), says.Description != "")
			}
		}
		filled(t, name, x)
	}
}

// TestReadersGetNoToken: the jobs that only look need none, and do not ask for one.
func TestReadersGetNoToken(t *testing.T) {
	for _, name := range []string{"ci/templates/check.yml", "ci/templates/verify.yml"} {
		if x := readTemplate(t, name); bytes.Contains(bytes.ToLower(x.Jobs), []byte("token")) {
			t.Errorf("%s names a token", name)
		}
	}
}

// TestTemplatesAreValid holds the templates and what includes them to GitLab's own schema.
func TestTemplatesAreValid(t *testing.T) {
	schema := gitlabSchema(t)
	for _, name := range under(t, "ci/templates/") {
		x := readTemplate(t, name)
		if err := schema.Validate(filled(t, name, x)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := schema.Validate(decode(t, x.Header)); err != nil {
			t.Errorf("%s: header: %v", name, err)
		}
		x.Jobs = bytes.Replace(x.Jobs, []byte("script:"), []byte("scrip:"), 1)
		if schema.Validate(filled(t, name, x)) == nil {
			t.Errorf("%s: a job without a script passes: the schema checks nothing", name)
		}
	}
	for _, name := range pipelines(t) {
		if err := schema.Validate(decode(t, read(t, name))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func gitlabSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	folder := os.Getenv("SLUICE_GITLAB_CONTRACT")
	if folder == "" {
		folder = filepath.Join(root, "..", "shared", "gitlab-contract")
	}
	text, err := os.ReadFile(filepath.Join(folder, "schemas", "ci", "gitlab-ci.schema.json"))
	if err != nil {
		t.Skipf("SKIPPED, NOT CHECKED: GitLab's schema for .gitlab-ci.yml is not there; set SLUICE_GITLAB_CONTRACT: %v", err)
	}
	return compile(t, text)
}

// TestExamplesIncludeTemplatesThatAreThere reads each example with the templates that it names and the inputs that it gives, and
// holds it to what every pipeline of ours has: for a merge request one, for a branch beside it none, on a schedule one.
func TestExamplesIncludeTemplatesThatAreThere(t *testing.T) {
	for _, name := range pipelines(t) {
		c, err := runner.Load(read(t, name), func(i runner.Include) ([]byte, error) {
			return os.ReadFile(filepath.Join(root, runner.TemplateFile(i)))
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, row := range []struct {
			sentence  string
			variables map[string]string
			jobs      bool
		}{
			{"a merge request", map[string]string{"CI_PIPELINE_SOURCE": "merge_request_event"}, true},
			{"a push beside a merge request", map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main", "CI_OPEN_MERGE_REQUESTS": "!1"}, false},
			{"a schedule beside a merge request", map[string]string{
				"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_PROTECTED": "true", "CI_OPEN_MERGE_REQUESTS": "!1",
			}, true},
		} {
			jobs, err := c.Pipeline(row.variables)
			if err != nil || (len(jobs) > 0) != row.jobs {
				t.Errorf("%s: %s: %d jobs, %v", name, row.sentence, len(jobs), err)
			}
		}
	}
}

// pipelines are the examples of a .gitlab-ci.yml.
func pipelines(t *testing.T) []string {
	t.Helper()
	return append(under(t, "ci/gitlab/"), under(t, "examples/gitlab/.gitlab-ci.yml")...)
}

func under(t *testing.T, prefix string) []string {
	t.Helper()
	var out []string
	for _, name := range files(t) {
		if strings.HasPrefix(name, prefix) && filepath.Ext(name) == ".yml" {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		t.Fatalf("nothing found below %s: the check would check nothing", prefix)
	}
	return out
}
