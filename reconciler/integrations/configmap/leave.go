package configmap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// Leave implements [integrations.Leaver]. Objects stay, with the files; the head, the document, our labels and notes and our part of
// managedFields go, in one patch for each object. The one with the head is last, so that whoever comes back finds what is left to
// do. What an immutable object holds cannot be changed: its head and document stay, as data that nobody asks for.
func (t *Target) Leave(ctx context.Context, want integrations.Release, write bool) (integrations.Leaving, error) {
	p, err := t.placeOf(want.Cell, want.Settings)
	if err != nil {
		return integrations.Leaving{}, err
	}
	for n := range attempts {
		out, err := t.leave(ctx, goal{place: p, want: want}, write)
		if !t.begins(ctx, err) {
			return out, err
		}
		pause(ctx, time.Millisecond<<min(n, 7))
	}
	return integrations.Leaving{}, &integrations.Error{Target: t.spec.Name, Key: p.String(), Class: integrations.ErrUnavailable,
		Why: fmt.Sprintf("not left in %d attempts: others write it too", attempts)}
}

// begins reports whether leaving begins again after an error: what moved, or may have been done, is found out by reading.
func (t *Target) begins(ctx context.Context, err error) bool { return err != nil && !t.final(ctx, err) }

func (t *Target) leave(ctx context.Context, g goal, write bool) (out integrations.Leaving, err error) {
	at, err := t.get(ctx, g.place, g.name)
	if err != nil || at.head() == nil {
		return out, err // nothing of ours, or left already
	}
	o, head := t.spec.Observe(g.String(), at.head(), g.want)
	switch {
	case o.Holder == integrations.Another:
		return out, t.error(g.String(), integrations.ErrTaken, fmt.Errorf("the place belongs to project %q, this is %q", o.Project, g.want.Project))
	case o.Holder != integrations.Us:
		return out, t.error(g.String(), integrations.ErrForeign, errors.New("its head is not what sluice signed: nobody vouches for what it holds"))
	case head.Canary != nil:
		return out, t.error(g.String(), integrations.ErrForeign, errors.New("it is being widened: its readers have two contents"))
	}
	out.Plain = []string{g.String()}
	if g.rolling {
		releases, err := t.releases(ctx, g)
		if err != nil {
			return out, err
		}
		for _, about := range releases {
			if about.Annotations[noteProject] != g.want.Project {
				continue
			}
			out.Plain, out.Goes = append(out.Plain, g.namespace+"/"+about.Name), append(out.Goes, g.namespace+"/"+about.Name+": "+ourNames)
			if !write {
				continue
			}
			if err := t.unmark(ctx, g.place, about.Name, about.ObjectMeta, nil); err != nil {
				return out, err
			}
		}
	}
	ours := []string{}
	for _, key := range []string{headKey, documentKey} {
		if _, there := at.data[key]; there {
			ours = append(ours, key)
		}
	}
	out.Goes = append(out.Goes, g.String()+": "+strings.Join(ours, ", ")+", "+ourNames)
	if !write {
		return out, nil
	}
	return out, t.unmark(ctx, g.place, g.name, metav1.ObjectMeta{
		Labels: at.raw.GetLabels(), Annotations: at.raw.GetAnnotations(), ManagedFields: at.raw.GetManagedFields(), ResourceVersion: at.raw.GetResourceVersion(),
	}, g.paths(at, ours))
}

// ourNames are what is ours about an object, for people.
const ourNames = "labels and annotations of sluice.dev, managedFields of " + manager

// paths are where keys are in an object.
func (g goal) paths(at *object, keys []string) []string {
	var out []string
	for _, key := range keys {
		for _, field := range []string{"data", "binaryData"} {
			values, _ := at.raw.Object[field].(map[string]any)
			if _, there := values[key]; there {
				out = append(out, pointer(field, key))
			}
		}
	}
	return out
}

// unmark takes what is ours about an object away, and what is at the paths, while the object is the one that was looked at.
func (t *Target) unmark(ctx context.Context, p place, name string, about metav1.ObjectMeta, paths []string) error {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value,omitempty"`
	}
	patch := []operation{{"replace", pointer("metadata", "resourceVersion"), about.ResourceVersion}}
	for _, label := range slices.Sorted(maps.Keys(about.Labels)) {
		if strings.HasPrefix(label, ourPrefix) || label == labelManaged && about.Labels[label] == manager {
			paths = append(paths, pointer("metadata", "labels", label))
		}
	}
	for _, note := range slices.Sorted(maps.Keys(about.Annotations)) {
		if strings.HasPrefix(note, ourPrefix) {
			paths = append(paths, pointer("metadata", "annotations", note))
		}
	}
	for _, path := range paths {
		patch = append(patch, operation{Op: "remove", Path: path})
	}
	others := slices.DeleteFunc(slices.Clone(about.ManagedFields), func(m metav1.ManagedFieldsEntry) bool { return m.Manager == manager })
	if len(others) < len(about.ManagedFields) {
		if len(others) == 0 {
			others = []metav1.ManagedFieldsEntry{{}} // the server takes an empty list for none given
		}
		patch = append(patch, operation{"replace", pointer("metadata", "managedFields"), others})
	}
	text, err := json.Marshal(patch)
	if err != nil {
		return t.error(p.namespace+"/"+name, integrations.ErrInvalid, err)
	}
	_, err = t.patch(ctx, p, name, types.JSONPatchType, text)
	return err
}

// ourPrefix is that of our labels and annotations.
const ourPrefix = "sluice.dev/"

// pointer is a JSON Pointer (RFC 6901).
func pointer(segments ...string) string {
	var out strings.Builder
	for _, s := range segments {
		out.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(s))
	}
	return out.String()
}
