package configmap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Keeper is a target that also keeps checkpoints, in a namespace that the operator names for it.
type Keeper struct{ *Target }

// Without this the reconciler would take the target for one that keeps no marks, and ask it for none.
var _ integrations.Keeper = Keeper{}

const checkpointKey = "checkpoint"

// checkpointPlace is the ConfigMap sluice-checkpoint-<project>.
func (k Keeper) checkpointPlace(project string) (place, error) {
	p := place{namespace: k.marks, name: "sluice-checkpoint-" + project, resource: configMaps, kind: "ConfigMap"}
	if !schema.CheckProjectID(project) || !objectShape.MatchString(p.name) || len(p.name) > maxName {
		return p, k.error(p.String(), integrations.ErrInvalid, errors.New("not the id of a project"))
	}
	return p, nil
}

// Checkpoint implements [integrations.Keeper].
func (k Keeper) Checkpoint(ctx context.Context, project string) ([]byte, error) {
	p, err := k.checkpointPlace(project)
	if err != nil {
		return nil, err
	}
	at, err := k.get(ctx, p, p.name)
	return at.value(checkpointKey), err
}

// KeepCheckpoint implements [integrations.Keeper]: on the condition that the object is the one that was judged.
func (k Keeper) KeepCheckpoint(ctx context.Context, project string, signed []byte) (wrote bool, err error) {
	p, err := k.checkpointPlace(project)
	if err != nil {
		return false, err
	}
	var lost error
	for n := range attempts {
		at, err := k.get(ctx, p, p.name)
		if err != nil {
			return false, errors.Join(err, lost)
		}
		if write, err := k.spec.Advance(p.String(), project, at.value(checkpointKey), signed); err != nil || !write {
			return lost != nil && err == nil, err
		}
		if err = k.keep(ctx, p, at, signed); err == nil {
			return true, nil
		}
		if k.final(ctx, err) {
			return false, err
		}
		lost = k.lost(lost, err)
		pause(ctx, time.Millisecond<<min(n, 7))
	}
	return false, &integrations.Error{Target: k.spec.Name, Key: p.String(), Class: integrations.ErrUnavailable,
		Why: fmt.Sprintf("not written in %d attempts: others write it too", attempts), Err: lost}
}

// keep writes the checkpoint over what was judged.
func (k Keeper) keep(ctx context.Context, p place, at *object, signed []byte) error {
	if at == nil {
		return k.create(ctx, p, p.manifest(p.name, map[string]string{labelManaged: manager}, nil, map[string][]byte{checkpointKey: signed}, false))
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": at.raw.GetResourceVersion(), "uid": at.raw.GetUID()},
		"data":     map[string]any{checkpointKey: string(signed)}, "binaryData": map[string]any{checkpointKey: nil},
	})
	if err != nil {
		return k.error(p.String(), integrations.ErrInvalid, err)
	}
	_, err = k.patch(ctx, p, p.name, types.MergePatchType, patch)
	return err
}
