package etcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Without this the reconciler would take the target for one that keeps no marks, and ask it for none.
var _ integrations.Keeper = (*Target)(nil)

// CheckpointKey is the key of the newest checkpoint of a project's ledger. No stage and no root begins with a dot, so no
// app can have it, and no reader of a stage's prefix sees it.
func CheckpointKey(root, project string) string { return root + "/.sluice/" + project + "/checkpoint" }

// ElectionKey is below what the reconcilers of a project elect the one that works. Its name is that of the first root of
// trust, which all of them were told.
func (t *Target) ElectionKey(anchor schema.Digest) string {
	return t.root + "/.sluice/" + anchor.Hex()[:16] + "/leader"
}

// Client is the connection for what is no configuration: an election.
func (t *Target) Client() (*clientv3.Client, error) { return t.connected() }

// checkpointKey is below the operator's root: a target keeps one, whatever roots its stages choose.
func (t *Target) checkpointKey(project string) (string, error) {
	key := CheckpointKey(t.root, project)
	if !schema.CheckProjectID(project) {
		return "", &integrations.Error{Target: t.spec.Name, Key: key, Class: integrations.ErrInvalid, Why: "not the id of a project"}
	}
	return key, nil
}

// Checkpoint implements [integrations.Keeper]. It costs one linearizable read.
func (t *Target) Checkpoint(ctx context.Context, project string) ([]byte, error) {
	key, err := t.checkpointKey(project)
	if err != nil {
		return nil, err
	}
	kept, _, err := t.kept(ctx, key)
	return kept, err
}

// kept reads the key, with the revision of its last change; that is 0 if there is no such key.
func (t *Target) kept(ctx context.Context, key string) (value []byte, revision int64, err error) {
	response, err := t.txn(ctx, nil, []clientv3.Op{clientv3.OpGet(key)})
	for n := 0; err != nil && n < 3 && dropped(err); n++ {
		pause(ctx, 50*time.Millisecond<<n)
		response, err = t.txn(ctx, nil, []clientv3.Op{clientv3.OpGet(key)})
	}
	if err != nil {
		return nil, 0, t.fail(key, err)
	}
	kvs := response.Responses[0].GetResponseRange().Kvs
	if len(kvs) == 0 {
		return nil, 0, nil
	}
	return append([]byte{}, kvs[0].Value...), kvs[0].ModRevision, nil
}

// KeepCheckpoint implements [integrations.Keeper]. It costs a read, and a transaction that writes the key only if it is
// still the one that was judged.
func (t *Target) KeepCheckpoint(ctx context.Context, project string, signed []byte) (wrote bool, err error) {
	key, err := t.checkpointKey(project)
	if err != nil {
		return false, err
	}
	var lost error
	for n := range attempts {
		have, revision, err := t.kept(ctx, key)
		if err != nil {
			return false, errors.Join(err, lost)
		}
		if write, err := t.spec.Advance(key, project, have, signed); err != nil || !write {
			return lost != nil && err == nil, err
		}
		unmoved := []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(key), "=", revision)}
		response, err := t.txn(ctx, unmoved, []clientv3.Op{clientv3.OpPut(key, string(signed))})
		if err == nil && response.Succeeded {
			return true, nil
		}
		if err != nil {
			if err = t.fail(key, err); !errors.Is(err, integrations.ErrUnavailable) || ctx.Err() != nil {
				return false, err
			}
			lost = errors.Join(lost, err)
		}
		pause(ctx, time.Millisecond<<min(n, 7))
	}
	return false, &integrations.Error{Target: t.spec.Name, Key: key, Class: integrations.ErrUnavailable,
		Why: fmt.Sprintf("not written in %d attempts: others write it too", attempts), Err: lost}
}
