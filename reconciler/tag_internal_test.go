package reconciler

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

var errNotHere = errors.New("not here")

// heap is a store of objects in memory.
type heap map[schema.Hash]schema.Object

func (h heap) Object(_ context.Context, id schema.Hash) (schema.ObjectKind, []byte, error) {
	o, ok := h[id]
	if !ok {
		return "", nil, errNotHere
	}
	return o.Kind, o.Data, nil
}

func (h heap) add(kind schema.ObjectKind, text string) schema.Hash {
	o := schema.NewObject(kind, []byte(text))
	h[o.ID] = o
	return o.ID
}

func TestReadTag(t *testing.T) {
	const ref = "refs/tags/sluice/approve/0123456789abcdef/ann"
	objs := heap{}
	blob := objs.add(schema.BlobObject, "something")
	tag := func(object schema.Hash, kind, name string) string {
		return "object " + object.String() + "\ntype " + kind + "\ntag " + name + "\ntagger Ann <ann@example.com> 1 +0000\n\nmessage\n"
	}
	name := strings.TrimPrefix(ref, tagRefs)
	for _, row := range []struct {
		name string
		ref  string
		id   schema.Hash
		want string // part of the error; empty where the tag is read
	}{
		{"as it should be", ref, objs.add(schema.TagObject, tag(blob, "blob", name)), ""},
		{"a lightweight tag", ref, blob, "want an annotated tag"},
		{"another person's tag at this ref", ref, objs.add(schema.TagObject, tag(blob, "blob", "sluice/approve/0123456789abcdef/bob")), `calls itself "sluice/approve/0123456789abcdef/bob"`},
		{"a branch of that name", "refs/heads/" + name, objs.add(schema.TagObject, tag(blob, "blob", name)), "calls itself"},
		{"on nothing that is here", ref, objs.add(schema.TagObject, tag(schema.Hash{1}, "commit", name)), "not here"},
		{"on another kind of object", ref, objs.add(schema.TagObject, tag(blob, "commit", name)), "is on a blob and says commit"},
		{"malformed", ref, objs.add(schema.TagObject, strings.Replace(tag(blob, "blob", name), "tagger", "note a\ntagger", 1)), "malformed-object"},
		{"not there", ref, schema.Hash{2}, "not here"},
	} {
		got, raw, err := readTag(t.Context(), objs, row.ref, row.id)
		switch {
		case row.want == "" && (err != nil || string(got.Message) != "message\n" || len(raw) == 0):
			t.Errorf("%s: got %q and %v", row.name, got.Message, err)
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}
