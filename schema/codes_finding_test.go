package schema_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestExamplesOfFindingsAreFound reads the files of testdata/examples.txt: what is found in each, as it is drawn, is the example of the code
// that its first line names.
func TestExamplesOfFindingsAreFound(t *testing.T) {
	parts := strings.Split(read(t, "testdata/examples.txt"), "=== ")[1:]
	if len(parts) < 40 {
		t.Fatalf("read %d files", len(parts))
	}
	drawn := map[string]string{}
	for _, part := range parts {
		head, body, _ := strings.Cut(part, "\n")
		file, code, _ := strings.Cut(head, " ")
		var found schema.Diagnostics
		for _, d := range findings(file, []byte(large.Replace(body))) {
			if string(d.Code) == code {
				found = append(found, d)
			}
		}
		if len(found) == 0 {
			t.Errorf("%s: it is not found in its %s:\n%s", code, file, body)
			continue
		}
		drawn[code] = shortly(t, found[0], strings.Split(body, "\n"))
		if info, _ := schema.Explain(schema.Code(code)); info.Example != drawn[code] {
			t.Errorf("%s: its example is\n%s\nand what is found\n%s", code, info.Example, drawn[code])
		}
	}
	if to := os.Getenv("EXAMPLES"); to != "" { // to copy from
		data, _ := json.MarshalIndent(drawn, "", " ")
		_ = os.WriteFile(to, data, 0o644)
	}
}

var large = strings.NewReplacer("<KEY>", sshKey(1), "<BIG>", strings.Repeat("x", 1258291), "<NUL>", "\x00", "<DEEP>", strings.Repeat("[", 200)+strings.Repeat("]", 200))

// findings are those of reading the file, and where it is sound of the advice about it.
func findings(file string, data []byte) schema.Diagnostics {
	switch file {
	case "root.yaml", "principals.yaml", "keys/bob.pub", "keys/bob/bob.pub":
		return inTrust(file, data)
	case "reconciler.yaml":
		_, ds := schema.LoadOperator(file, data)
		return ds
	case "sluice.yaml":
		project, ds := schema.LoadProject(file, data)
		if len(ds) > 0 {
			return ds
		}
		ds = append(project.Advice(threePeople), project.AdviceOnGates(time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC), nil)...)
		return append(ds, project.MissingSchemas(func(string) bool { return false })...)
	}
	return slices.Concat(schema.LintFile(file, data), schema.AdviceOnKeywords(file, data), schema.AdviceOnTwice(file, data))
}

// inTrust reads a trust directory of two people and a robot with the file in it; no data takes the file out.
func inTrust(file string, data []byte) schema.Diagnostics {
	day := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	files := schema.Trust{
		Root:       schema.Root{Version: 1, Project: "5f0c66d1", CreatedAt: day, ExpiresAt: day.AddDate(1, 0, 0), Threshold: 1, Admin: 1, Roots: []string{"ann"}, LogKeys: []string{sshKey(9)}},
		Principals: []schema.Principal{person("ann", "root", "admin", "author"), person("bob", "approver:staging"), person("robot", "bot")},
		Keys: []schema.Key{
			{Principal: "ann", Path: "keys/ann/ann.pub", Format: schema.SSHKey, Data: []byte(sshKey(1))},
			{Principal: "bob", Path: "keys/bob/bob.pub", Format: schema.SSHKey, Data: []byte(sshKey(2))},
		},
	}.Files()
	files[file] = data
	if len(data) == 0 {
		delete(files, file)
	}
	_, found := schema.LoadTrust(files)
	return found
}

// threePeople are an author and two who may approve in staging.
var threePeople = schema.Trust{Principals: []schema.Principal{
	person("ann", "author"), person("bob", "approver:staging"), person("carol", "approver:staging"),
}}

// shortly is the finding as it is drawn, without the advice that explain gives itself. Where it has no line of the file, or is too wide
// to show, that line comes first.
func shortly(t *testing.T, d schema.Diagnostic, source []string) string {
	t.Helper()
	var b strings.Builder
	if err := d.Render(&b, false); err != nil {
		t.Fatal(err)
	}
	var out []string
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if n := d.Position.Line; n > 0 && (d.Source == "" || len(lines[0]) > mostWide) {
		line := d.Source
		if line == "" {
			line = source[n-1]
		}
		if len(lines[0]) > mostWide {
			lines[0] = d.Message
		}
		return fmt.Sprintf("%6d | %s\n%s", n, line, lines[0])
	}
	for i, line := range lines {
		if strings.HasPrefix(line, "   fix:") || strings.HasPrefix(line, "   more:") {
			break
		}
		if i == 1 && len(line) > mostWide {
			break
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
