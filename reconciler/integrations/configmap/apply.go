package configmap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// apply puts an object where have was, on the condition that it still is. The server is asked without force first, and
// nothing is written then: it checks the object as if it were, and names whose fields would be taken.
func (t *Target) apply(ctx context.Context, g goal, have found, object *unstructured.Unstructured) error {
	version, err := t.upgrade(ctx, g.place, have.object)
	if err != nil {
		return err
	}
	object.SetResourceVersion(version)
	if err := t.applied(ctx, g, object, metav1.ApplyOptions{FieldManager: manager, DryRun: []string{metav1.DryRunAll}}); err != nil {
		taken := conflicts(err)
		if taken == "" {
			return t.fail(ctx, g.String(), err)
		}
		t.spec.Logger().Warn("took back fields that others wrote", "target", t.spec.Name, "place", g.String(), "fields", taken)
	}
	return t.fail(ctx, g.String(), t.applied(ctx, g, object, metav1.ApplyOptions{FieldManager: manager, Force: true}))
}

func (t *Target) applied(ctx context.Context, g goal, object *unstructured.Unstructured, options metav1.ApplyOptions) error {
	limited, cancel := t.limited(ctx)
	defer cancel()
	_, err := t.in(g.place).Apply(limited, g.name, object, options)
	return err
}

// conflicts names the fields of others that an apply meets; empty where it failed for another reason, like an object that
// is not the one that was judged.
func conflicts(err error) string {
	status := apierrors.APIStatus(nil)
	if !apierrors.IsConflict(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return ""
	}
	var fields []string
	for _, cause := range status.Status().Details.Causes {
		if cause.Type == metav1.CauseTypeFieldManagerConflict {
			fields = append(fields, cause.Field+" ("+cause.Message+")")
		}
	}
	slices.Sort(fields)
	return strings.Join(fields, "; ")
}

// upgrade makes what we created, or wrote otherwise, what we applied: else the first apply would leave behind what it omits.
func (t *Target) upgrade(ctx context.Context, p place, at *object) (version string, err error) {
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(at.raw, sets.New(manager), manager)
	if err != nil {
		return "", t.error(p.namespace+"/"+at.raw.GetName(), integrations.ErrInvalid, fmt.Errorf("managedFields: %w", err))
	}
	if len(patch) == 0 {
		return at.raw.GetResourceVersion(), nil
	}
	return t.patch(ctx, p, at.raw.GetName(), types.JSONPatchType, patch)
}

func (t *Target) patch(ctx context.Context, p place, name string, kind types.PatchType, patch []byte) (version string, err error) {
	limited, cancel := t.limited(ctx)
	defer cancel()
	after, err := t.in(p).Patch(limited, name, kind, patch, metav1.PatchOptions{FieldManager: manager})
	if err != nil {
		return "", t.fail(ctx, p.namespace+"/"+name, err)
	}
	return after.GetResourceVersion(), nil
}

// beyond are the keys that have to go for the release to be there whole, and that a server-side apply would leave: it takes
// nothing away that others own, nor a key that they moved between data and binaryData, which is refused to it.
func beyond(g goal, have found, wanted map[string][]byte) (gone []string, moved bool) {
	for _, key := range have.leftovers {
		if have.right || have.object.others(key) != "" {
			gone = append(gone, key)
		}
	}
	if g.kind == "Secret" {
		return append(gone, have.strangers...), false
	}
	haveText, _, _ := unstructured.NestedMap(have.object.raw.Object, "data")
	haveBinary, _, _ := unstructured.NestedMap(have.object.raw.Object, "binaryData")
	text, binary := split(wanted)
	misplaced := func(wanted map[string]string, elsewhere map[string]any) bool {
		return slices.ContainsFunc(sorted(wanted), func(key string) bool {
			_, there := elsewhere[key]
			return there && have.object.others(key) != ""
		})
	}
	return append(gone, have.strangers...), misplaced(text, haveBinary) || misplaced(binary, haveText)
}

// overwrite puts the release there in one step where an apply alone cannot, on the condition that the object is the one that
// was judged.
func (t *Target) overwrite(ctx context.Context, g goal, have found, object *unstructured.Unstructured, gone []string) error {
	data, binary := map[string]any{}, map[string]any{}
	put := func(field string, here, elsewhere map[string]any) {
		values, _, _ := unstructured.NestedMap(object.Object, field)
		for key, value := range values {
			here[key], elsewhere[key] = value, nil
		}
	}
	put("data", data, binary)
	put("binaryData", binary, data)
	for _, key := range gone {
		t.spec.Logger().Warn("takes a key away", "target", t.spec.Name, "place", g.String(), "key", key, "of", have.object.others(key))
		data[key], binary[key] = nil, nil
	}
	patch := map[string]any{"data": data, "metadata": map[string]any{
		"resourceVersion": have.object.raw.GetResourceVersion(), "uid": have.object.raw.GetUID(),
		"labels": object.GetLabels(), "annotations": object.GetAnnotations(),
	}}
	if g.kind != "Secret" {
		patch["binaryData"] = binary
	}
	text, err := json.Marshal(patch)
	if err != nil {
		return t.error(g.String(), integrations.ErrInvalid, err)
	}
	_, err = t.patch(ctx, g.place, g.name, types.MergePatchType, text)
	return err
}

// replace deletes and makes anew an object that somebody made immutable: there is no other way. It does not where that would
// take away what is not ours.
func (t *Target) replace(ctx context.Context, g goal, have found, object *unstructured.Unstructured) error {
	if len(have.Foreign) > 0 && (have.Holder != integrations.Stranger || !g.want.Adopt) {
		return t.error(g.String(), integrations.ErrBlocked,
			fmt.Errorf("it is immutable and has keys of others (%s): delete it by hand", strings.Join(have.Foreign, ", ")))
	}
	if err := t.remove(ctx, g.place, g.name, have.object.raw.GetUID(), have.object.raw.GetResourceVersion()); err != nil {
		return err
	}
	return t.create(ctx, g.place, object)
}
