package configmap

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// existingPage is how many objects one request asks for.
const existingPage = 100

// ReadExisting reads the ConfigMaps of a namespace, or the one of a name, with the settings of [New] that say where the cluster is and who
// asks. Nothing is written, and Secrets are not looked at. What we wrote, and what the cluster makes for itself, is left.
func ReadExisting(ctx context.Context, settings map[string]string, namespace, name string) (integrations.Existing, error) {
	t := &Target{timeout: 10 * time.Second}
	var err error
	if t.config, err = clientConfig(settings); err != nil {
		return integrations.Existing{}, &integrations.Error{Key: namespace, Class: integrations.ErrInvalid, Err: err}
	}
	client, err := rest.HTTPClientFor(t.config)
	if err != nil {
		return integrations.Existing{}, fmt.Errorf("connect: %w", err)
	}
	defer client.CloseIdleConnections()
	if t.objects, err = dynamic.NewForConfigAndClient(t.config, client); err != nil {
		return integrations.Existing{}, fmt.Errorf("connect: %w", err)
	}
	var out integrations.Existing
	if name != "" {
		p := place{namespace: namespace, name: name, resource: configMaps, kind: "ConfigMap"}
		at, err := t.get(ctx, p, name)
		if err == nil && at == nil {
			err = &integrations.Error{Key: namespace + "/" + name, Class: integrations.ErrInvalid, Why: "there is no such ConfigMap"}
		}
		if err != nil {
			return out, err
		}
		takeObject(&out, at.raw)
		return out, nil
	}
	return out, t.listExisting(ctx, namespace, &out)
}

func (t *Target) listExisting(ctx context.Context, namespace string, out *integrations.Existing) error {
	options := metav1.ListOptions{Limit: existingPage}
	size := 0
	for {
		limited, cancel := t.limited(ctx)
		list, err := t.objects.Resource(configMaps).Namespace(namespace).List(limited, options)
		cancel()
		if err != nil {
			return t.fail(ctx, namespace, err)
		}
		for i := range list.Items {
			size += takeObject(out, &list.Items[i])
		}
		if len(out.Items) > integrations.MaxExisting || size > integrations.MaxExistingBytes {
			return t.error(namespace, integrations.ErrTooLarge, fmt.Errorf("more than %d keys or %d bytes; take it in parts: NAMESPACE/NAME", integrations.MaxExisting, integrations.MaxExistingBytes))
		}
		if options.Continue = list.GetContinue(); options.Continue == "" {
			return nil
		}
	}
}

// takeObject adds an object's keys, or why it is left, and returns how many bytes they have.
func takeObject(out *integrations.Existing, raw *unstructured.Unstructured) int {
	at := raw.GetNamespace() + "/" + raw.GetName()
	if why := notOurs(raw); why != "" {
		out.Left = append(out.Left, integrations.Left{Place: at, Why: why})
		return 0
	}
	o, size := objectOf(place{kind: "ConfigMap"}, raw), 0
	if len(o.data) == 0 {
		out.Left = append(out.Left, integrations.Left{Place: at, Why: "it holds nothing"})
	}
	for _, key := range sorted(o.data) {
		out.Items = append(out.Items, integrations.Item{Place: at + "/" + key, Group: raw.GetName(), Name: key, Value: o.data[key]})
		size += len(o.data[key])
	}
	return size
}

// notOurs says why an object is no configuration that somebody keeps; empty if it may be.
func notOurs(raw *unstructured.Unstructured) string {
	_, election := raw.GetAnnotations()["control-plane.alpha.kubernetes.io/leader"]
	switch owners := raw.GetOwnerReferences(); {
	case raw.GetLabels()[labelManaged] == manager:
		return "sluice delivers it already"
	case raw.GetName() == "kube-root-ca.crt":
		return "the cluster makes it"
	case election:
		return "a lock of an election"
	case len(owners) > 0:
		return fmt.Sprintf("%s %s owns it and would make it again", owners[0].Kind, owners[0].Name)
	}
	return ""
}

// Keys names the keys that an object of ours has for files, without those of sluice itself.
func Keys(files map[string][]byte) (map[string][]byte, error) {
	want := integrations.Release{Files: files}
	for _, path := range sorted(files) {
		want.Manifest = append(want.Manifest, schema.File{Path: path, Digest: schema.DigestOf(files[path])})
	}
	return keysOf(want)
}

// AppOf is the app that would be delivered to an object of that name by default.
func AppOf(object string) string {
	return strings.ReplaceAll(strings.TrimSuffix(object, "-config"), ".", "/")
}

// Fits is [Target.Fits] of a target that nobody has opened: name is the target's, namespace the operator's template or empty.
func Fits(name, namespace string, want integrations.Release) schema.Verdict {
	return (&Target{spec: integrations.Spec{Name: name}, fixed: namespace}).Fits(want)
}
