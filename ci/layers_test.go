// Package ci_test is what the project asks of itself: who may import whom, that the manual names every command and
// flag, and how its files look.
package ci_test

import "testing"

// A layer is a row of the table in DESIGN: packages of ours, and what of ours their production code may import.
// Patterns are folders below the module; a trailing /* is one more folder, a trailing /... any number, none included.
type layer struct {
	packages string
	ours     []string
	pure     bool // decides on values alone: no files, processes, network or log
}

// layers is the whole list. A package that no row names is refused, so that a new one is put into the design first.
// The first row that matches holds.
var layers = []layer{
	{packages: "schema", pure: true},
	{packages: "policies", ours: []string{"schema"}, pure: true},
	{packages: "reconciler/diff", ours: []string{"schema", "policies"}, pure: true}, // what is hidden is what the policy "secrets" finds
	{packages: "reconciler/lifecycle", ours: []string{"schema"}, pure: true},
	{packages: "reconciler/note", ours: []string{"schema", "policies", "reconciler/diff"}, pure: true},
	{packages: "reconciler/ledger", ours: []string{"schema"}},
	{packages: "reconciler/journal", ours: []string{"schema", "reconciler/ledger"}, pure: true},
	{packages: "reconciler/admin", ours: []string{"schema"}},
	{packages: "reconciler/otlp", ours: []string{"schema"}},
	{packages: "reconciler/signing", ours: []string{"schema"}},
	{packages: "reconciler/seal", ours: []string{"schema"}},
	{packages: "reconciler/gitrepo", ours: []string{"schema"}},
	{packages: "reconciler/gitrepo/gitrepotest", ours: []string{"schema"}},
	{packages: "reconciler/lease", ours: []string{"schema"}},
	{packages: "reconciler/provider", ours: nil},
	{packages: "reconciler/provider/*", ours: []string{"reconciler/provider"}}, // a source each, so that a program links only its own
	{packages: "reconciler/agent", ours: []string{"reconciler/provider", "reconciler/agent/properties"}},
	{packages: "reconciler/agent/properties", ours: []string{"reconciler/provider"}},
	{packages: "reconciler/agent/*", ours: []string{"reconciler/provider", "reconciler/agent/properties"}}, // a protocol each
	{packages: "reconciler/status", ours: []string{"schema", "policies", "reconciler/diff"}},
	{packages: "reconciler/integrations", ours: []string{"schema", "reconciler/ledger", "reconciler/seal"}},
	{packages: "reconciler/integrations/gitlab/hook", ours: nil},
	{packages: "reconciler/integrations/gitlab/gitlabtest", ours: []string{"schema"}},
	{packages: "reconciler/integrations/gitlab/gitlabtest/team", ours: []string{"schema", "reconciler/signing", "reconciler/gitrepo", "reconciler/integrations/gitlab/gitlabtest"}},
	{packages: "reconciler/integrations/*", ours: []string{
		"schema", "reconciler/ledger", "reconciler/seal", "reconciler/integrations",
	}},
	{packages: "reconciler/stories"}, // tests alone
	{packages: "reconciler", ours: []string{
		"schema", "policies", "reconciler/diff", "reconciler/lifecycle", "reconciler/note", "reconciler/ledger", "reconciler/journal", "reconciler/signing",
		"reconciler/seal", "reconciler/integrations",
	}},
	{packages: "cmd/sluice", ours: []string{"schema", "policies", "reconciler/..."}},
	{packages: "examples/...", ours: []string{"schema", "reconciler/provider/..."}},
	{packages: "ci/real"},
	{packages: "ci/report"},
	{packages: "ci/runner"},
	{packages: "ci/mutate"},
}

// testOnly packages of ours may be imported by test files alone, whatever the table allows.
var testOnly = []string{"ci/real", "ci/runner", "reconciler/provider/providertest", "reconciler/gitrepo/gitrepotest", "reconciler/integrations/integrationstest"}

// testSupport packages are not test files but may use what only tests may: package testing and the test SDKs.
var testSupport = []string{"ci/real", "reconciler/provider/providertest", "reconciler/integrations/integrationstest"}

// An sdk is a third-party module, or a package of one, with the packages of ours whose production code may import
// it. The longest matching path holds. No packages means that only tests may.
type sdk struct {
	path string
	by   []string
}

var sdks = []sdk{
	{"gopkg.in/yaml.v3", []string{"schema", "ci/runner"}},
	{"github.com/santhosh-tekuri/jsonschema/v6", []string{"policies"}},
	{"github.com/go-playground/validator/v10", []string{"policies"}},
	{"cel.dev/cel-go", []string{"policies"}},
	{"github.com/google/go-cmp", []string{"reconciler/diff", "policies"}},
	{"golang.org/x/mod/sumdb", []string{"reconciler/ledger"}},
	{"github.com/ProtonMail/go-crypto", []string{"reconciler/signing"}},
	{"github.com/hiddeco/sshsig", []string{"reconciler/signing"}},
	{"github.com/pjbgf/sha1cd", []string{"reconciler/signing", "reconciler/gitrepo"}},
	{"golang.org/x/crypto/ssh", []string{"reconciler/signing", "reconciler/gitrepo"}},
	{"github.com/go-git/go-git/v5", []string{"reconciler/gitrepo"}},
	{"github.com/go-git/go-billy/v5", []string{"reconciler/gitrepo"}},
	{"golang.org/x/text/unicode/norm", []string{"reconciler/gitrepo"}},
	{"github.com/xanzy/go-gitlab", []string{"reconciler/integrations/gitlab"}},
	{"golang.org/x/time/rate", []string{"reconciler/integrations/gitlab"}},
	{"go.etcd.io/etcd/api/v3", []string{"reconciler/integrations/etcd", "reconciler/provider/etcd"}},
	{"go.etcd.io/etcd/client/v3", []string{"reconciler/integrations/etcd", "reconciler/lease", "reconciler/provider/etcd"}},
	{"go.etcd.io/etcd/client/v3/concurrency", []string{"reconciler/lease"}},
	{"go.etcd.io/etcd/server/v3/embed", []string{"reconciler/integrations/etcd"}},
	{"google.golang.org/grpc", []string{"reconciler/integrations/etcd"}},
	{"go.uber.org/zap", []string{"reconciler/integrations/etcd"}},
	{"k8s.io/client-go", []string{"reconciler/integrations/configmap"}},
	{"k8s.io/api", []string{"reconciler/integrations/configmap"}},
	{"k8s.io/apimachinery", []string{"reconciler/integrations/configmap"}},
	{"go.opentelemetry.io/otel/exporters/otlp/otlptrace", []string{"reconciler/otlp"}},
	{"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp", []string{"reconciler/otlp"}},
	{"go.opentelemetry.io/proto/otlp", []string{"reconciler/otlp"}},
	{"google.golang.org/protobuf", nil},
	{"golang.org/x/net/html", nil},
	{"github.com/prometheus/client_golang", []string{"reconciler/admin"}},
	{"github.com/spf13/cobra", []string{"cmd/sluice"}},
	{"github.com/spf13/pflag", []string{"cmd/sluice"}},
	{"golang.org/x/term", []string{"cmd/sluice"}},
	{"golang.org/x/sys/unix", []string{"cmd/sluice"}},
	{"github.com/rogpeppe/go-internal", nil},
	{"go.uber.org/goleak", nil},
	{"pgregory.net/rapid", nil},
	{"golang.org/x/mod/modfile", nil},
}

// impure is what a pure package decides without. (net/netip, net/url and the like are values and stay allowed.)
var impure = []string{"net", "net/http", "os", "os/exec", "os/signal", "syscall", "log", "log/slog", "math/rand", "database/sql"}

// TestLayers reads every Go file of the module, whatever its build constraints, and holds it to the table above.
func TestLayers(t *testing.T) {
	sources := readModule(t)
	if len(sources) == 0 {
		t.Fatal("no Go file found: the check would check nothing")
	}
	for _, v := range check(sources) {
		t.Error(v)
	}
}

// TestTableNamesNothingTwice keeps the table honest: a row that an earlier one hides would never be asked.
func TestTableNamesNothingTwice(t *testing.T) {
	for i, l := range layers {
		folder := sampleFolder(l.packages)
		if got := rowOf(folder); got != &layers[i] {
			t.Errorf("layers: %s is judged by the row %s; move the narrower row up", l.packages, got.packages)
		}
	}
	seen := map[string]bool{}
	for _, s := range sdks {
		if seen[s.path] {
			t.Errorf("sdks: %s is listed twice", s.path)
		}
		seen[s.path] = true
		for _, by := range s.by {
			if rowOf(by) == nil {
				t.Errorf("sdks: %s is granted to %s, which no layer names", s.path, by)
			}
		}
	}
}
