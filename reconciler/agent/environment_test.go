package agent

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func TestEnvironment(t *testing.T) {
	for _, row := range []struct {
		sentence string
		env      Environment
		files    map[string]any
		want     string
	}{
		{"keys are names", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": map[string]any{"db-pool": map[string]any{"hosts": []any{"x", map[string]any{"y": true}}}}}, "DB_POOL_HOSTS_0=x DB_POOL_HOSTS_1_Y=true"},
		{"with a prefix", Environment{Files: []string{"a.properties"}, Prefix: "PAY_"}, map[string]any{"a.properties": "path=/x\n1=2\n"}, "PAY_1=2 PAY_PATH=/x"},
		{"two keys with one name", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": map[string]any{"a-b": 1, "a_b": 2}}, "a.yaml: a-b and a.yaml: a_b are both called A_B"},
		{"two files with one name", Environment{Files: []string{"a.yaml", "b.yaml"}}, map[string]any{"a.yaml": map[string]any{"a": 1}, "b.yaml": map[string]any{"a": 1}}, "a.yaml: a and b.yaml: a are both called A"},
		{"the search path", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": map[string]any{"path": "/tmp"}}, "a.yaml: path: the variable PATH is not configuration's to set; give a prefix"},
		{"what a shell begins with", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": map[string]any{"bash": map[string]any{"env": "/tmp/x"}}}, "a.yaml: bash.env: the variable BASH_ENV is not configuration's to set; give a prefix"},
		{"what Node loads", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": map[string]any{"node": map[string]any{"options": "--require /tmp/x"}}}, "a.yaml: node.options: the variable NODE_OPTIONS is not configuration's to set; give a prefix"},
		{"where Python looks", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": map[string]any{"pythonPath": "/tmp"}}, "a.yaml: pythonPath: the variable PYTHONPATH is not configuration's to set; give a prefix"},
		{"what Java is started with", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": map[string]any{"java": map[string]any{"tool": map[string]any{"options": "-javaagent:/tmp/x"}}}}, "a.yaml: java.tool.options: the variable JAVA_TOOL_OPTIONS is not configuration's to set; give a prefix"},
		{"what says where the files are", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": map[string]any{"sluice": map[string]any{"dir": "/tmp"}}}, "a.yaml: sluice.dir: the variable SLUICE_DIR is not configuration's to set; give a prefix"},
		{"names that only look like those", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": map[string]any{"env": "x", "node": map[string]any{"env": "y"}, "git": map[string]any{"url": "z"}}}, "ENV=x GIT_URL=z NODE_ENV=y"},
		{"with a prefix none of them is", Environment{Files: []string{"a.yaml"}, Prefix: "PAY_"}, map[string]any{"a.yaml": map[string]any{"path": "x", "pythonPath": "y"}}, "PAY_PATH=x PAY_PYTHONPATH=y"},
		{"a file without values", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": nil}, ""},
		{"a digit first", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": map[string]any{"1": "x"}}, `a.yaml: 1: no variable can be called "1"; give a prefix`},
		{"a NUL", Environment{Files: []string{"a.yaml"}}, map[string]any{"a.yaml": map[string]any{"a": "x\x00"}}, "a.yaml: a: no variable can hold it"},
		{"no such file", Environment{Files: []string{"b.yaml"}}, map[string]any{"a.yaml": map[string]any{}}, "b.yaml: no file of this app with keys"},
	} {
		p, err := provider.Open(t.Context(), providertest.New(row.files).Options())
		if err != nil {
			t.Fatal(err)
		}
		vars, err := row.env.of(p.Snapshot())
		got := strings.Join(vars, " ")
		if err != nil {
			got = strings.TrimPrefix(err.Error(), "environment: ")
		}
		if got != row.want {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.want)
		}
		p.Close()
	}
}
