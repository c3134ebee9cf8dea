package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"gopkg.in/yaml.v3"
)

// job writes what a runner would execute for the one job of a template, with its inputs filled in, into job.sh: the job's
// variables, then its script line by line, ending at the first that fails. The pipeline's own variables are the script's to set.
//
//	job ci/templates/check.yml image=x anchor=sha256:…
func job(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: job TEMPLATE INPUT=VALUE…")
	}
	source, err := os.ReadFile(filepath.Join(moduleRoot, filepath.FromSlash(args[0])))
	ts.Check(err)
	text, err := jobScript(string(source), args[1:])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("job.sh"), []byte(text), 0o644))
}

// moduleRoot is the module's root. Scripts run elsewhere, but the process stays where its package is.
const moduleRoot = "../.."

func jobScript(source string, given []string) (string, error) {
	header, body, ok := strings.Cut(source, "\n---\n")
	if !ok {
		return "", fmt.Errorf("no line --- between the inputs and the job")
	}
	var head struct {
		Spec struct {
			Inputs map[string]struct{ Default any }
		}
	}
	if err := yaml.Unmarshal([]byte(header), &head); err != nil {
		return "", err
	}
	for name, input := range head.Spec.Inputs {
		value := fmt.Sprint(input.Default)
		for _, arg := range given {
			if to, ok := strings.CutPrefix(arg, name+"="); ok {
				value = to
			}
		}
		body = strings.ReplaceAll(body, "$[[ inputs."+name+" ]]", value)
	}
	var jobs map[string]struct {
		Variables map[string]string
		Script    []string
	}
	if err := yaml.Unmarshal([]byte(body), &jobs); err != nil {
		return "", err
	}
	if len(jobs) != 1 {
		return "", fmt.Errorf("%d jobs, want one", len(jobs))
	}
	lines := []string{"set -e"}
	for _, j := range jobs {
		for _, name := range slices.Sorted(maps.Keys(j.Variables)) {
			lines = append(lines, fmt.Sprintf("export %s='%s'", name, j.Variables[name]))
		}
		lines = append(lines, j.Script...)
	}
	return strings.Join(lines, "\n") + "\n", nil
}
