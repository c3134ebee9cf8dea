package ci_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// TestPipelineIsValid holds .gitlab-ci.yml to GitLab's own schema for it, which is not part of the project: the folder
// is $SLUICE_GITLAB_CONTRACT, else ../shared/gitlab-contract beside the clone.
func TestPipelineIsValid(t *testing.T) {
	schema := gitlabSchema(t)
	if err := schema.Validate(decode(t, read(t, ".gitlab-ci.yml"))); err != nil {
		t.Errorf(".gitlab-ci.yml: %v", err)
	}
	broken := bytes.Replace(read(t, ".gitlab-ci.yml"), []byte("script:"), []byte("scrip:"), 1)
	if schema.Validate(decode(t, broken)) == nil {
		t.Error("a job without a script passes: the schema checks nothing")
	}
}

// TestPipelineRunsKnownPhases: a job may only call .ci/run, and only with phases that it has.
func TestPipelineRunsKnownPhases(t *testing.T) {
	known := regexp.MustCompile(`(?m)^known=\((.*)\)$`).FindSubmatch(read(t, ".ci/run"))
	if known == nil {
		t.Fatal(".ci/run: no line known=(...)")
	}
	var pipeline map[string]any
	if err := yaml.Unmarshal(read(t, ".gitlab-ci.yml"), &pipeline); err != nil {
		t.Fatal(err)
	}
	jobs := 0
	for name, value := range pipeline {
		job, _ := value.(map[string]any)
		script, isJob := job["script"].(string)
		if !isJob {
			continue
		}
		jobs++
		phases, calls := strings.CutPrefix(script, "bash .ci/run ")
		if !calls {
			t.Errorf(".gitlab-ci.yml: job %s runs %q, want bash .ci/run PHASE...", name, script)
		}
		for phase := range strings.FieldsSeq(phases) {
			if !bytes.Contains(append(append([]byte(" "), known[1]...), ' '), []byte(" "+phase+" ")) {
				t.Errorf(".gitlab-ci.yml: job %s asks for the phase %s, which .ci/run does not have", name, phase)
			}
		}
	}
	if jobs == 0 {
		t.Error(".gitlab-ci.yml: no job")
	}
}

// TestScriptsParse asks bash whether it can read every shell script of the project.
func TestScriptsParse(t *testing.T) {
	checked := 0
	for _, name := range files(t) {
		if filepath.Ext(name) != ".sh" && name != ".ci/run" {
			continue
		}
		checked++
		if out, err := exec.Command("bash", "-n", filepath.Join(root, name)).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", name, out)
		}
		if !bytes.Contains(read(t, name), []byte("\nset -euo pipefail\n")) {
			t.Errorf("%s: no line: set -euo pipefail", name)
		}
	}
	if checked == 0 {
		t.Error("no script found: the check would check nothing")
	}
}

func compile(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("gitlab-ci.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("gitlab-ci.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}
