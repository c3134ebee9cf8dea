package ci_test

import (
	"strings"
	"testing"
)

// TestCheckFindsViolations shows that the layer check can fail, and says the right thing when it does.
func TestCheckFindsViolations(t *testing.T) {
	for _, row := range []struct {
		sentence string
		file     string
		imports  string
		want     string // part of the message; empty: allowed
	}{
		{"schema may read YAML", "schema/a.go", "gopkg.in/yaml.v3", ""},
		{"schema may not import policies", "schema/a.go", module + "/policies", "allows nothing of ours"},
		{"schema may not open files", "schema/a.go", "os", "is pure"},
		{"a test of schema may open files", "schema/a_test.go", "os", ""},
		{"a test may import what its package may not", "schema/a_test.go", module + "/policies", ""},
		{"policies may import schema", "policies/a.go", module + "/schema", ""},
		{"policies may not read YAML itself", "policies/a.go", "gopkg.in/yaml.v3", "belongs to schema"},
		{"policies may not ask the network", "policies/a.go", "net/http", "is pure"},
		{"the loop may not import go-git", "reconciler/a.go", "github.com/go-git/go-git/v5/plumbing", "belongs to reconciler/gitrepo"},
		{"the loop may not import gitrepo", "reconciler/a.go", module + "/reconciler/gitrepo", "declare a small interface"},
		{"the loop may not import an integration", "reconciler/a.go", module + "/reconciler/integrations/etcd", "declare a small interface"},
		{"gitrepo may import go-git", "reconciler/gitrepo/a.go", "github.com/go-git/go-git/v5/plumbing", ""},
		{"a new integration needs no row of its own", "reconciler/integrations/new/a.go", module + "/reconciler/integrations", ""},
		{"an integration may not import another", "reconciler/integrations/new/a.go", module + "/reconciler/integrations/etcd", "declare a small interface"},
		{"an integration may not import the loop", "reconciler/integrations/new/a.go", module + "/reconciler", "declare a small interface"},
		{"an integration may not use another's SDK", "reconciler/integrations/file/a.go", "go.etcd.io/etcd/client/v3", "belongs to reconciler/integrations/etcd"},
		{"a package of an SDK may belong to another than the rest", "reconciler/integrations/etcd/a.go", "go.etcd.io/etcd/client/v3/concurrency", "belongs to reconciler/lease"},
		{"the provider core is the standard library alone", "reconciler/provider/a.go", module + "/schema", "allows nothing of ours"},
		{"the command may import everything", "cmd/sluice/a.go", module + "/reconciler/integrations/gitlab/gitlabtest", ""},
		{"the command may import the loop", "cmd/sluice/a.go", module + "/reconciler", ""},
		{"the command may not import the conformance suites", "cmd/sluice/a.go", module + "/reconciler/integrations/integrationstest", "it is for tests"},
		{"the command may not import the finder of real servers", "cmd/sluice/a.go", module + "/ci/real", "it is for tests"},
		{"a test may import the finder of real servers", "cmd/sluice/a_test.go", module + "/ci/real", ""},
		{"production code may not import testing", "cmd/sluice/a.go", "testing", "move this to a _test.go file"},
		{"a conformance suite may import testing", "reconciler/integrations/integrationstest/a.go", "testing", ""},
		{"a test SDK is not for production code", "reconciler/a.go", "pgregory.net/rapid", "for tests alone"},
		{"a test SDK is for tests", "reconciler/a_test.go", "pgregory.net/rapid", ""},
		{"an unknown module is refused", "cmd/sluice/a.go", "github.com/pkg/errors", "not in the table"},
		{"an unknown module is refused in tests too", "cmd/sluice/a_test.go", "github.com/stretchr/testify", "not in the table"},
		{"a module whose name only starts alike is unknown", "cmd/sluice/a.go", "github.com/spf13/cobra-cli", "not in the table"},
		{"cgo is refused everywhere", "reconciler/signing/a_test.go", "C", "without cgo"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			got := checkText(t, row.file, "package a\n\nimport _ \""+row.imports+"\"\n")
			if row.want == "" && len(got) > 0 {
				t.Fatalf("got %q, want nothing", got)
			}
			if row.want != "" && (len(got) != 1 || !strings.Contains(got[0], row.want)) {
				t.Fatalf("got %q, want one message with %q", got, row.want)
			}
			if row.want != "" && !strings.HasPrefix(got[0], row.file+":3: ") {
				t.Errorf("got %q, want it to begin with the file and line of the import", got[0])
			}
		})
	}
}

// TestCheckRefusesUnknownPackages: a folder that no row names is refused even if it imports nothing.
func TestCheckRefusesUnknownPackages(t *testing.T) {
	for _, name := range []string{"reconciler/util/a.go", "pkg/a.go", "a.go", "reconciler/integrations/a/b/c.go", "reconciler/util/a_test.go"} {
		got := checkText(t, name, "package a\n")
		if len(got) != 1 || !strings.HasPrefix(got[0], name+":1: ") || !strings.Contains(got[0], "not in the table") {
			t.Errorf("%s: got %q, want one message that it is not in the table", name, got)
		}
	}
}

func checkText(t *testing.T, name, text string) []string {
	t.Helper()
	s, err := parse(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return check([]source{s})
}
