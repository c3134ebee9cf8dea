package configmap

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// rehearsal is the name of an object that is never written.
const rehearsal = "sluice-doctor"

// Rehearse asks the server whether it would take an object where the release belongs: rights, namespace and quota are checked
// as for a write, and nothing is written.
func (t *Target) Rehearse(ctx context.Context, want integrations.Release) error {
	g, err := t.goalOf(want)
	if err != nil {
		return err
	}
	g.name = rehearsal
	object := g.manifest(rehearsal, map[string]string{labelManaged: manager}, nil, map[string][]byte{headKey: nil}, false)
	return t.fail(ctx, g.String(), t.applied(ctx, g, object, metav1.ApplyOptions{FieldManager: manager, DryRun: []string{metav1.DryRunAll}}))
}
