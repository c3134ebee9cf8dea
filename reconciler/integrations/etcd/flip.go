package etcd

import (
	"context"
	"fmt"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	// maxOps is etcd's default limit of operations in a transaction, --max-txn-ops; maxChanges leaves room for the head, the
	// inventory and the mirror's marker.
	maxOps     = 128
	maxChanges = maxOps - 3
	// maxBytes keeps a request below etcd's default limit of 1.5 MiB, --max-request-bytes.
	maxBytes = 1 << 20
)

// putParts writes the parts that are missing or wrong, each on the condition that it is still as it was read. A reader finds
// them only once the head names them. It is not done when somebody else was at work, or an answer was lost.
func (t *Target) putParts(ctx context.Context, g goal, have *found) (done bool, err error) {
	if err := t.checkRoom(ctx, g, have); err != nil {
		return false, err
	}
	for i, p := range g.parts {
		if have.parts[i].right {
			continue
		}
		response, err := t.txn(ctx, []clientv3.Cmp{unmoved(p.key, have.parts[i].revision)}, []clientv3.Op{clientv3.OpPut(p.key, p.value)})
		if err != nil {
			return false, t.fail(p.key, err)
		}
		if !response.Succeeded {
			return false, nil
		}
		have.parts[i] = partFound{response.Header.Revision, true}
	}
	return true, nil
}

// checkRoom asks the server how full it is before the first of many parts is written. A server that does not say is not
// waited for: then the first part is refused.
func (t *Target) checkRoom(ctx context.Context, g goal, have *found) error {
	var need int64
	for i, p := range g.parts {
		if !have.parts[i].right {
			need += int64(len(p.value))
		}
	}
	if need == 0 {
		return nil
	}
	client, err := t.connected()
	if err != nil {
		return t.fail(g.head, err)
	}
	limited, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	status, err := client.Status(limited, client.Endpoints()[0])
	if err != nil || status.DbSizeQuota == 0 || status.DbSizeInUse+need < status.DbSizeQuota {
		return nil
	}
	return &integrations.Error{Target: t.spec.Name, Key: g.head, Class: integrations.ErrFull, Refused: &schema.Refusal{Size: need, Limit: status.DbSizeQuota},
		Why: fmt.Sprintf("%d bytes are to be written, %d of %d are in use", need, status.DbSizeInUse, status.DbSizeQuota)}
}

// flip moves the head, on the condition that it and every part are as they were found, and the mirror with it if the changes
// fit into the transaction. Else the mirror's marker goes first and comes back last.
func (t *Target) flip(ctx context.Context, g goal, have found) (done bool, err error) {
	next := have.inventory.follow(g, t.unlisted(ctx, g), t.spec.Now().UTC().Truncate(time.Millisecond))
	listed, err := next.encode()
	if err != nil {
		return false, t.fail(g.inventory(), err)
	}
	guard := []clientv3.Cmp{unmoved(g.head, have.revision), unmoved(g.inventory(), have.listed)}
	for i, p := range g.parts {
		guard = append(guard, unmoved(p.key, have.parts[i].revision))
	}
	ops := []clientv3.Op{putHead(g)}
	if len(have.changes) <= maxChanges && have.bytes+len(g.wrote.value)+len(listed) <= maxBytes {
		ops = append(ops, clientv3.OpPut(g.inventory(), listed))
		_, done, err := t.apply(ctx, g, guard, append(append(ops, g.complete()...), have.changes...))
		return done, err
	}
	both, err := next.and(have.inventory.Keys).encode()
	if err != nil {
		return false, t.fail(g.inventory(), err)
	}
	ops = append(ops, clientv3.OpPut(g.inventory(), both), clientv3.OpDelete(g.dir+mirrorDir+completeName))
	revision, done, err := t.apply(ctx, g, guard, ops)
	if !done {
		return false, err
	}
	return t.changeMirror(ctx, g, []clientv3.Cmp{unmoved(g.head, revision), unmoved(g.inventory(), revision)}, have.changes, listed)
}

// changeMirror writes what did not fit into the flip, for as long as the head is the one that was written, and the marker
// and the inventory last.
func (t *Target) changeMirror(ctx context.Context, g goal, guard []clientv3.Cmp, changes []clientv3.Op, listed string) (done bool, err error) {
	changes = slices.DeleteFunc(slices.Clone(changes), func(op clientv3.Op) bool { // it went with the head
		return string(op.KeyBytes()) == g.dir+mirrorDir+completeName
	})
	for len(changes) > 0 {
		n, size := 0, 0
		for n < min(len(changes), maxChanges) && (n == 0 || size+len(changes[n].ValueBytes()) <= maxBytes) {
			size += len(changes[n].KeyBytes()) + len(changes[n].ValueBytes())
			n++
		}
		if _, done, err := t.apply(ctx, g, guard, changes[:n]); !done {
			return false, err
		}
		changes = changes[n:]
	}
	_, done, err = t.apply(ctx, g, guard, append(g.complete(), clientv3.OpPut(g.inventory(), listed)))
	return done, err
}

// complete writes the mirror's marker, if there is a mirror.
func (g goal) complete() []clientv3.Op {
	if len(g.mirror) == 0 {
		return nil
	}
	return []clientv3.Op{clientv3.OpPut(g.dir+mirrorDir+completeName, g.mirror[completeName])}
}

// apply is a transaction that writes. It is not done when a condition did not hold, or nobody knows.
func (t *Target) apply(ctx context.Context, g goal, guard []clientv3.Cmp, ops []clientv3.Op) (revision int64, done bool, err error) {
	response, err := t.txn(ctx, guard, ops)
	if err != nil {
		return 0, false, t.fail(g.head, err)
	}
	return response.Header.Revision, response.Succeeded, nil
}

// unlisted are generations that lie below rel/ though no inventory may know of them. Not finding out costs nothing: the next
// write asks again.
func (t *Target) unlisted(ctx context.Context, g goal) []schema.Digest {
	if len(g.parts) == 0 {
		return nil
	}
	keys, err := t.generationKeys(ctx, g)
	if err != nil {
		return nil
	}
	var docs []schema.Digest
	for doc := range keys {
		docs = append(docs, doc)
	}
	slices.Sort(docs)
	return docs
}
