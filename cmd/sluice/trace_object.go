package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/schema"
)

// objectPlace is an object of Kubernetes with the cell that it is of.
type objectPlace struct {
	cell    schema.Cell
	target  string
	object  configmap.Object
	key     string                // empty: the whole object
	address *schema.TargetAddress // nil without the operator's file
}

// traceObject follows an object, or one key of it, and reads it where the operator's file says the cluster is.
func traceObject(ctx context.Context, c *clone, op *schema.Operator, key string, found *traced) error {
	at, err := objectPlaceOf(ctx, c, op, key)
	if err != nil {
		return err
	}
	found.App, found.Stage = at.cell.App, at.cell.Stage
	t := &keyTracer{tracer: tracer{clone: c, cell: at.cell}, place: keyPlace{cell: at.cell, key: key, part: "data", rest: at.key}, target: at.target}
	if at.whole() {
		t.place.part, t.place.rest = "head", ""
	}
	if err := t.follow(ctx, found); err != nil {
		return err
	}
	if at.held() && found.State != keyForeign {
		found.Pointer = at.object.Name
	}
	if at.address == nil {
		return nil
	}
	live, err := configmap.ReadObject(ctx, settings(*at.address), at.object)
	if err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	return t.judgeObject(ctx, at, live, found)
}

// whole reports whether it is not about one file.
func (p objectPlace) whole() bool {
	return p.key == "" || p.key == configmap.HeadKey || p.key == configmap.DocumentKey || p.object.Pointer() && configmap.PointerKey(p.key)
}

// held reports whether it is about what a pointer has not itself, but the immutable object that it names.
func (p objectPlace) held() bool {
	return p.object.Pointer() && p.key != "" && !configmap.PointerKey(p.key)
}

// objectPlaceOf finds the cell in whose stage the object would be by the templates of a target. Which targets are of the kind,
// and the operator's namespace, the operator's file alone says; without it each target may be one.
func objectPlaceOf(ctx context.Context, c *clone, op *schema.Operator, key string) (objectPlace, error) {
	namespace, rest, _ := strings.Cut(key, "/")
	name, file, _ := strings.Cut(rest, "/")
	states, err := c.Ledger.Cells(ctx)
	if err != nil {
		return objectPlace{}, err
	}
	for _, state := range states {
		p := objectPlace{cell: schema.Cell{Stage: state.Stage, App: state.App}, key: file}
		stage, _ := c.Project.Stage(state.Stage)
		for _, target := range stage.Targets {
			var known, its bool
			if p.address, known = objectAddress(c, op, target.Name); !known {
				continue
			}
			fixed := ""
			if p.address != nil {
				fixed = settings(*p.address)["namespace"]
			}
			if p.object, its = configmap.ObjectOf(p.cell, target.Settings, fixed, namespace, name); its {
				p.target = target.Name
				return p, nil
			}
		}
	}
	return objectPlace{}, &failure{code: exitUsage, err: fmt.Errorf("no app of this project is delivered to %s/%s", namespace, name),
		hint: "a name is NAMESPACE/NAME or NAMESPACE/NAME/KEY; by default that is STAGE/APP-config, with dots for the slashes of an app"}
}

// objectAddress is where a target is. It is not known where the operator's file says that it is none of the kind.
func objectAddress(c *clone, op *schema.Operator, target string) (*schema.TargetAddress, bool) {
	if op == nil {
		return nil, true
	}
	if p, ok := operatorProject(*op, c.Ledger.Head().Anchor); ok {
		if address, ok := p.Targets[target]; ok && address.Kind == "configmap" {
			return &address, true
		}
	}
	return nil, false
}

// judgeObject compares what is there with what was admitted.
func (t *keyTracer) judgeObject(ctx context.Context, at objectPlace, live configmap.LiveObject, found *traced) error {
	key := at.key
	if key == "" {
		key = configmap.HeadKey
	}
	if live.Release != nil {
		found.Object, found.Pointer = at.object.Namespace+"/"+live.Release.Name, at.object.Name
	}
	_, own := live.Data[key]
	held := at.held() && !own && found.State != keyForeign
	if held {
		live = heldIn(live)
	}
	value, there := live.Data[key]
	found.Live = &liveKey{Revision: live.Revision, By: live.By(key)}
	if there {
		found.Live.Digest = schema.DigestOf(value)
	}
	before := t.before(at, live.Data)
	if at.held() && !held || found.State == keyForeign && !before {
		found.State, found.Object, found.Pointer = keyForeign, "", ""
		return nil
	}
	same, err := t.admitted(ctx, at, live, found)
	switch {
	case err != nil:
		return err
	case !there:
		found.State = keyMissing
	case live.Named && same:
		found.State = keyAdmitted
	case live.Named && before:
		found.State, found.Why = keyBefore, ""
	default:
		found.State = keyDiffers
	}
	return nil
}

// heldIn is the immutable object that a pointer names; empty where it names none that is there.
func heldIn(pointer configmap.LiveObject) configmap.LiveObject {
	if pointer.Release == nil {
		return configmap.LiveObject{}
	}
	return *pointer.Release
}

// before reports whether an immutable object is one of a release before, and whole: its head is by a log key, and vouches for
// what is beside it.
func (t *keyTracer) before(at objectPlace, data map[string][]byte) bool {
	head, err := integrations.DecodeHead(data[configmap.HeadKey])
	return err == nil && at.object.Release() && head.App == at.cell.App && head.Stage == at.cell.Stage && head.Seq < t.state.Admitted.Seq &&
		head.Verify(t.HeadKeys()[head.Key]) == nil && schema.DigestOf(data[configmap.DocumentKey]) == head.Doc && configmap.Whole(data)
}

// admitted reports whether a key is what was admitted. What an object says beside its files is so when its head is, and says
// the same. Labels and annotations say nothing: nobody signs them.
func (t *keyTracer) admitted(ctx context.Context, at objectPlace, live configmap.LiveObject, found *traced) (bool, error) {
	data := live.Data
	if !at.whole() {
		return schema.DigestOf(data[at.key]) == found.Digest, nil
	}
	if ok, err := t.sameHead(ctx, data[configmap.HeadKey], found); err != nil || !ok {
		return false, err
	}
	head, err := integrations.DecodeHead(data[configmap.HeadKey])
	if err != nil {
		return false, nil //nolint:nilerr // it was read a moment ago
	}
	switch at.key {
	case configmap.HeadKey:
		return true, nil
	case configmap.DocumentKey:
		return schema.DigestOf(data[at.key]) == head.Doc, nil
	case "":
		return t.filled(at, live, head, found), nil
	}
	return at.object.Points(at.key, live, head), nil
}

// filled reports whether an object has the files of its head, or names the one that has.
func (t *keyTracer) filled(at objectPlace, live configmap.LiveObject, head integrations.Head, found *traced) bool {
	ok := head.Retired || configmap.Holds(live.Data, head.Doc)
	if at.object.Pointer() {
		ok = !slices.ContainsFunc(configmap.PointerKeys(), func(key string) bool { return key != configmap.HeadKey && !at.object.Points(key, live, head) })
	}
	if !ok {
		found.Why = "its head is what was admitted, and what is beside the head is not"
	}
	return ok
}
