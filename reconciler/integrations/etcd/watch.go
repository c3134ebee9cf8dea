package etcd

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Watch implements [integrations.Watcher]. Only heads wake: keys beside them are found by the next comparison.
func (t *Target) Watch(ctx context.Context, places []integrations.Place, wake func(schema.Cell)) error {
	return integrations.WatchEach(ctx, places, t.watchPlace, wake)
}

// watchPlace watches one stage until ctx ends or the cluster refuses. Every beginning may follow a gap, so each one
// wakes the whole stage.
func (t *Target) watchPlace(ctx context.Context, p integrations.Place, cells chan<- schema.Cell) error {
	root, err := t.stageRoot(p.Settings)
	if err != nil {
		return &integrations.Error{Target: t.spec.Name, Key: string(p.Stage), Class: integrations.ErrInvalid, Err: err}
	}
	prefix := root + "/" + string(p.Stage) + "/"
	for n := 0; ctx.Err() == nil; n++ {
		began, err := t.watchOnce(ctx, p.Stage, prefix, cells)
		if err != nil && errors.Is(classOf(err), integrations.ErrForbidden) {
			return t.fail(prefix, err)
		}
		if err != nil && ctx.Err() == nil {
			t.spec.Logger().Warn("lost the watch", "target", t.spec.Name, "prefix", prefix, "error", err)
		}
		if began {
			n = 0
		}
		pause(ctx, 100*time.Millisecond<<min(n, 6))
	}
	return nil
}

var errLost = errors.New("no server can be reached")

// lost ends a watch once no server can be reached. The client's own would wait in silence until they are back; and where they came back
// with less history, as from a backup, for as long as it takes them to get as far as they were, whatever changes meanwhile.
func lost(ctx context.Context, client *clientv3.Client, end context.CancelCauseFunc) {
	connection := client.ActiveConnection()
	state := connection.GetState()
	if state.String() != "READY" || connection.WaitForStateChange(ctx, state) {
		end(errLost)
	}
}

// watchOnce watches until the server ends it: for want of a leader, after a compaction, when the client closes; or until there is none.
func (t *Target) watchOnce(ctx context.Context, stage schema.StageName, prefix string, cells chan<- schema.Cell) (began bool, err error) {
	client, err := t.connected()
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancelCause(clientv3.WithRequireLeader(ctx))
	defer cancel(nil)
	for response := range client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithCreatedNotify()) {
		if err := response.Err(); err != nil {
			return began, cancelled(cmp.Or(context.Cause(ctx), err))
		}
		if response.Created {
			began = true
			go lost(ctx, client, cancel) // ends with the context
			send(ctx, cells, schema.Cell{Stage: stage})
		}
		for _, event := range response.Events {
			if cell, ok := cellOf(stage, prefix, string(event.Kv.Key)); ok {
				send(ctx, cells, cell)
			}
		}
	}
	return began, context.Cause(ctx)
}

// cancelled finds the error again of which the server gave the text as the reason for ending a watch.
func cancelled(err error) error {
	for _, known := range []error{rpctypes.ErrGRPCPermissionDenied, rpctypes.ErrGRPCUserEmpty, rpctypes.ErrGRPCInvalidAuthToken, rpctypes.ErrGRPCAuthOldRevision} {
		if strings.Contains(err.Error(), known.Error()) {
			return rpctypes.Error(known)
		}
	}
	return rpctypes.Error(err)
}

func send(ctx context.Context, cells chan<- schema.Cell, cell schema.Cell) {
	select {
	case cells <- cell:
	case <-ctx.Done():
	}
}
