package etcd

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/schema"
)

const (
	// maxPruned bounds what one write of a cell takes away; the rest goes with the next one.
	maxPruned = 500
	// pruneAtOnce leaves room in a transaction for the inventory.
	pruneAtOnce = maxOps - 1
	// maxBelowRel bounds how many keys of generations are looked at.
	maxBelowRel = 4000
)

// prune takes away the parts of releases whose time is over: each transaction on the condition that the head and the
// inventory are those that were looked at, so that nothing goes that a newer head names. It is housekeeping: what does
// not succeed is tried again after the next write.
func (t *Target) prune(ctx context.Context, g goal, have found) {
	next, over := have.inventory.prune(t.spec.Now(), have.head.Doc, have.head.Prev)
	if len(over) == 0 || have.listed == 0 {
		return
	}
	keys, err := t.generationKeys(ctx, g)
	if err != nil {
		t.spec.Logger().Warn("old releases were not removed", "target", t.spec.Name, "key", g.dir+"rel/", "error", err)
		return
	}
	var drop []string
	for _, doc := range over {
		drop = append(drop, keys[doc]...)
	}
	if len(drop) > maxPruned {
		drop, next = drop[:maxPruned], have.inventory // it stays listed until all of it is gone
	}
	if err := t.drop(ctx, g, have, drop, next); err != nil {
		t.spec.Logger().Warn("old releases were not removed", "target", t.spec.Name, "key", g.dir+"rel/", "error", err)
	}
}

// drop deletes keys and writes the inventory with the last of them.
func (t *Target) drop(ctx context.Context, g goal, have found, keys []string, next inventory) error {
	listed, err := next.encode()
	if err != nil {
		return err
	}
	guard := []clientv3.Cmp{unmoved(g.head, have.revision), unmoved(g.inventory(), have.listed)}
	for {
		n := min(len(keys), pruneAtOnce)
		var ops []clientv3.Op
		for _, key := range keys[:n] {
			ops = append(ops, clientv3.OpDelete(key))
		}
		if keys = keys[n:]; len(keys) == 0 {
			ops = append(ops, clientv3.OpPut(g.inventory(), listed))
		}
		if _, done, err := t.apply(ctx, g, guard, ops); err != nil || !done || len(keys) == 0 {
			return err
		}
	}
}

// generationKeys lists the keys of every generation below rel/ that has the form of one.
func (t *Target) generationKeys(ctx context.Context, g goal) (map[schema.Digest][]string, error) {
	list := clientv3.OpGet(g.dir+"rel/", clientv3.WithPrefix(), clientv3.WithKeysOnly(), clientv3.WithLimit(maxBelowRel))
	response, err := t.txn(ctx, nil, []clientv3.Op{list})
	if err != nil {
		return nil, err
	}
	keys := map[schema.Digest][]string{}
	for _, kv := range response.Responses[0].GetResponseRange().Kvs {
		if doc, ok := generationOf(g.place, string(kv.Key)); ok {
			keys[doc] = append(keys[doc], string(kv.Key))
		}
	}
	return keys, nil
}

// removeStrangers deletes what we never wrote and the stage wants gone, each key as it was looked at, while the head is ours.
func (t *Target) removeStrangers(ctx context.Context, g goal, have found) (done bool, err error) {
	strangers := have.strangers[:min(len(have.strangers), maxPruned)]
	for len(strangers) > 0 {
		n := min(len(strangers), maxOps-1)
		guard := []clientv3.Cmp{unmoved(g.head, have.revision)}
		var ops []clientv3.Op
		for _, s := range strangers[:n] {
			guard = append(guard, unmoved(s.key, s.revision))
			ops = append(ops, clientv3.OpDelete(s.key))
		}
		if _, done, err := t.apply(ctx, g, guard, ops); !done {
			return false, err
		}
		strangers = strangers[n:]
	}
	return true, nil
}
