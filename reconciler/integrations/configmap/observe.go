package configmap

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// found is an observation with what the next write needs to know.
type found struct {
	integrations.Observation
	head    integrations.Head
	object  *object // that changes; nil if there is none
	release *object // the immutable one that belongs to a genuine head, or else that the pointer names; nil if there is none

	right     bool     // what is ours is as wanted: only keys have to go
	leftovers []string // keys that others wrote too, that we wrote and that the release does not have
	strangers []string // keys that foreign: prune takes away
}

// Read implements [integrations.Target].
func (t *Target) Read(ctx context.Context, want integrations.Release) (integrations.Observation, error) {
	g, err := t.goalOf(want)
	if err != nil {
		return integrations.Observation{Place: g.String()}, err
	}
	o, err := t.observe(ctx, g)
	return o.Observation, err
}

// observe reads what a cell has: one object, or the pointer and then what belongs to it, which never changes.
func (t *Target) observe(ctx context.Context, g goal) (found, error) {
	o := found{Observation: integrations.Observation{Place: g.String()}}
	var err error
	if o.object, err = t.get(ctx, g.place, g.name); err != nil {
		return o, err
	}
	o.Observation, o.head = t.spec.Observe(g.String(), o.object.head(), g.want)
	if o.object != nil && o.object.head() == nil && len(o.object.data) > 0 {
		o.Holder, o.Same = integrations.Stranger, sameFiles(g, o.object.data)
	}
	if o.object != nil && len(o.object.data) > 0 {
		o.Digest = digestOf(o.object.data)
	}
	if g.rolling {
		if o.release, err = t.releaseOf(ctx, g, o); err != nil {
			return o, err
		}
	}
	o.compare(g)
	o.beside(g)
	o.Equal = o.right && len(o.leftovers)+len(o.strangers) == 0
	slices.Sort(o.Foreign)
	slices.SortFunc(o.Keys, func(a, b integrations.Difference) int { return strings.Compare(a.Key, b.Key) })
	return o, nil
}

// genuine reports whether the head is ours and that of the release.
func (o *found) genuine(g goal) bool { return o.Holder == integrations.Us && o.head.Body.Equal(g.body) }

// releaseOf reads the immutable object to compare. A genuine head says itself which one is its own: where the pointer was made to
// name another, that one is as untouched as it is.
func (t *Target) releaseOf(ctx context.Context, g goal, o found) (*object, error) {
	if o.genuine(g) {
		return t.get(ctx, g.place, g.release(o.object.head()))
	}
	return t.named(ctx, g, o.object)
}

// named reads the immutable object that a pointer names, if it could be one of the cell's.
func (t *Target) named(ctx context.Context, g goal, pointer *object) (*object, error) {
	if pointer == nil {
		return nil, nil
	}
	name := string(pointer.data[currentKey])
	if hash, ok := strings.CutPrefix(name, g.name+"-"); !ok || len(hash) != hashLength || !objectShape.MatchString(name) {
		return nil, nil
	}
	return t.get(ctx, g.place, name)
}

// compare notes every difference of what is ours.
func (o *found) compare(g goal) {
	if !o.genuine(g) {
		o.compareFiles(g)
		o.note(g.place, g.name, headKey, g.body.Digest(), o.object)
		o.right = false
		return
	}
	raw := o.object.head()
	for key, value := range g.wanted(raw) {
		if have, ok := o.object.data[key]; !ok || !bytes.Equal(have, value) {
			o.note(g.place, g.name, key, schema.DigestOf(value), o.object)
		}
	}
	o.describes(g.place, g.name, o.object, g.labels(partHead), g.notes(o.head), false)
	if _, known := o.object.kept(); !known {
		o.Keys = append(o.Keys, integrations.Difference{Key: g.String() + "#annotation:" + noteKept, Op: integrations.Deleted, Before: schema.DigestOf([]byte("[]"))})
	}
	if g.rolling {
		o.compareRelease(g, raw)
	}
	o.right = len(o.Keys) == 0
}

// compareFiles names the files that differ, where the head says no more whose they are.
func (o *found) compareFiles(g goal) {
	name, at := g.name, o.object
	if g.rolling {
		if at = o.release; at == nil {
			return
		}
		name = at.raw.GetName()
	}
	for key, value := range g.files {
		if at == nil || o.Holder == integrations.Stranger && !at.owns(key) {
			continue // nothing of ours is there
		}
		if !bytes.Equal(at.data[key], value) {
			o.note(g.place, name, key, schema.DigestOf(value), at)
		}
	}
}

// compareRelease compares the immutable object that belongs to a head.
func (o *found) compareRelease(g goal, raw []byte) {
	name := g.release(raw)
	at := o.release
	data := g.with(raw)
	for key, value := range data {
		if at == nil || !bytes.Equal(at.data[key], value) {
			o.note(g.place, name, key, schema.DigestOf(value), at)
		}
	}
	if at == nil {
		return
	}
	for key := range at.data {
		if _, ours := data[key]; !ours {
			o.note(g.place, name, key, "", at)
		}
	}
	o.describes(g.place, name, at, g.labels(partRelease), g.notes(o.head), true)
}

// describes compares what is beside the data: labels, notes, and whether the object can be changed.
func (o *found) describes(p place, name string, at *object, labels, notes map[string]string, immutable bool) {
	differs := func(what, want, have string, there bool) {
		d := integrations.Difference{Key: p.namespace + "/" + name + "#" + what, Op: integrations.Changed, Before: schema.DigestOf([]byte(want)), Revision: at.revision()}
		if d.After = schema.DigestOf([]byte(have)); !there {
			d.Op, d.After = integrations.Deleted, ""
		}
		o.Keys = append(o.Keys, d)
	}
	for kind, pair := range map[string][2]map[string]string{"label:": {labels, at.raw.GetLabels()}, "annotation:": {notes, at.raw.GetAnnotations()}} {
		for key, want := range pair[0] {
			have, ok := pair[1][key]
			if !ok && key == noteMR {
				continue // objects from before it was written are as they should be
			}
			if !ok || have != want {
				differs(kind+key, want, have, ok)
			}
		}
	}
	if at.immutable != immutable {
		differs("immutable", fmt.Sprint(immutable), fmt.Sprint(at.immutable), true)
	}
}

// note adds the difference of one key. Before is empty for a key that the release does not have.
func (o *found) note(p place, name, key string, before schema.Digest, at *object) {
	d := integrations.Difference{Key: p.namespace + "/" + name + "/" + key, Op: integrations.Deleted, Before: before, Revision: at.revision()}
	if at != nil {
		if value, ok := at.data[key]; ok {
			d.Op, d.After, d.By = integrations.Changed, schema.DigestOf(value), at.others(key)
		}
	}
	if before == "" {
		d.Op = integrations.Foreign
	}
	o.Keys = append(o.Keys, d)
}

// beside sorts the keys that the release does not have into ours of before and others'.
func (o *found) beside(g goal) {
	if o.object == nil {
		return
	}
	wanted := g.wanted(nil)
	kept, known := o.object.kept()
	for _, key := range sorted(o.object.data) {
		// A key that the release has too is a stranger's until there is a head of ours: it was there before us.
		if _, ours := wanted[key]; ours && (o.Holder != integrations.Stranger || o.object.owns(key)) {
			continue
		}
		d := integrations.Difference{Key: g.String() + "/" + key, Op: integrations.Foreign, After: schema.DigestOf(o.object.data[key]), Revision: o.object.revision()}
		d.By = o.object.others(key)
		o.Keys = append(o.Keys, d)
		if o.object.owns(key) {
			o.leftovers = append(o.leftovers, key)
			continue
		}
		o.Foreign = append(o.Foreign, d.Key)
		if g.want.Prune && g.want.Applied && o.Holder == integrations.Us && known && !slices.Contains(kept, key) {
			o.strangers = append(o.strangers, key)
		}
	}
}

// kept are the foreign keys that were there before us, as we noted them; not known where the note is gone.
func (o *object) kept() (keys []string, known bool) {
	note, ok := o.raw.GetAnnotations()[noteKept]
	return keys, ok && json.Unmarshal([]byte(note), &keys) == nil
}

// sameFiles reports whether the keys are, one by one, the files of the release.
func sameFiles(g goal, data map[string][]byte) bool {
	n := 0
	for key, value := range g.files {
		if key == documentKey {
			continue
		}
		if have, ok := data[key]; !ok || !bytes.Equal(have, value) {
			return false
		}
		n++
	}
	return n == len(data)
}

// digestOf names a set of keys and values.
func digestOf(data map[string][]byte) schema.Digest {
	var text strings.Builder
	for _, key := range sorted(data) {
		text.WriteString(schema.DigestOf(data[key]).Hex() + "  " + key + "\n")
	}
	return schema.DigestOf([]byte(text.String()))
}
