package configmap_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

const manifests = "../../../examples/deploy/kubernetes/"

// TestLeastPrivilege applies the manifests of the examples and works with the account that they make, in both modes; with any
// right fewer something is refused, and says what.
func TestLeastPrivilege(t *testing.T) {
	for _, without := range []string{
		"", "configmaps get", "configmaps create", "configmaps patch", "configmaps list", "configmaps watch",
		"configmaps delete", "pods list", "replicasets list",
	} {
		t.Run(strings.TrimSpace("without "+without), func(t *testing.T) {
			d := deskOf(t, "mode", "rolling")
			d.apply(t, "account.yaml", "")
			d.apply(t, "role.yaml", without)
			d.apply(t, "role-rolling.yaml", without)
			d.awaitRights(t, without)
			d.actAs(t)
			refused := d.work(t)
			if without == "" && len(refused) > 0 || without != "" && !slices.Contains(refused, without) {
				t.Errorf("refused %q", refused)
			}
		})
	}
}

// apply makes what a manifest has, in the desk's namespace where it names none, without one right.
func (d *desk) apply(t *testing.T, name, without string) {
	t.Helper()
	f, err := os.Open(manifests + name)
	must(t, err)
	defer f.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(f, 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := decoder.Decode(&o.Object); errors.Is(err, io.EOF) {
			return
		} else {
			must(t, err)
		}
		rules, _, _ := unstructured.NestedSlice(o.Object, "rules")
		rules = slices.DeleteFunc(rules, func(rule any) bool { return take(rule.(map[string]any), without) })
		if len(rules) > 0 {
			must(t, unstructured.SetNestedSlice(o.Object, rules, "rules"))
		}
		where := map[string]string{"Namespace": "namespaces", "ServiceAccount": "serviceaccounts", "Role": "rbac.authorization.k8s.io/roles", "RoleBinding": "rbac.authorization.k8s.io/rolebindings"}
		namespace := map[string]string{"Namespace": "", "ServiceAccount": "sluice", "Role": d.stage["namespace"], "RoleBinding": d.stage["namespace"]}
		_, err := d.in(resource(where[o.GetKind()]), namespace[o.GetKind()]).Apply(t.Context(), o.GetName(), o, metav1.ApplyOptions{FieldManager: "human"})
		must(t, err)
	}
}

// take takes one right out of a rule, and reports whether none is left.
func take(rule map[string]any, without string) bool {
	noun, verb, _ := strings.Cut(without, " ")
	resources, _, _ := unstructured.NestedStringSlice(rule, "resources")
	verbs, _, _ := unstructured.NestedSlice(rule, "verbs")
	if slices.Contains(resources, noun) {
		verbs = slices.DeleteFunc(verbs, func(v any) bool { return v == verb })
		rule["verbs"] = verbs
	}
	return len(verbs) == 0
}

// awaitRights waits until the server knows the roles: it learns of them as everybody does.
func (d *desk) awaitRights(t *testing.T, without string) {
	t.Helper()
	limit := time.After(time.Minute)
	for _, right := range []string{
		"configmaps get", "configmaps create", "configmaps patch", "configmaps list", "configmaps watch", "configmaps delete", "pods list", "replicasets list",
	} {
		for d.may(t, right) != (right != without) {
			select {
			case <-limit:
				t.Fatalf("%s: not as the roles say", right)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

func (d *desk) may(t *testing.T, right string) bool {
	t.Helper()
	noun, verb, _ := strings.Cut(right, " ")
	attributes := map[string]any{"namespace": d.stage["namespace"], "verb": verb, "resource": noun}
	if noun == "replicasets" {
		attributes["group"] = "apps"
	}
	answer, err := d.in(resource("authorization.k8s.io/subjectaccessreviews"), "").Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
		"spec": map[string]any{"user": "system:serviceaccount:sluice:sluice", "resourceAttributes": attributes},
	}}, metav1.CreateOptions{})
	must(t, err)
	allowed, _, _ := unstructured.NestedBool(answer.Object, "status", "allowed")
	return allowed
}

// actAs opens the desk's target again, with a token of the account.
func (d *desk) actAs(t *testing.T) {
	t.Helper()
	answer, err := d.in(resource("serviceaccounts"), "sluice").Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": map[string]any{"name": "sluice"}, "spec": map[string]any{"audiences": []any{"https://kubernetes.test"}},
	}}, metav1.CreateOptions{}, "token")
	must(t, err)
	token, _, _ := unstructured.NestedString(answer.Object, "status", "token")
	file := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(file, []byte(token), 0o600))
	settings := d.cluster.settings()
	settings["token_file"] = file
	d.open(t, settings)
}

// work does all that a target does, and says which rights it lacked.
func (d *desk) work(t *testing.T) []string {
	t.Helper()
	var refused []string
	note := func(err error) {
		if err == nil {
			return
		}
		if !errors.Is(err, integrations.ErrForbidden) || !strings.Contains(err.Error(), "bind the role in this namespace") {
			t.Errorf("got %v, want ErrForbidden and what to do", err)
		}
		refused = append(refused, rightOf(err.Error()))
	}
	for seq := range int64(11) {
		_, err := d.Write(t.Context(), d.release(seq+1, map[string]string{"app.yaml": "a: 1"}))
		note(err)
		if err != nil {
			break
		}
	}
	d.now = d.now.Add(48 * time.Hour)
	if _, err := d.Write(t.Context(), d.release(12, map[string]string{"app.yaml": "a: 2"})); err != nil {
		note(err)
	}
	if log := d.log.String(); strings.Contains(log, "left old releases") {
		refused = append(refused, rightOf(log))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	place := integrations.Place{Stage: "production", Settings: d.stage}
	note(d.Watch(ctx, []integrations.Place{place}, func(schema.Cell) {
		cancel()
	}))
	return refused
}

// rightOf finds in the server's words which right was missing.
func rightOf(text string) string {
	for _, right := range []string{"get", "create", "patch", "watch", "delete"} {
		if strings.Contains(text, "cannot "+right+" resource") {
			return "configmaps " + right
		}
	}
	for _, noun := range []string{"configmaps", "pods", "replicasets"} {
		if strings.Contains(text, `cannot list resource \"`+noun) || strings.Contains(text, `cannot list resource "`+noun) {
			return noun + " list"
		}
	}
	return text
}
