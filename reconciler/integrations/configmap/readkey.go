package configmap

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Object names one object of a cell.
type Object struct {
	Namespace, Name string
	place           place
}

// ObjectOf tells whether a cell with a stage's settings has an object, by its namespace and name: the one that changes, or an
// immutable one. namespace is the operator's setting.
func ObjectOf(cell schema.Cell, stage map[string]string, namespace, of, name string) (Object, bool) {
	t := &Target{fixed: namespace}
	p, err := t.placeOf(cell, stage)
	if err != nil || p.namespace != of {
		return Object{}, false
	}
	hash, release := strings.CutPrefix(name, p.name+"-")
	release = release && p.rolling && len(hash) == hashLength && !strings.ContainsAny(hash, "-.")
	return Object{of, name, p}, p.name == name || release
}

// Pointer reports whether the object only names the one that has the files.
func (o Object) Pointer() bool { return o.place.rolling && o.Name == o.place.name }

// Release reports whether the object is an immutable one.
func (o Object) Release() bool { return o.place.rolling && o.Name != o.place.name }

// PointerKeys are the keys of a pointer.
func PointerKeys() []string { return []string{headKey, currentKey, "digest", "commit", "seq"} }

// PointerKey reports whether a pointer has such a key.
func PointerKey(key string) bool { return slices.Contains(PointerKeys(), key) }

// Whole reports whether an object has the files that its document lists and nothing else.
func Whole(data map[string][]byte) bool {
	files, err := integrations.DocumentFiles(data[documentKey])
	return err == nil && len(files)+2 == len(data) && Holds(data, schema.DigestOf(data[documentKey]))
}

// Holds reports whether an object has the document of that digest, and the files that it lists as it lists them, whatever else is
// beside them.
func Holds(data map[string][]byte, doc schema.Digest) bool {
	if schema.DigestOf(data[documentKey]) != doc {
		return false
	}
	files, err := integrations.DocumentFiles(data[documentKey])
	if err != nil {
		return false
	}
	for _, f := range files {
		if schema.DigestOf(data[strings.ReplaceAll(f.Path, "/", "__")]) != f.Digest {
			return false
		}
	}
	return true
}

// Path is the path of the file that a key holds; empty where no file of the manifest has it.
func Path(m schema.Manifest, key string) string {
	for _, f := range m {
		if strings.ReplaceAll(f.Path, "/", "__") == key {
			return f.Path
		}
	}
	return ""
}

// The keys that are no files.
const (
	HeadKey     = headKey
	DocumentKey = documentKey
)

// LiveObject is an object as it is now.
type LiveObject struct {
	Name     string
	Data     map[string][]byte // nil: it is not there
	Revision int64
	// Named says that an immutable object holds what its name says, or that the object has no such name.
	Named bool
	// Release is the immutable object that a pointer names; nil where there is none.
	Release *LiveObject
	live    *object
}

// By are the field managers that have written a key, but us.
func (o LiveObject) By(key string) string {
	if o.live == nil {
		return ""
	}
	return o.live.others(key)
}

// ReadObject reads one object with the settings of a target. It needs no log key, and looks at nothing else.
func ReadObject(ctx context.Context, settings map[string]string, o Object) (LiveObject, error) {
	t := &Target{timeout: 10 * time.Second}
	var err error
	if t.config, err = clientConfig(settings); err != nil {
		return LiveObject{}, unsettled(o, err)
	}
	var client *http.Client
	if client, err = rest.HTTPClientFor(t.config); err != nil {
		return LiveObject{}, unsettled(o, err)
	}
	defer client.CloseIdleConnections()
	if t.objects, err = dynamic.NewForConfigAndClient(t.config, client); err != nil {
		return LiveObject{}, unsettled(o, err)
	}
	at, err := t.get(ctx, o.place, o.Name)
	if err != nil || at == nil {
		return LiveObject{}, err
	}
	live := LiveObject{Name: o.Name, Data: at.data, Revision: at.revision(), Named: o.named(o.Name, at), live: at}
	if !o.Pointer() {
		return live, nil
	}
	release, err := t.named(ctx, goal{place: o.place}, at)
	if err == nil && release != nil {
		name := release.raw.GetName()
		live.Release = &LiveObject{Name: name, Data: release.data, Revision: release.revision(), Named: o.named(name, release), live: release}
	}
	return live, err
}

// unsettled says that an object cannot be asked for with the settings that are there.
func unsettled(o Object, err error) error {
	return &integrations.Error{Key: o.Namespace + "/" + o.Name, Class: integrations.ErrSettings, Err: err}
}

// named reports whether an object holds what its name says, or has a name that says nothing of that.
func (o Object) named(name string, at *object) bool {
	return name == o.place.name || name == o.place.name+"-"+hashOf(o.place.kind, o.place.name, at.data)
}

// Points reports whether a key of a pointer says what its head does; of the object that it names, that it is whole and has that
// very head.
func (o Object) Points(key string, live LiveObject, head integrations.Head) bool {
	data := live.Data
	switch key {
	case currentKey:
		r := live.Release
		return r != nil && r.Named && bytes.Equal(r.Data[headKey], data[headKey]) && (head.Retired || Whole(r.Data) && Holds(r.Data, head.Doc))
	case "digest":
		return string(data[key]) == string(head.Content)
	case "commit":
		return string(data[key]) == head.Commit.String()
	case "seq":
		return string(data[key]) == fmt.Sprint(head.Seq)
	}
	return false
}
