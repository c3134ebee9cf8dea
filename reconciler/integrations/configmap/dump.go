package configmap

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// ReadDump goes through what `kubectl get configmaps -A -o json` printed (or secrets): every cell of the stages, by their
// settings for the target, then the keys of others in objects of cells. Objects that are neither labelled as ours nor have a
// head are nobody's business; a cell whose object is one of these is missing.
func ReadDump(r io.Reader, stages map[schema.StageName]map[string]string) iter.Seq2[integrations.Held, error] {
	return func(yield func(integrations.Held, error) bool) {
		d := objects{stages: map[schema.StageName]layout{}, byName: map[string]*object{}}
		for _, stage := range sorted(stages) {
			l, err := (&Target{}).layoutOf(stages[stage])
			if err != nil {
				yield(integrations.Held{}, fmt.Errorf("stage %s: %w", stage, err))
				return
			}
			d.stages[stage] = l
		}
		if err := d.read(r); err != nil {
			yield(integrations.Held{}, fmt.Errorf("read the dump of Kubernetes: %w", err))
			return
		}
		for _, name := range sorted(d.byName) {
			for _, held := range d.held(name) {
				if !yield(held, nil) {
					return
				}
			}
		}
	}
}

// objects are those of a dump that could be ours, by kind, namespace and name.
type objects struct {
	stages map[schema.StageName]layout
	byName map[string]*object
}

// read decodes the objects one by one.
func (d *objects) read(r io.Reader) error {
	dec := json.NewDecoder(r)
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return errors.New("it has no \"items\"; make it with: kubectl get configmaps -A -o json")
		}
		if err != nil {
			return err
		}
		if token == "items" {
			break
		}
	}
	if token, err := dec.Token(); err != nil || token != json.Delim('[') {
		return errors.Join(err, errors.New("its \"items\" are no list"))
	}
	for dec.More() {
		raw := &unstructured.Unstructured{}
		if err := dec.Decode(&raw.Object); err != nil {
			return err
		}
		o := objectOf(place{kind: raw.GetKind()}, raw)
		if raw.GetLabels()[labelManaged] == manager || o.head() != nil {
			d.byName[nameIn(raw.GetKind(), raw.GetNamespace(), raw.GetName())] = o
		}
	}
	_, err := dec.Token()
	return err
}

func nameIn(kind, namespace, name string) string { return kind + " " + namespace + "/" + name }

// held is what an object says of a cell, and the keys beside it; nothing for one that is no cell's.
func (d *objects) held(name string) []integrations.Held {
	o := d.byName[name]
	if o.raw.GetLabels()[labelPart] == partRelease {
		return nil // read where it is pointed to
	}
	for _, stage := range sorted(d.stages) {
		l := d.stages[stage]
		app, ok := l.appOf(stage, o)
		if !ok {
			continue
		}
		held := integrations.Held{Place: o.raw.GetNamespace() + "/" + o.raw.GetName(), Cell: schema.Cell{Stage: stage, App: app}, Head: o.value(headKey)}
		at, err := o, error(nil)
		if l.rolling {
			at, err = d.pointed(o)
		}
		if err == nil {
			err = at.fill(&held)
		}
		if err != nil {
			held.Problem = err.Error()
		}
		return append([]integrations.Held{held}, o.besides(l, held)...)
	}
	return nil
}

// appOf reads the app out of an object's place. The operator may have given the namespaces, which sluice.yaml does not say:
// then the stage is the one that the object names.
func (l layout) appOf(stage schema.StageName, o *object) (schema.App, bool) {
	if l.kind != o.raw.GetKind() {
		return "", false
	}
	namespace, name := o.raw.GetNamespace(), o.raw.GetName()
	if l.namespace == defaultNamespace && namespace != string(stage) && o.raw.GetAnnotations()[noteStage] == string(stage) {
		namespace = string(stage)
	}
	app := ""
	for _, part := range [][2]string{{l.namespace, namespace}, {l.name, name}} {
		shape := strings.NewReplacer(`\{stage\}`, regexp.QuoteMeta(string(stage)), `\{app\}`, `(.+)`).Replace(regexp.QuoteMeta(part[0]))
		found := regexp.MustCompile(`^` + shape + `$`).FindStringSubmatch(part[1])
		if found == nil || len(found) > 1 && app != "" && found[1] != app {
			return "", false
		}
		if len(found) > 1 {
			app = found[1]
		}
	}
	parsed, err := schema.ParseApp(strings.ReplaceAll(app, ".", "/"))
	return parsed, err == nil
}

// pointed is the immutable object that a pointer names, if the pointer says what its head says.
func (d *objects) pointed(pointer *object) (*object, error) {
	name := string(pointer.value(currentKey))
	at := d.byName[nameIn(pointer.raw.GetKind(), pointer.raw.GetNamespace(), name)]
	if at == nil {
		return nil, fmt.Errorf("the object %q that it points to is not there", name)
	}
	head, err := integrations.DecodeHead(pointer.value(headKey))
	if err != nil {
		return nil, err
	}
	for key, want := range map[string]string{"digest": string(head.Content), "commit": head.Commit.String(), "seq": strconv.FormatInt(head.Seq, 10)} {
		if string(pointer.value(key)) != want {
			return nil, fmt.Errorf("its key %s is not what its head says", key)
		}
	}
	base := pointer.raw.GetName()
	if name != base+"-"+hashOf(pointer.raw.GetKind(), base, at.data) || string(at.head()) != string(pointer.head()) {
		return nil, fmt.Errorf("the object %s is not the release that it points to", name)
	}
	return at, nil
}

// fill takes the document, which says which files there are, and holds the keys to it.
func (o *object) fill(held *integrations.Held) (err error) {
	head, err := integrations.DecodeHead(held.Head)
	if err != nil || head.Retired {
		return nil //nolint:nilerr // told when the head is judged
	}
	held.Document = o.value(documentKey)
	if held.Files, err = integrations.DocumentFiles(held.Document); err != nil {
		return err
	}
	for _, f := range held.Files {
		if key := keyOf(f.Path); o.value(key) == nil || schema.DigestOf(o.value(key)) != f.Digest {
			return fmt.Errorf("the key %s is not the file that its head names", key)
		}
	}
	return nil
}

// besides are the keys that are neither ours nor of the files, where it is known which these are.
func (o *object) besides(l layout, held integrations.Held) (out []integrations.Held) {
	if head, err := integrations.DecodeHead(held.Head); err != nil || !l.rolling && !head.Retired && held.Files == nil {
		return nil
	}
	ours := map[string]bool{headKey: true, documentKey: !l.rolling}
	if l.rolling {
		ours[currentKey], ours["digest"], ours["commit"], ours["seq"] = true, true, true, true
	} else {
		for _, f := range held.Files {
			ours[keyOf(f.Path)] = true
		}
	}
	for _, key := range sorted(o.data) {
		if !ours[key] {
			out = append(out, integrations.Held{Place: held.Place + "/" + key, Cell: held.Cell, Foreign: true})
		}
	}
	return out
}
