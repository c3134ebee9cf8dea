package configmap_test

import (
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// TestConformance asks the suite of a real API server, in both modes and of both kinds.
func TestConformance(t *testing.T) {
	for name, stage := range map[string]map[string]string{
		"inplace":           {},
		"rolling":           {"mode": "rolling"},
		"a Secret, rolling": {"kind": "secret", "mode": "rolling"},
	} {
		t.Run(name, func(t *testing.T) {
			c := serverOf(t)
			integrationstest.TestTarget(t, func(t *testing.T) integrationstest.Fixture { return c.fixture(t, stage) })
		})
	}
}

// fixture is a namespace of its own. The suite's stages share it, so their names are in the objects'.
func (c cluster) fixture(t *testing.T, modes map[string]string) integrationstest.Fixture {
	stage := map[string]string{"namespace": c.namespace(t), "name": "{stage}-{app}"}
	for name, value := range modes {
		stage[name] = value
	}
	at := func(cell schema.Cell) held {
		kind := "configmaps"
		if stage["kind"] == "secret" {
			kind = "secrets"
		}
		return held{c, kind, stage["namespace"], string(cell.Stage) + "-" + strings.ReplaceAll(string(cell.App), "/", ".")}
	}
	settings := c.settings()
	settings["checkpoints"] = stage["namespace"]
	f := integrationstest.Fixture{
		Settings: settings, Stage: stage, Open: openKeeper, Overwrites: stage["mode"] != "rolling",
		Version: func(t *testing.T, cell schema.Cell) string { return at(cell).version(t, string(cell.App)) },
		Reads: func(t *testing.T, want integrations.Release) {
			at(want.Cell).reads(t, want, stage["mode"] == "rolling")
		},
		Put: func(t *testing.T, cell schema.Cell, path string, value []byte) string {
			h := at(cell)
			h.put(t, keyOf(path), value)
			return h.namespace + "/" + h.name + "/" + keyOf(path)
		},
		Get: func(t *testing.T, cell schema.Cell, path string) []byte { return at(cell).data(t)[keyOf(path)] },
		PutCheckpoint: func(t *testing.T, project string, value []byte) {
			held{c, "configmaps", stage["namespace"], "sluice-checkpoint-" + project}.put(t, "checkpoint", value)
		},
		Refuses: func(path string) bool { return !regexp.MustCompile(`^[-._a-zA-Z0-9/]+$`).MatchString(path) },
		Damage:  damages(at),
	}
	if stage["mode"] == "rolling" {
		rollingDamages(f.Damage, at)
	} else {
		inplaceDamages(f.Damage, at)
	}
	return f
}

func keyOf(path string) string { return strings.ReplaceAll(path, "/", "__") }

// damages are of the object that changes, in both modes.
func damages(at func(schema.Cell) held) map[string]func(*testing.T, integrations.Release) {
	edit := func(old, with string) func(*testing.T, integrations.Release) {
		return func(t *testing.T, r integrations.Release) {
			h := at(r.Cell)
			h.put(t, ".sluice.json", []byte(strings.Replace(string(h.data(t)[".sluice.json"]), old, with, 1)))
		}
	}
	meta := func(field string, values map[string]any) func(*testing.T, integrations.Release) {
		return func(t *testing.T, r integrations.Release) {
			at(r.Cell).patch(t, map[string]any{"metadata": map[string]any{field: values}})
		}
	}
	return map[string]func(*testing.T, integrations.Release){
		"the object deleted": func(t *testing.T, r integrations.Release) { at(r.Cell).drop(t) },
		"the head deleted":   func(t *testing.T, r integrations.Release) { at(r.Cell).put(t, ".sluice.json", nil) },
		"the head garbled":   func(t *testing.T, r integrations.Release) { at(r.Cell).put(t, ".sluice.json", []byte("\xff")) },
		"the head emptied":   func(t *testing.T, r integrations.Release) { at(r.Cell).put(t, ".sluice.json", []byte{}) },
		"the fence raised":   edit(`"seq":`, `"seq":9`),
		"the signature lost": edit(`"sig":"`, `"sig":"AAAA`),
		"the form changed":   edit(`{"v":1,`, `{"v":1, `),
		"an older head replayed": func(t *testing.T, r integrations.Release) {
			at(r.Cell).put(t, ".sluice.json", sign(t, integrationstest.Release(r.Cell, 1, map[string]string{"app.yaml": "old"})))
		},
		"another cell's head": func(t *testing.T, r integrations.Release) {
			other := integrationstest.Release(integrationstest.Cell("other"), 99, map[string]string{"app.yaml": "other"})
			at(r.Cell).put(t, ".sluice.json", sign(t, other))
		},
		"a label lost":    meta("labels", map[string]any{"app.kubernetes.io/managed-by": nil}),
		"a label changed": meta("labels", map[string]any{"sluice.dev/app": "other"}),
		"a note changed":  meta("annotations", map[string]any{"sluice.dev/commit": "0"}),
		"the app's name":  meta("annotations", map[string]any{"sluice.dev/app": "other"}),
		"the kept list":   meta("annotations", map[string]any{"sluice.dev/kept-keys": nil}),
		"all data deleted": func(t *testing.T, r integrations.Release) {
			at(r.Cell).patch(t, map[string]any{"data": nil, "binaryData": nil})
		},
		"made immutable": func(t *testing.T, r integrations.Release) { at(r.Cell).patch(t, map[string]any{"immutable": true}) },
	}
}

func inplaceDamages(damage map[string]func(*testing.T, integrations.Release), at func(schema.Cell) held) {
	damage["a file changed"] = func(t *testing.T, r integrations.Release) { at(r.Cell).put(t, "app.yaml", []byte("colour: black\n")) }
	damage["a file made binary"] = func(t *testing.T, r integrations.Release) { at(r.Cell).put(t, "app.yaml", []byte("\xff")) }
	damage["a file deleted"] = func(t *testing.T, r integrations.Release) { at(r.Cell).put(t, "app.yaml", nil) }
	damage["the document changed"] = func(t *testing.T, r integrations.Release) { at(r.Cell).put(t, ".sluice.document", []byte("{}")) }
	damage["the document deleted"] = func(t *testing.T, r integrations.Release) { at(r.Cell).put(t, ".sluice.document", nil) }
}

func rollingDamages(damage map[string]func(*testing.T, integrations.Release), at func(schema.Cell) held) {
	release := func(t *testing.T, r integrations.Release) held {
		h := at(r.Cell)
		h.name = string(h.data(t)["current"])
		return h
	}
	damage["the pointer elsewhere"] = func(t *testing.T, r integrations.Release) { at(r.Cell).put(t, "current", []byte("kube-root-ca.crt")) }
	damage["the digest changed"] = func(t *testing.T, r integrations.Release) { at(r.Cell).put(t, "digest", []byte("sha256:0")) }
	damage["the release deleted"] = func(t *testing.T, r integrations.Release) { release(t, r).drop(t) }
	damage["the release relabelled"] = func(t *testing.T, r integrations.Release) {
		release(t, r).patch(t, map[string]any{"metadata": map[string]any{"labels": map[string]any{"sluice.dev/part": nil}}})
	}
	damage["the release made again otherwise"] = func(t *testing.T, r integrations.Release) {
		release(t, r).again(t, func(o *unstructured.Unstructured) {
			_ = unstructured.SetNestedField(o.Object, "Y29sb3VyOiBibGFjawo=", "data", "app.yaml")
		})
	}
	damage["the release made again with more"] = func(t *testing.T, r integrations.Release) {
		release(t, r).again(t, func(o *unstructured.Unstructured) { _ = unstructured.SetNestedField(o.Object, "eA==", "data", "evil") })
	}
	damage["the release made mutable"] = func(t *testing.T, r integrations.Release) {
		release(t, r).again(t, func(o *unstructured.Unstructured) { delete(o.Object, "immutable") })
	}
	damage["pointer and release deleted"] = func(t *testing.T, r integrations.Release) {
		release(t, r).drop(t)
		at(r.Cell).drop(t)
	}
}

// version is the state of all objects of a cell.
func (h held) version(t *testing.T, app string) string {
	t.Helper()
	list, err := h.objects().List(t.Context(), metav1.ListOptions{LabelSelector: "sluice.dev/part=release,sluice.dev/app=" + strings.ReplaceAll(app, "/", ".")})
	must(t, err)
	out := []string{version(h.get(t))}
	for _, o := range list.Items {
		if strings.HasPrefix(o.GetName(), h.name+"-") {
			out = append(out, version(&o))
		}
	}
	return strings.Join(out, " ")
}

// reads is an application that mounts the object and verifies.
func (h held) reads(t *testing.T, want integrations.Release, rolling bool) {
	t.Helper()
	head := h.data(t)[".sluice.json"]
	if rolling {
		h.name = string(h.data(t)["current"])
	}
	o, data := h.get(t), h.data(t)
	if o == nil {
		t.Fatalf("there is no %s", h.name)
	}
	if immutable, _, _ := unstructured.NestedBool(o.Object, "immutable"); immutable != rolling {
		t.Errorf("%s: immutable is %v", h.name, immutable)
	}
	for path, text := range want.Files {
		if got, ok := data[keyOf(path)]; !ok || string(got) != string(text) {
			t.Errorf("%s: got %q, want %q", path, got, text)
		}
	}
	genuine, err := integrations.DecodeHead(data[".sluice.json"])
	must(t, err)
	must(t, genuine.Verify(integrationstest.PublicKey()))
	if string(head) != string(data[".sluice.json"]) || genuine.Seq != want.Seq || genuine.Content != want.Content || genuine.Retired != want.Retired {
		t.Errorf("head says %+v", genuine.Body)
	}
	if schema.DigestOf(data[".sluice.document"]) != genuine.Doc {
		t.Error("the document is not the one that the head names")
	}
	if rolling && len(data) != len(want.Files)+2 {
		t.Errorf("keys %q, want the files, the head and the document", sorted(data))
	}
}

func sign(t *testing.T, r integrations.Release) []byte {
	t.Helper()
	head, err := integrationstest.Spec("configmap", nil).SignHead(integrations.NewBody(r, false))
	must(t, err)
	raw, err := head.Encode()
	must(t, err)
	return raw
}
