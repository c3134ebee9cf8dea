package runner_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/runner"
)

const asks = `spec:
  inputs:
    name: {default: a job}
    strict: {type: boolean, default: false}
    kind: {options: [x, y]}
---
"$[[ inputs.name ]]":
  script: ["echo $[[ inputs.kind ]]"]
  interruptible: $[[ inputs.strict ]]
`

func TestInputsAreValuesAndNoYAML(t *testing.T) {
	x, err := runner.ParseTemplate([]byte(asks))
	if err != nil {
		t.Fatal(err)
	}
	node, err := x.Fill(map[string]any{"name": "a: b", "strict": true, "kind": "x"})
	if err != nil {
		t.Fatal(err)
	}
	var jobs map[string]struct{ Interruptible bool }
	if err := node.Decode(&jobs); err != nil || !jobs["a: b"].Interruptible {
		t.Errorf("got %v, %v", jobs, err)
	}
	for sentence, given := range map[string]map[string]any{
		"one without a default is missing":   {},
		"one that is not declared":           {"kind": "x", "more": "1"},
		"one that is not among its options":  {"kind": "z"},
		"a text where it is yes or no":       {"kind": "x", "strict": "true"},
		"yes or no where it is to be a text": {"kind": "x", "name": true},
	} {
		if _, err := x.Fill(given); err == nil {
			t.Errorf("%s: accepted", sentence)
		}
	}
}

func TestRules(t *testing.T) {
	variables := map[string]string{"SOURCE": "push", "BRANCH": "main", "DEFAULT": "main", "PATH": "a/b", "EMPTY": ""}
	for rule, want := range map[string]bool{
		`$SOURCE == "push"`:                      true,
		`$SOURCE != "push"`:                      false,
		`$BRANCH == $DEFAULT`:                    true,
		`$NONE == $EMPTY`:                        false,
		`$NONE == null`:                          true,
		`$EMPTY`:                                 false,
		`$BRANCH && $SOURCE == "schedule"`:       false,
		`$SOURCE == "schedule" || $BRANCH`:       true,
		`$NONE && $BRANCH || $SOURCE == "push"`:  true,
		`$SOURCE == "push" && $BRANCH == "next"`: false,
		`$BRANCH =~ /^ma/`:                       true,
		`$BRANCH !~ /^ma/`:                       false,
		`$PATH =~ /^a\/b$/`:                      true,
		`$PATH !~ /^a\/c/ && $BRANCH`:            true,
		`$NONE =~ /.*/`:                          false,
		`"x" == "x" && $BRANCH`:                  true,
		`"x" == "y" || "x" != "x"`:               false,
	} {
		c, err := runner.Load([]byte("job:\n  script: [x]\n  rules: [{if: '"+rule+"'}]\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		jobs, err := c.Pipeline(variables)
		if err != nil || (len(jobs) == 1) != want {
			t.Errorf("%s: %d jobs, %v; want %v", rule, len(jobs), err, want)
		}
	}
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	for sentence, text := range map[string]string{
		"a keyword":           "job: {script: [x], services: [y]}",
		"a rule by files":     "job: {script: [x], rules: [{changes: [y]}]}",
		"a job with no work":  "job: {stage: test}",
		"a stage of its own":  "job: {stage: other, script: [x]}",
		"a way of include:":   "include: [{template: x}]",
		"an expression":       "job: {script: [x], rules: [{if: '$A =~ /x'}]}",
		"include: as a text":  "include: x.yml",
		"a list of variables": "job: {script: [x], variables: [a]}",
	} {
		c, err := runner.Load([]byte(text), nil)
		if err == nil {
			_, err = c.Pipeline(nil)
		}
		if err == nil {
			t.Errorf("%s: accepted", sentence)
		}
	}
}

func TestJobs(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skipf("SKIPPED, NOT CHECKED: %v", err)
	}
	origin := emptyProject(t)
	t.Setenv("SECRET_OF_THIS_PROCESS", "x")
	for _, row := range []struct {
		sentence, config, says string
		code                   int
	}{
		{"a job fails with its script", "job: {script: [exit 3]}", "job job: failed, exit 3", 1},
		{"the first command that fails ends it", "job: {script: ['false', echo on]}", "job job: failed, exit 1", 1},
		{"a code that it may fail with", "job: {script: [exit 64], allow_failure: {exit_codes: [64]}}", "job job: warned, exit 64", 0},
		{"an artifact that is not there", "job: {script: ['true'], artifacts: {paths: [x]}}", "job job: left no x", 0},
		{"a report that is none", "job: {script: ['echo no > r'], artifacts: {reports: {codequality: r}}}", "report codequality", 2},
		{"nothing of the environment but the variables", "job: {script: ['echo \"[$SECRET_OF_THIS_PROCESS]$CI\"']}", "[]true", 0},
		{"variables pass to the next stage", "a: {stage: build, script: ['echo A=7 > e'], artifacts: {reports: {dotenv: e}}}\nb: {script: ['echo a$A']}", "\na7\n", 0},
		{"and not to a job that needs none", "a: {stage: build, script: ['echo A=7 > e'], artifacts: {reports: {dotenv: e}}}\nb: {needs: [], script: ['echo a$A']}", "\na\n", 0},
		{"what stands after a job that failed", "a: {stage: build, script: ['false']}\nb: {script: [echo on]}", "job b: skipped", 1},
		{"a manual job waits", "job: {script: ['true'], when: manual}", "job job: manual\n", 0},
		{"below rules it blocks the pipeline", "job: {script: ['true'], rules: [{when: manual}]}", "job job: manual, and the pipeline is blocked\n", 0},
		{"unless it may fail", "job: {script: ['true'], rules: [{when: manual, allow_failure: true}]}", "job job: manual\n", 0},
		{"what may fail by a rule", "job: {script: [exit 3], rules: [{allow_failure: true}]}", "job job: warned, exit 3", 0},
	} {
		config := filepath.Join(t.TempDir(), "ci.yml")
		if err := os.WriteFile(config, []byte(row.config), 0o644); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		code := runner.Main(t.Context(), "", []string{"-keep", t.TempDir(), "-config", config, origin, "branch"}, &out)
		if code != row.code || !strings.Contains(out.String(), row.says) {
			t.Errorf("%s: ends with %d, want %d and %q\n%s", row.sentence, code, row.code, row.says, out.String())
		}
	}
}

// emptyProject is a repository with one commit on main, and no file.
func emptyProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...).Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "--bare")
	git("update-ref", "refs/heads/main", git("commit-tree", git("hash-object", "-w", "-t", "tree", "/dev/null"), "-m", "empty"))
	return dir
}
