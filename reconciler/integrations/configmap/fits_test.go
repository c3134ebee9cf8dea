package configmap_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// nowhere is a target whose server is never asked.
func nowhere(t *testing.T, more map[string]string) *configmap.Target {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(token, []byte("secret"), 0o600))
	settings := map[string]string{"endpoints": "https://127.0.0.1:1", "token_file": token}
	for name, value := range more {
		settings[name] = value
	}
	return target(t, settings)
}

func release(app schema.App, seq int64, files map[string]string) integrations.Release {
	return integrationstest.Release(integrationstest.Cell(app), seq, files)
}

// TestPlaces: what is refused is refused before any server is asked.
func TestPlaces(t *testing.T) {
	long := schema.App(strings.Repeat("a", 63) + "/" + strings.Repeat("b", 63) + "/" + strings.Repeat("c", 63) + "/" + strings.Repeat("d", 63))
	for _, row := range []struct {
		sentence        string
		app             schema.App
		operator, stage map[string]string
		place, why      string
	}{
		{"the namespace is the stage by default", "pay", nil, nil, "production/pay-config", ""},
		{"a slash becomes a dot, which no segment has", "payments/ledger", nil, nil, "production/payments.ledger-config", ""},
		{"templates", "pay", nil, map[string]string{"namespace": "shop-{stage}", "name": "{app}"}, "shop-production/pay", ""},
		{"a namespace for each app", "pay", nil, map[string]string{"namespace": "{app}", "name": "config"}, "pay/config", ""},
		{"an app of two segments has no namespace of its own", "a/b", nil, map[string]string{"namespace": "{app}"}, "", `namespace "a.b"`},
		{"one object for all apps", "pay", nil, map[string]string{"name": "config"}, "", "without {app}"},
		{"the operator's namespace", "pay", map[string]string{"namespace": "shop"}, nil, "shop/pay-config", ""},
		{"a stage that wants another than the operator's", "pay", map[string]string{"namespace": "shop"}, map[string]string{"namespace": "kube-system"}, "", "operator's file says shop"},
		{"a name that Kubernetes cannot have", "pay", nil, map[string]string{"name": "{app}_config"}, "", `name "pay_config"`},
		{"a name without room for the hash", long, nil, nil, "", "at most 242"},
		{"a template nobody fills", "pay", nil, map[string]string{"name": "{app}-{region}"}, "", `name "{app}-{region}"`},
		{"a mode that there is not", "pay", nil, map[string]string{"mode": "blue-green"}, "", "want inplace or rolling"},
		{"a kind that there is not", "pay", nil, map[string]string{"kind": "Secret"}, "", "want configmap or secret"},
		{"a setting that there is not", "pay", nil, map[string]string{"namespaces": "x"}, "", "a stage has: namespace, name, mode, kind"},
	} {
		want := release(row.app, 1, map[string]string{"app.yaml": "a: 1"})
		want.Settings = row.stage
		target := nowhere(t, row.operator)
		v := target.Fits(want)
		if (v.Outcome == schema.Allow) != (row.why == "") || !strings.Contains(v.Args["why"], row.why) {
			t.Errorf("%s: %+v, want %q", row.sentence, v, row.why)
		}
		if row.why != "" {
			if _, err := target.Write(t.Context(), want); !errors.Is(err, integrations.ErrInvalid) {
				t.Errorf("%s: got %v, want ErrInvalid", row.sentence, err)
			}
			continue
		}
		if o, err := target.Read(t.Context(), want); !errors.Is(err, integrations.ErrUnavailable) || o.Place != row.place {
			t.Errorf("%s: place %s, %v, want %s", row.sentence, o.Place, err, row.place)
		}
	}
}

// TestKeys: every file has a key of its own that Kubernetes can have, or nothing is admitted.
func TestKeys(t *testing.T) {
	target := nowhere(t, nil)
	for _, row := range []struct {
		paths []string
		why   string
	}{
		{[]string{"app.yaml", "conf/db.yaml", "a_b/c.yaml", ".env"}, ""},
		{[]string{"a/b", "a__b"}, "both have the key a__b"},
		{[]string{"a/b__c", "a__b/c"}, "both have the key a__b__c"},
		{[]string{"ümlaut.yaml"}, "rename it"},
		{[]string{"..data"}, "rename it"},
		{[]string{"../x"}, "rename it"},
		{[]string{strings.Repeat("a", 254)}, "at most 253"},
		{[]string{".sluice.json"}, "the target's own"},
		{[]string{".sluice.document"}, "the target's own"},
	} {
		files := map[string]string{}
		for _, path := range row.paths {
			files[path] = "x"
		}
		v := target.Fits(release("pay", 1, files))
		if (v.Outcome == schema.Allow) != (row.why == "") || !strings.Contains(v.Args["why"], row.why) {
			t.Errorf("%q: %+v, want %q", row.paths, v, row.why)
		}
	}
	other := release("pay", 1, map[string]string{"a": "x"})
	other.Files["a"] = []byte("y")
	if _, err := target.Write(t.Context(), other); !errors.Is(err, integrations.ErrInvalid) {
		t.Errorf("a file that is not the manifest's: got %v, want ErrInvalid", err)
	}
}

// TestTooLarge: the largest release is one that the server takes, and a larger one never reaches it.
func TestTooLarge(t *testing.T) {
	c := serverOf(t)
	target := target(t, c.settings())
	stage := map[string]string{"namespace": c.namespace(t)}
	// A file of n bytes has about 4/3 n more in the document.
	fits := func(n int) integrations.Release {
		want := release("pay", 1, map[string]string{"app.bin": strings.Repeat("\xff", n)})
		want.Settings = stage
		return want
	}
	n := 100_000
	for ; target.Fits(fits(n+1000)).Outcome == schema.Allow; n += 1000 {
	}
	_, err := target.Write(t.Context(), fits(n))
	must(t, err)
	over := fits(n + 1000)
	over.Seq = 2
	if _, err := target.Write(t.Context(), over); !errors.Is(err, integrations.ErrTooLarge) || !strings.Contains(err.Error(), "split the app") {
		t.Errorf("got %v, want ErrTooLarge and what to do", err)
	}
	beside := fits(n)
	beside.Seq, beside.Gray = 3, &integrations.Gray{Document: make([]byte, 1000)}
	if _, err := target.Write(t.Context(), beside); !errors.Is(err, integrations.ErrTooLarge) {
		t.Errorf("what some instances get beside it: got %v, want ErrTooLarge", err)
	}
	if v := target.Fits(over); v.Code != integrations.CodeTooLarge || v.Args["limit"] != fmt.Sprint(configmap.MaxData) {
		t.Errorf("verdict %+v", v)
	}
	v := target.Fits(beside)
	if size, err := strconv.Atoi(v.Args["size"]); err != nil || size <= configmap.MaxData {
		t.Errorf("with what some instances get it has %q bytes, of at most %d", v.Args["size"], configmap.MaxData)
	}
	if text := v.Code.Message(v.Args); !strings.Contains(text, v.Args["size"]+" bytes, the limit is "+v.Args["limit"]) {
		t.Errorf("people read %q, without size and limit", text)
	}
}

// TestSettings: what the operator wrote wrong is said before anything is asked.
func TestSettings(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		return filepath.Join(dir, name)
	}
	token := file("token", "t")
	kubeconfig := func(server, more string) string {
		return file("kubeconfig", "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: '"+server+"'"+more+
			"}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nusers: [{name: a, user: {token: t}}]\n")
	}
	for _, row := range []struct {
		sentence string
		settings func() map[string]string
		why      string
	}{
		{"a server and a token", func() map[string]string { return map[string]string{"endpoints": "https://a:6443", "token_file": token} }, ""},
		{"a kubeconfig", func() map[string]string {
			return map[string]string{"kubeconfig_file": kubeconfig("https://a:6443", "")}
		}, ""},
		{"nothing, outside a pod", func() map[string]string { return nil }, "this is no pod"},
		{"two ways at once", func() map[string]string { return map[string]string{"endpoints": "https://a", "kubeconfig_file": token} }, "give one"},
		{"a plain connection", func() map[string]string { return map[string]string{"endpoints": "http://a", "token_file": token} }, "want one API server, https"},
		{"two servers", func() map[string]string {
			return map[string]string{"endpoints": "https://a,https://b", "token_file": token}
		}, "want one API server"},
		{"no credentials", func() map[string]string { return map[string]string{"endpoints": "https://a"} }, "no credentials"},
		{"half a certificate", func() map[string]string { return map[string]string{"endpoints": "https://a", "cert_file": token} }, "belong together"},
		{"a token that is not there", func() map[string]string {
			return map[string]string{"endpoints": "https://a", "token_file": dir + "/none"}
		}, "no such file"},
		{"a token without a server", func() map[string]string { return map[string]string{"token_file": token} }, "token_file goes with endpoints"},
		{"a context without a kubeconfig", func() map[string]string { return map[string]string{"context": "a"} }, "goes with kubeconfig_file"},
		{"a context that there is not", func() map[string]string {
			return map[string]string{"kubeconfig_file": kubeconfig("https://a", ""), "context": "b"}
		}, `"b"`},
		{"a server that is not verified", func() map[string]string {
			return map[string]string{"kubeconfig_file": kubeconfig("https://a", ", insecure-skip-tls-verify: true")}
		}, "certificate that can be verified"},
		{"a kubeconfig with a plain connection", func() map[string]string { return map[string]string{"kubeconfig_file": kubeconfig("http://a", "")} }, "want https"},
		{"a namespace for checkpoints that is none", func() map[string]string {
			return map[string]string{"endpoints": "https://a", "token_file": token, "checkpoints": "A"}
		}, "want a namespace"},
		{"a misspelling", func() map[string]string {
			return map[string]string{"endpoints": "https://a", "token_file": token, "tiemout": "1s"}
		}, `unknown setting "tiemout"`},
		{"a time that is none", func() map[string]string {
			return map[string]string{"endpoints": "https://a", "token_file": token, "timeout": "0"}
		}, "want a duration"},
	} {
		opened, err := configmap.New(integrationstest.Spec("configmap", row.settings()))
		if (err == nil) != (row.why == "") || err != nil && !strings.Contains(err.Error(), row.why) {
			t.Errorf("%s: got %v, want %q", row.sentence, err, row.why)
		}
		if opened != nil {
			must(t, opened.Close())
		}
	}
}
