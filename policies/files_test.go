package policies_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func TestFilesAnswerWhatNoApprovalMends(t *testing.T) {
	control := map[string][]byte{
		".sluice/schemas/app.json": []byte(`{"properties": {"port": {"type": "integer"}}}`),
		".sluice/lists/gray.yaml":  []byte("- shop\n"),
	}
	const (
		port   = "schema: {app.yaml: app.json}"
		listed = "whitelist: gray"
	)
	good, bad := "port: 80\n", "port: eighty\n"
	for _, r := range []struct{ sentence, app, file, gate, want string }{
		{"no gate at all", "shop", bad, "[]", ""},
		{"a schema is kept", "shop", good, "[" + port + "]", ""},
		{"a schema is not", "shop", bad, "[" + port + "]", "schema"},
		{"a tag", "shop", bad, "[tags: {app.yaml: {port: number}}]", "tag"},
		{"an app that is on no list", "other", good, "[" + listed + "]", "not-listed"},
		{"a secret", "shop", "password: hunter2hunter2\n", "[secrets: {}]", "secret"},
		{"a file that is too large whenever it changes", "shop", good, "[limits: {file: 4}]", "large-change"},
		{"a file that people may let in", "shop", good, "[limits: {file: 4, large: 2}]", ""},
		{"how many files change is not known", "shop", good, "[limits: {files: 1, bytes: 10}]", ""},
		{"an expression about files", "shop", good, `[expression: {that: 'files["app.yaml"].port == 81'}]`, "expression"},
		{"an expression about people", "shop", good, `[expression: {that: 'size(signers) > 1'}]`, ""},
		{"approvals and time are given", "shop", good, "[approvals: 2, soak: 1h, critical: {fields: [port]}]", ""},
		{"where approvals do as well", "shop", bad, "[any: [" + port + ", approvals: 2]]", ""},
		{"where nothing else does", "other", bad, "[any: [" + port + ", " + listed + "]]", "choice"},
		{"of another app", "shop", bad, "[when: {apps: [pay], then: [" + port + "]}]", ""},
		{"of another file", "shop", bad, "[when: {files: [local.yaml], then: [" + port + "]}]", ""},
		{"of going back", "shop", bad, "[when: {kinds: [rollback], then: [" + port + "]}]", ""},
		{"of a promotion", "shop", bad, "[when: {kinds: [promote], then: [" + port + "]}]", "schema"},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			project, found := policies.LoadProject("sluice.yaml", []byte("version: 1\nstages: [{name: a}, {name: b, gates: {promote: "+r.gate+"}}]\n"))
			if len(found) > 0 {
				t.Fatal(found)
			}
			stage, _ := project.Stage("b")
			gate, err := policies.ForFiles(stage.Gates, false)
			if err != nil {
				t.Fatal(err)
			}
			v, err := gate.Judge(schema.Cell{Stage: "b", App: schema.App(r.app)}, map[string][]byte{"app.yaml": []byte(r.file)}, control)
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for _, m := range v.Missing() {
				codes = append(codes, string(m.Code))
			}
			if got := strings.Join(codes, " "); !strings.HasPrefix(got, r.want) || r.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, r.want)
			}
		})
	}
}

func TestTheFirstStageIsAskedAboutEdits(t *testing.T) {
	project, found := policies.LoadProject("sluice.yaml", []byte("version: 1\nstages: [{name: a, gates: {promote: [when: {kinds: [edit], then: [secrets: {}]}]}}, {name: b}]\n"))
	if len(found) > 0 {
		t.Fatal(found)
	}
	stage, _ := project.Stage("a")
	for first, want := range map[bool]schema.Outcome{true: schema.Deny, false: schema.Allow} {
		gate, err := policies.ForFiles(stage.Gates, first)
		if err != nil {
			t.Fatal(err)
		}
		v, err := gate.Judge(schema.Cell{Stage: "a", App: "shop"}, map[string][]byte{"a.yaml": []byte("password: hunter2hunter2\n")}, nil)
		if err != nil || v.Outcome != want {
			t.Errorf("first %v: got %v %v, want %v", first, v.Outcome, err, want)
		}
	}
}
