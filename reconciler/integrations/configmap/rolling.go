package configmap

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// ensureRelease makes the immutable object that belongs to a head. Its name follows from its data, so one that is there with
// other data was made by somebody to be taken for it.
func (t *Target) ensureRelease(ctx context.Context, g goal, raw []byte, head integrations.Head) error {
	name, data := g.release(raw), g.with(raw)
	object := g.manifest(name, g.labels(partRelease), g.notes(head), data, true)
	there, err := t.get(ctx, g.place, name)
	if err != nil {
		return err
	}
	if there != nil && whole(g, there, raw, head) {
		return nil
	}
	if there != nil {
		if there.raw.GetLabels()[labelManaged] != manager && !g.want.Applied && !g.want.Adopt {
			return t.error(g.namespace+"/"+name, integrations.ErrForeign, errors.New("it has the name of this release and is not ours"))
		}
		if err := t.remove(ctx, g.place, name, there.raw.GetUID(), there.raw.GetResourceVersion()); err != nil {
			return err
		}
	}
	return t.create(ctx, g.place, object)
}

// whole reports whether an immutable object is exactly the one that belongs to a head.
func whole(g goal, at *object, raw []byte, head integrations.Head) bool {
	o := found{head: head, release: at}
	o.compareRelease(g, raw)
	return len(o.Keys) == 0
}

// unused finds an immutable object of the very release: one whose pointer was lost, or that a crash kept from being pointed to.
func (t *Target) unused(ctx context.Context, g goal) ([]byte, integrations.Head, error) {
	list, err := t.releases(ctx, g)
	if err != nil {
		return nil, integrations.Head{}, err
	}
	for _, about := range list {
		if about.Annotations[noteSeq] != fmt.Sprint(g.want.Seq) || about.Annotations[noteDigest] != string(g.want.Content) {
			continue
		}
		at, err := t.get(ctx, g.place, about.Name)
		if err != nil {
			return nil, integrations.Head{}, err
		}
		o, head := t.spec.Observe(g.String(), at.head(), g.want)
		if at == nil || o.Holder != integrations.Us || o.Outdated || !head.Body.Equal(g.body) || g.release(at.head()) != about.Name {
			continue
		}
		if whole(g, at, at.head(), head) {
			return bytes.Clone(at.head()), head, nil
		}
	}
	return nil, integrations.Head{}, nil
}

// releases lists the immutable objects of a cell, without their data.
func (t *Target) releases(ctx context.Context, g goal) ([]metav1.PartialObjectMetadata, error) {
	limited, cancel := t.limited(ctx)
	defer cancel()
	list, err := t.about.Resource(g.resource).Namespace(g.namespace).List(limited, metav1.ListOptions{
		LabelSelector: labels.SelectorFromSet(g.labels(partRelease)).String(),
	})
	if err != nil {
		return nil, t.fail(ctx, g.String(), err)
	}
	return list.Items, nil
}
