package configmap_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
)

func TestErrorsOfSettingsNameTheFieldAndTheFile(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	token := file("token", "abc\n")
	kubeconfig := func(name, rest string) string {
		return file(name, "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {token: t}}]\n"+
			"contexts: [{name: here, context: {cluster: c, user: u}}]\n"+rest)
	}
	for _, row := range []struct {
		sentence string
		settings map[string]string
		says     []string // none: it is good
	}{
		{"a token of one line is one", map[string]string{"endpoints": "https://h:1", "token_file": token}, nil},
		{"no token file", map[string]string{"endpoints": "https://h:1", "token_file": "/nope/token"}, []string{"token_file /nope/token: no such file"}},
		{"two lines are no token", map[string]string{"endpoints": "https://h:1", "token_file": file("two", "abc\ndef\n")}, []string{"token_file " + dir + "/two: want a token, one line"}},
		{"nothing is no token", map[string]string{"endpoints": "https://h:1", "token_file": file("none", "\n")}, []string{"token_file " + dir + "/none: want a token"}},
		{"no ca file", map[string]string{"endpoints": "https://h:1", "token_file": token, "ca_file": "/nope/ca.pem"}, []string{"ca_file /nope/ca.pem: no such file"}},
		{"a ca file of something else", map[string]string{"endpoints": "https://h:1", "token_file": token, "ca_file": token}, []string{"ca_file " + token + ": no certificate in it"}},
		{"a kubeconfig with a context", map[string]string{"kubeconfig_file": kubeconfig("good", "current-context: here\n")}, nil},
		{"a kubeconfig without", map[string]string{"kubeconfig_file": kubeconfig("bad", "")}, []string{"kubeconfig_file " + dir + "/bad: no current-context in it", "write context:"}},
		{"a context that is named beside it", map[string]string{"kubeconfig_file": kubeconfig("beside", ""), "context": "here"}, nil},
		{"a context that is not in it", map[string]string{"kubeconfig_file": kubeconfig("other", ""), "context": "there"}, []string{`no context "there" in it`}},
		{"no kubeconfig", map[string]string{"kubeconfig_file": "/nope/config"}, []string{"kubeconfig_file /nope/config: no such file"}},
		{"a template that is mistyped", map[string]string{"kubeconfig_file": kubeconfig("stge", "current-context: here\n"), "namespace": "{stge}"}, []string{`namespace "{stge}": want {stage} and {app}`}},
	} {
		_, err := configmap.New(integrationstest.Spec("configmap", row.settings))
		if (err == nil) != (row.says == nil) {
			t.Errorf("%s: got %v", row.sentence, err)
			continue
		}
		for _, want := range row.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is not in %q", row.sentence, want, err)
			}
		}
	}
}

// TestAnObjectThatCannotBeAskedFor: the operator's file is what is wrong, not the content.
func TestAnObjectThatCannotBeAskedFor(t *testing.T) {
	for _, settings := range []map[string]string{
		{"endpoints": "https://h:1", "token_file": "/nope/token"}, {"kubeconfig_file": "/nope/kubeconfig"}, {"endpoints": "http://h:1", "token_file": "/nope/token"},
	} {
		_, err := configmap.ReadObject(t.Context(), settings, configmap.Object{Namespace: "production", Name: "pay-config"})
		if !errors.Is(err, integrations.ErrSettings) {
			t.Errorf("%v: got %v, want ErrSettings", settings, err)
		}
	}
}
