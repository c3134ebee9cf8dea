package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
)

// TestConfigMapsAreImported reads a namespace of the real API server: what people keep is taken, what others make is left.
func TestConfigMapsAreImported(t *testing.T) {
	server := real.Kubernetes(t)
	ask := func(path, body string) {
		t.Helper()
		if status, answer := server.Ask(http.MethodPost, path, body); status >= http.StatusMultipleChoices {
			t.Fatalf("%s: %d\n%s", path, status, answer)
		}
	}
	ask("/api/v1/namespaces", `{"metadata":{"name":"old"}}`)
	for _, object := range []string{
		`{"metadata":{"name":"shop-config"},"data":{"app.yaml":"a: 1\r\n","empty":""},"binaryData":{"logo":"AP8="}}`,
		`{"metadata":{"name":"team.web"},"data":{"app.properties":"a=1"}}`,
		`{"metadata":{"name":"ours-config","labels":{"app.kubernetes.io/managed-by":"sluice"}},"data":{"a":"1"}}`,
		`{"metadata":{"name":"lock","annotations":{"control-plane.alpha.kubernetes.io/leader":"x"}},"data":{"a":"1"}}`,
		`{"metadata":{"name":"made","ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"p","uid":"1"}]},"data":{"a":"1"}}`,
		`{"metadata":{"name":"nothing"}}`,
	} {
		ask("/api/v1/namespaces/old/configmaps", object)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "kubeconfig")
	put := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(filepath.Join(dir, "sluice.yaml"), "version: 1\nlayout: directory\ntargets:\n  configmap: {}\nstages: default\n")
	put(config, `{"apiVersion":"v1","kind":"Config","current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],`+
		`"clusters":[{"name":"c","cluster":{"server":"`+server.URL+`","certificate-authority":"`+server.CAFile+`"}}],"users":[{"name":"u","user":{"tokenFile":"`+server.TokenFile+`"}}]}`)
	sluice := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := call(t.Context(), os.Getenv, append([]string{"-C", dir, "import", "configmap"}, append(args, "--kubeconfig", config, "--stage", "production")...)...)
		if code != want {
			t.Fatalf("%q: exit %d, want %d\n%s%s", args, code, want, out, errs)
		}
		return out + errs
	}
	out := sluice(exitNo, "old")
	for _, want := range []string{"left     old/ours-config: sluice delivers it already", "left     old/lock: a lock", "left     old/made: Pod p owns it", "left     old/nothing: it holds nothing", "old/team.web/app.properties: error[name]"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not say %q:\n%s", want, out)
		}
	}
	sluice(exitDone, "old/shop-config", "--write")
	sluice(exitDone, "old/team.web", "--app", "web", "--write")
	for path, want := range map[string]string{"shop/app.yaml": "a: 1\r\n", "shop/empty": "", "shop/logo": "\x00\xff", "web/app.properties": "a=1"} {
		if got, err := os.ReadFile(filepath.Join(dir, "stages/production", path)); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
		}
	}
	if out := sluice(exitUsage, "old/none"); !strings.Contains(out, "there is no such ConfigMap") {
		t.Errorf("an object that is not there:\n%s", out)
	}
}
