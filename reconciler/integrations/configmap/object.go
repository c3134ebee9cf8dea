package configmap

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// object is a ConfigMap or a Secret as it was read.
type object struct {
	raw       *unstructured.Unstructured
	data      map[string][]byte
	immutable bool
}

func (t *Target) in(p place) dynamic.ResourceInterface {
	return t.objects.Resource(p.resource).Namespace(p.namespace)
}

// limited gives one request its time.
func (t *Target) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, t.timeout)
}

// get reads one object as it is now, nil if there is none. It asks for no resource version, so the answer holds every write
// that was acknowledged before.
func (t *Target) get(ctx context.Context, p place, name string) (*object, error) {
	limited, cancel := t.limited(ctx)
	defer cancel()
	raw, err := t.in(p).Get(limited, name, metav1.GetOptions{})
	if isAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, t.fail(ctx, p.namespace+"/"+name, err)
	}
	return objectOf(p, raw), nil
}

func objectOf(p place, raw *unstructured.Unstructured) *object {
	o := &object{raw: raw, data: map[string][]byte{}}
	o.immutable, _, _ = unstructured.NestedBool(raw.Object, "immutable")
	encoded := "binaryData"
	if p.kind == "Secret" {
		encoded = "data"
	} else {
		text, _, _ := unstructured.NestedStringMap(raw.Object, "data")
		for key, value := range text {
			o.data[key] = []byte(value)
		}
	}
	binary, _, _ := unstructured.NestedStringMap(raw.Object, encoded)
	for key, value := range binary {
		data, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			data = []byte(value) // the server does not store such a value
		}
		o.data[key] = data
	}
	return o
}

// head is the marker's bytes, nil if there is none.
func (o *object) head() []byte { return o.value(headKey) }

// value is what a key holds: nil if it is not there, or the object is not.
func (o *object) value(key string) []byte {
	if o == nil {
		return nil
	}
	value, ok := o.data[key]
	if ok && value == nil {
		return []byte{}
	}
	return value
}

// revision is the object's resource version as a number. It is one wherever etcd is behind the server.
func (o *object) revision() int64 {
	if o == nil {
		return 0
	}
	n, err := strconv.ParseInt(o.raw.GetResourceVersion(), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// owners are the field managers that have written a key, ours among them.
func (o *object) owners(key string) []string {
	var out []string
	for _, entry := range o.raw.GetManagedFields() {
		if entry.FieldsV1 == nil || entry.Subresource != "" {
			continue
		}
		var fields map[string]map[string]json.RawMessage
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
			continue
		}
		_, text := fields["f:data"]["f:"+key]
		_, binary := fields["f:binaryData"]["f:"+key]
		if (text || binary) && !slices.Contains(out, entry.Manager) {
			out = append(out, entry.Manager)
		}
	}
	slices.Sort(out)
	return out
}

// owns reports whether we have written a key.
func (o *object) owns(key string) bool { return slices.Contains(o.owners(key), manager) }

// others are the owners of a key but us, for people.
func (o *object) others(key string) string {
	return strings.Join(slices.DeleteFunc(o.owners(key), func(m string) bool { return m == manager }), ", ")
}

// manifest is an object as it is to be written.
func (p place) manifest(name string, labels, notes map[string]string, data map[string][]byte, immutable bool) *unstructured.Unstructured {
	object := map[string]any{"apiVersion": "v1", "kind": p.kind}
	if p.kind == "Secret" {
		encoded := map[string]any{}
		for key, value := range data {
			encoded[key] = base64.StdEncoding.EncodeToString(value)
		}
		object["type"], object["data"] = "Opaque", encoded
	} else {
		text, binary := split(data)
		object["data"] = anyMap(text)
		if len(binary) > 0 {
			object["binaryData"] = anyMap(binary)
		}
	}
	if immutable {
		object["immutable"] = true
	}
	raw := &unstructured.Unstructured{Object: object}
	raw.SetNamespace(p.namespace)
	raw.SetName(name)
	raw.SetLabels(labels)
	raw.SetAnnotations(notes)
	return raw
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for key, value := range m {
		out[key] = value
	}
	return out
}

// create writes an object that must not be there. It is ours by a plain write; upgrade makes that a server-side apply's
// before the first one, so that what an apply leaves out goes.
func (t *Target) create(ctx context.Context, p place, raw *unstructured.Unstructured) error {
	limited, cancel := t.limited(ctx)
	defer cancel()
	_, err := t.in(p).Create(limited, raw, metav1.CreateOptions{FieldManager: manager})
	return t.fail(ctx, p.namespace+"/"+raw.GetName(), err)
}

// remove deletes exactly the object that was looked at.
func (t *Target) remove(ctx context.Context, p place, name string, uid types.UID, version string) error {
	limited, cancel := t.limited(ctx)
	defer cancel()
	err := t.in(p).Delete(limited, name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}})
	if isAbsent(err) {
		return nil
	}
	return t.fail(ctx, p.namespace+"/"+name, err)
}

func signature(head integrations.Head) string { return base64.StdEncoding.EncodeToString(head.Sig) }
