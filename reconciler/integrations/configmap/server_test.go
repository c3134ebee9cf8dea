package configmap_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"go.uber.org/goleak"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	apischema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
)

// shared is the one API server of all tests here: it takes seconds to start.
var shared struct {
	real.Lasting
	once   sync.Once
	server *real.KubernetesServer
	n      int
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(shared.Around(m)) }

// cluster is the real API server as an administrator sees it.
type cluster struct {
	server *real.KubernetesServer
	api    dynamic.Interface
}

func serverOf(t *testing.T) cluster {
	t.Helper()
	real.Binary(t, "kube-apiserver")
	shared.once.Do(func() { shared.server = real.Kubernetes(shared.TB(t)) })
	return connect(t, shared.server)
}

func connect(t *testing.T, server *real.KubernetesServer) cluster {
	t.Helper()
	config := &rest.Config{Host: server.URL, BearerToken: server.Token(), QPS: -1, UserAgent: "administrator", WarningHandler: rest.NoWarnings{}}
	config.CAFile = server.CAFile
	client, err := rest.HTTPClientFor(config)
	must(t, err)
	t.Cleanup(client.CloseIdleConnections)
	api, err := dynamic.NewForConfigAndClient(config, client)
	must(t, err)
	return cluster{server, api}
}

// namespace makes a namespace that no other test has.
func (c cluster) namespace(t *testing.T) string {
	t.Helper()
	shared.n++
	name := fmt.Sprintf("t%d", shared.n)
	c.make(t, resource("namespaces"), "", map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}})
	return name
}

func resource(name string) apischema.GroupVersionResource {
	if group, name, ok := strings.Cut(name, "/"); ok {
		return apischema.GroupVersionResource{Group: group, Version: "v1", Resource: name}
	}
	return apischema.GroupVersionResource{Version: "v1", Resource: name}
}

func (c cluster) in(resource apischema.GroupVersionResource, namespace string) dynamic.ResourceInterface {
	if namespace == "" {
		return c.api.Resource(resource)
	}
	return c.api.Resource(resource).Namespace(namespace)
}

func (c cluster) make(t *testing.T, resource apischema.GroupVersionResource, namespace string, object map[string]any) {
	t.Helper()
	_, err := c.in(resource, namespace).Create(context.WithoutCancel(t.Context()), &unstructured.Unstructured{Object: object}, metav1.CreateOptions{FieldManager: "human"})
	must(t, err)
}

// settings are the operator's, for an administrator.
func (c cluster) settings() map[string]string {
	return map[string]string{"endpoints": c.server.URL, "ca_file": c.server.CAFile, "token_file": c.server.TokenFile}
}

// held is one object, of either kind.
type held struct {
	c         cluster
	kind      string // configmaps or secrets
	namespace string
	name      string
}

func (h held) objects() dynamic.ResourceInterface { return h.c.in(resource(h.kind), h.namespace) }

// get reads the object; nil if there is none.
func (h held) get(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	o, err := h.objects().Get(t.Context(), h.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	must(t, err)
	return o
}

func (h held) data(t *testing.T) map[string][]byte {
	t.Helper()
	o := h.get(t)
	if o == nil {
		return nil
	}
	out := map[string][]byte{}
	for _, field := range []string{"data", "binaryData"} {
		values, _, err := unstructured.NestedStringMap(o.Object, field)
		must(t, err)
		for key, value := range values {
			out[key] = []byte(value)
			if field == "binaryData" || h.kind == "secrets" {
				data, err := base64.StdEncoding.DecodeString(value)
				must(t, err)
				out[key] = data
			}
		}
	}
	return out
}

// patch is a merge patch by somebody else.
func (h held) patch(t *testing.T, patch any) {
	t.Helper()
	text, err := json.Marshal(patch)
	must(t, err)
	_, err = h.objects().Patch(t.Context(), h.name, types.MergePatchType, text, metav1.PatchOptions{FieldManager: "human"})
	must(t, err)
}

// put writes one key as somebody else, and makes the object if there is none. A nil value takes the key away.
func (h held) put(t *testing.T, key string, value []byte) {
	t.Helper()
	field, other, encoded := "data", "binaryData", any(string(value))
	if h.kind == "secrets" || !utf8.Valid(value) {
		encoded = base64.StdEncoding.EncodeToString(value)
	}
	if h.kind != "secrets" && !utf8.Valid(value) {
		field, other = other, field
	}
	if value == nil {
		encoded = nil
	}
	if h.get(t) == nil {
		kind := map[string]string{"configmaps": "ConfigMap", "secrets": "Secret"}[h.kind]
		h.c.make(t, resource(h.kind), h.namespace, map[string]any{"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"name": h.name}})
	}
	patch := map[string]any{field: map[string]any{key: encoded}}
	if h.kind != "secrets" {
		patch[other] = map[string]any{key: nil}
	}
	h.patch(t, patch)
}

func (h held) drop(t *testing.T) {
	t.Helper()
	must(t, h.objects().Delete(t.Context(), h.name, metav1.DeleteOptions{}))
}

// again deletes the object and makes it as change wants it: the only way to change an immutable one.
func (h held) again(t *testing.T, change func(o *unstructured.Unstructured)) {
	t.Helper()
	o := h.get(t)
	h.drop(t)
	o.SetResourceVersion("")
	o.SetUID("")
	o.SetManagedFields(nil)
	change(o)
	_, err := h.objects().Create(t.Context(), o, metav1.CreateOptions{FieldManager: "human"})
	must(t, err)
}

func open(t *testing.T, spec integrations.Spec) integrations.Target {
	t.Helper()
	target, err := configmap.New(spec)
	must(t, err)
	return target
}

// openKeeper opens a target as the list of integrations does.
func openKeeper(t *testing.T, spec integrations.Spec) integrations.Target {
	t.Helper()
	opened, err := configmap.Integration().Target(t.Context(), spec)
	must(t, err)
	return opened
}

func target(t *testing.T, settings map[string]string) *configmap.Target {
	t.Helper()
	opened := open(t, integrationstest.Spec("configmap", settings)).(*configmap.Target)
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

func version(o *unstructured.Unstructured) string {
	if o == nil {
		return "none"
	}
	return o.GetName() + "@" + o.GetResourceVersion()
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
