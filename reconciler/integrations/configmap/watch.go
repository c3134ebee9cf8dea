package configmap

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Watch implements [integrations.Watcher]. It sees the objects that have our labels, or had them; no data is sent for it.
func (t *Target) Watch(ctx context.Context, places []integrations.Place, wake func(schema.Cell)) error {
	return integrations.WatchEach(ctx, places, t.watchPlace, wake)
}

// watchPlace watches one stage until ctx ends or the server refuses. Each beginning lists first, and may follow a gap, so it
// wakes the whole stage: a history that the server has lost costs no more.
func (t *Target) watchPlace(ctx context.Context, p integrations.Place, cells chan<- schema.Cell) error {
	l, err := t.layoutOf(p.Settings)
	if err != nil {
		return t.error(string(p.Stage), integrations.ErrInvalid, err)
	}
	at := t.about.Resource(l.resource).Namespace(l.watched(p.Stage))
	for n := 0; ctx.Err() == nil; n++ {
		began, err := t.watchOnce(ctx, at, p.Stage, cells)
		if _, class := classOf(orNone(err)); errors.Is(class, integrations.ErrForbidden) {
			return t.fail(ctx, l.watched(p.Stage), err)
		}
		if err != nil && ctx.Err() == nil {
			t.spec.Logger().Warn("lost the watch", "target", t.spec.Name, "stage", string(p.Stage), "error", err)
		}
		if began {
			n = 0
		}
		pause(ctx, 100*time.Millisecond<<min(n, 6))
	}
	return nil
}

func orNone(err error) error {
	if err == nil {
		return errors.New("none")
	}
	return err
}

// watched is the namespace of a stage; all of them, where each app has one.
func (l layout) watched(stage schema.StageName) string {
	p, err := layout{namespace: l.namespace, name: "{app}"}.at(schema.Cell{Stage: stage, App: "a"})
	other, otherErr := layout{namespace: l.namespace, name: "{app}"}.at(schema.Cell{Stage: stage, App: "b"})
	if err != nil || otherErr != nil || p.namespace != other.namespace {
		return metav1.NamespaceAll
	}
	return p.namespace
}

// watchOnce watches until the server ends it, as it does now and then.
func (t *Target) watchOnce(ctx context.Context, at metadata.ResourceInterface, stage schema.StageName, cells chan<- schema.Cell) (began bool, err error) {
	selector := labels.SelectorFromSet(labels.Set{labelManaged: manager, labelStage: string(stage)}).String()
	limited, cancel := t.limited(ctx)
	list, err := at.List(limited, metav1.ListOptions{LabelSelector: selector})
	cancel()
	if err != nil {
		return false, err
	}
	watcher, err := at.Watch(ctx, metav1.ListOptions{LabelSelector: selector, ResourceVersion: list.ResourceVersion})
	if err != nil {
		return false, err
	}
	defer watcher.Stop()
	known := map[types.UID]schema.Cell{}
	for _, item := range list.Items {
		known[item.UID] = cellOf(stage, &item)
	}
	send(ctx, cells, schema.Cell{Stage: stage})
	for {
		select {
		case <-ctx.Done():
			return true, nil
		case event, ok := <-watcher.ResultChan():
			if !ok {
				return true, nil
			}
			if event.Type == watch.Error {
				return true, fmt.Errorf("watch: %w", apierrors.FromObject(event.Object))
			}
			if about, ok := event.Object.(*metav1.PartialObjectMetadata); ok {
				tell(ctx, cells, known, stage, about)
			}
		}
	}
}

// tell wakes the cell that an object says it is of, and the one that it was of before.
func tell(ctx context.Context, cells chan<- schema.Cell, known map[types.UID]schema.Cell, stage schema.StageName, about *metav1.PartialObjectMetadata) {
	cell := cellOf(stage, about)
	if before, ok := known[about.UID]; ok && before != cell {
		send(ctx, cells, before)
	}
	known[about.UID] = cell
	send(ctx, cells, cell)
}

// cellOf is the cell that an object says it is of; the whole stage where it does not.
func cellOf(stage schema.StageName, about *metav1.PartialObjectMetadata) schema.Cell {
	app, err := schema.ParseApp(about.Annotations[noteApp])
	if err != nil {
		return schema.Cell{Stage: stage}
	}
	return schema.Cell{Stage: stage, App: app}
}

func send(ctx context.Context, cells chan<- schema.Cell, cell schema.Cell) {
	select {
	case cells <- cell:
	case <-ctx.Done():
	}
}
