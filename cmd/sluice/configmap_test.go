package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
)

// cluster is a project whose stages are delivered to a real API server.
type cluster struct {
	*project
	server    *real.KubernetesServer
	operator  string
	namespace string // of the first stage
}

// TestAClusterIsDelivered: from merge requests to ConfigMaps, back by trace, drift found, named and healed, and doctor knows
// what is missing.
func TestAClusterIsDelivered(t *testing.T) {
	server := real.Kubernetes(t)
	for _, mode := range []string{"inplace", "rolling"} {
		t.Run(mode, func(t *testing.T) { clusterOf(t, server, mode).story(t, mode) })
	}
}

// clusterOf is a project of a mode, with namespaces that are called after it by the operator.
func clusterOf(t *testing.T, server *real.KubernetesServer, mode string) *cluster {
	t.Helper()
	program, err := exec.LookPath("sluice")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(fmt.Sprintf(sixLines, "cluster"), "cluster: {}", "cluster: {mode: "+mode+"}", 1)
	p, err := newProject(t.Context(), t.TempDir(), program, text)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.forge.Close() })
	operator, err := p.operatorFile("state", fmt.Sprintf("cluster: {kind: configmap, namespace: '{stage}-%s', endpoints: [%q], token_file: %s, ca_file: %s, settings: {checkpoints: default}}", mode, server.URL, server.TokenFile, server.CAFile))
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{p, server, operator, "development-" + mode}
}

// sluice runs a command in ann's clone and wants an exit code.
func (c *cluster) sluice(t *testing.T, want int, args ...string) string {
	t.Helper()
	code, out, errs := call(t.Context(), os.Getenv, append([]string{"-C", c.team.Person("ann").Dir()}, args...)...)
	if code != want {
		t.Fatalf("sluice %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, want, out, errs)
	}
	return out + errs
}

func (c *cluster) pass(t *testing.T, want int) string {
	t.Helper()
	out := c.sluice(t, want, "run", "--once", "--config", c.operator)
	if err := c.team.Person("ann").Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *cluster) bringLimit(t *testing.T, value int) {
	t.Helper()
	if _, err := c.bring(t.Context(), "development", fmt.Sprintf("limit %d", value), limit(value)); err != nil {
		t.Fatal(err)
	}
}

// ask wants a request to succeed.
func (c *cluster) ask(t *testing.T, method, path, body string) string {
	t.Helper()
	status, answer := c.server.Ask(method, path, body)
	if status >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %d\n%s", method, path, status, answer)
	}
	return answer
}

func (c *cluster) story(t *testing.T, mode string) {
	ann := c.team.Person("ann")
	if err := ann.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.sluice(t, exitDone, "init", "--seal")
	c.bringLimit(t, 5000)
	if out := c.pass(t, exitUsage); !strings.Contains(out, "the namespace is not there; make it") {
		t.Errorf("without the namespace:\n%s", out)
	}
	doctor := c.sluice(t, exitNo, "doctor", "--config", c.operator)
	if !strings.Contains(doctor, "the namespace is not there; make it") {
		t.Errorf("doctor:\n%s", doctor)
	}
	c.ask(t, http.MethodPost, "/api/v1/namespaces", fmt.Sprintf(`{"metadata":{"name":%q}}`, c.namespace))
	c.pass(t, exitDone)
	object := "/api/v1/namespaces/" + c.namespace + "/configmaps/payments-config"
	if got := c.ask(t, http.MethodGet, object, ""); !strings.Contains(got, `"app.kubernetes.io/managed-by":"sluice"`) {
		t.Errorf("delivered:\n%s", got)
	}
	if got := c.ask(t, http.MethodGet, "/api/v1/namespaces/default/configmaps", ""); !strings.Contains(got, `"name":"sluice-checkpoint-`) {
		t.Errorf("no checkpoint is kept:\n%s", got)
	}
	c.traces(t, mode)
	c.proves(t)
	c.heals(t, mode, object)
}

// traces leads from the object back to the line and the people.
func (c *cluster) traces(t *testing.T, mode string) {
	out := c.sluice(t, exitDone, "trace", "configmap:"+c.namespace+"/payments-config/app.yaml", "--config", c.operator)
	says := []string{"as admitted", "stages/development/payments/app.yaml at commit", "signed by ann", "resource version"}
	if mode == "rolling" { // the object of that name only points to the one with the files
		says = append(says, c.namespace+"/"+c.current(t)+", which payments-config names now")
	}
	for _, want := range says {
		if !strings.Contains(out, want) {
			t.Errorf("trace does not say %q:\n%s", want, out)
		}
	}
	if out := c.sluice(t, exitDone, "trace", "configmap:"+c.namespace+"/payments-config", "--config", c.operator); !strings.Contains(out, "as admitted") {
		t.Errorf("trace of the object:\n%s", out)
	}
	if out := c.sluice(t, exitDone, "trace", "configmap:"+c.namespace+"/payments-config", "-o", "json", "--config", c.operator); !strings.Contains(out, `"state":"admitted"`) {
		t.Errorf("trace as JSON:\n%s", out)
	}
	if out := c.sluice(t, exitUsage, "trace", "configmap:"+c.namespace+"/other", "--config", c.operator); !strings.Contains(out, "no app of this project is delivered to "+c.namespace+"/other") {
		t.Errorf("trace of another object:\n%s", out)
	}
}

// proves holds the objects to the ledger by what kubectl prints, as they are and with another value.
func (c *cluster) proves(t *testing.T) {
	t.Helper()
	if err := c.team.Person("ann").Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	printed := kubectlPrints(t, []byte(c.ask(t, http.MethodGet, "/api/v1/namespaces/"+c.namespace+"/configmaps", "")))
	dump := filepath.Join(t.TempDir(), "objects.json")
	for _, row := range []struct {
		old, with string
		exit      int
		want      string
	}{
		{"", "", exitDone, "proven: "},
		{`"app.yaml":"`, `"app.yaml":"by-hand: true\n`, exitTampered, "drift"},
		{`"name":"payments-config"`, `"name":"elsewhere-config"`, exitTampered, "missing at target cluster"},
	} {
		text := strings.ReplaceAll(string(printed), row.old, row.with)
		if row.old == "" {
			text = string(printed)
		}
		if err := os.WriteFile(dump, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := c.sluice(t, row.exit, "audit", "verify", "--anchor", string(c.team.Anchor()), "--state", dump); !strings.Contains(out, row.want) {
			t.Errorf("with %q for %q, audit verify does not say %q:\n%s", row.with, row.old, row.want, out)
		}
	}
}

// heals changes the object as somebody else would.
func (c *cluster) heals(t *testing.T, mode, object string) {
	key := map[string]string{"inplace": "app.yaml", "rolling": "current"}[mode]
	c.ask(t, http.MethodPatch, object+"?fieldManager=mallory", fmt.Sprintf(`{"data":{%q:"by hand","note":"mine"}}`, key))
	out := c.sluice(t, exitNo, "trace", "configmap:"+c.namespace+"/payments-config/"+key, "--config", c.operator)
	if !strings.Contains(out, "not what was admitted") || !strings.Contains(out, "written by mallory too") {
		t.Errorf("trace of the changed key:\n%s", out)
	}
	out = c.sluice(t, exitNo, "trace", "configmap:"+c.namespace+"/payments-config/note", "--config", c.operator)
	if !strings.Contains(out, "nobody's here") || strings.Contains(out, "held by") {
		t.Errorf("trace of somebody's key:\n%s", out)
	}
	// The head is still the signed one: it vouches for nothing that is not what it names.
	out = c.sluice(t, exitNo, "trace", "configmap:"+c.namespace+"/payments-config", "--config", c.operator)
	if !strings.Contains(out, "what is beside the head is not") {
		t.Errorf("trace of the object with a changed key:\n%s", out)
	}
	if mode == "rolling" { // a name of the right form
		c.ask(t, http.MethodPatch, object+"?fieldManager=mallory", `{"data":{"current":"payments-config-0123456789"}}`)
		c.sluice(t, exitNo, "trace", "configmap:"+c.namespace+"/payments-config/current", "--config", c.operator)
	}
	c.pass(t, exitNo)
	if out := c.sluice(t, exitDone, "history", "payments", "-o", "json"); !strings.Contains(out, `"by":"mallory"`) {
		t.Errorf("the ledger does not name who changed it:\n%s", out)
	}
	got := c.ask(t, http.MethodGet, object, "")
	if strings.Contains(got, "by hand") || !strings.Contains(got, `"note":"mine"`) {
		t.Errorf("healed:\n%s", got)
	}
	c.sluice(t, exitDone, "trace", "configmap:"+c.namespace+"/payments-config/app.yaml", "--config", c.operator)
	if mode == "rolling" {
		c.older(t, object)
	}
}

// older traces an immutable object that another release has replaced.
func (c *cluster) older(t *testing.T, object string) {
	t.Helper()
	before := c.current(t)
	c.bringLimit(t, 6000)
	c.pass(t, exitDone)
	now := c.current(t)
	for name, want := range map[string]string{before: "as admitted before", now: "as admitted"} {
		for _, key := range []string{"", "/app.yaml"} {
			out := c.sluice(t, exitDone, "trace", "configmap:"+c.namespace+"/"+name+key, "--config", c.operator)
			if !strings.Contains(out, want) {
				t.Errorf("trace of %s%s does not say %q:\n%s", name, key, want, out)
			}
		}
	}
	c.elsewhere(t, object, before)
}

// elsewhere traces a file by the name of the pointer while that names another release, and one that is not there.
func (c *cluster) elsewhere(t *testing.T, object, before string) {
	t.Helper()
	for name, want := range map[string]string{before: "not what was admitted", "payments-config-0123456789": "not there, and should be"} {
		c.ask(t, http.MethodPatch, object+"?fieldManager=mallory", fmt.Sprintf(`{"data":{"current":%q}}`, name))
		out := c.sluice(t, exitNo, "trace", "configmap:"+c.namespace+"/payments-config/app.yaml", "--config", c.operator)
		if !strings.Contains(out, want) {
			t.Errorf("trace of app.yaml where the pointer names %s does not say %q:\n%s", name, want, out)
		}
	}
}

// current is the immutable object that the pointer names.
func (c *cluster) current(t *testing.T) string {
	t.Helper()
	return between(c.ask(t, http.MethodGet, "/api/v1/namespaces/"+c.namespace+"/configmaps/payments-config", ""), `"current":"`, `"`)
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	got, _, _ := strings.Cut(rest, after)
	return got
}
