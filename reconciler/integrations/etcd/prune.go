package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	// maxPruned bounds what one write of a cell takes away; the rest goes with the next one.
	maxPruned = 500
	// pruneAtOnce leaves room in a transaction for the inventory.
	pruneAtOnce = maxOps - 1
	// consumersDir is below an app: what its instances say they run.
	consumersDir = "consumers/"
	// maxBelowRel bounds how many keys of generations are looked at.
	maxBelowRel = 4000
)

// prune takes away the parts of releases whose time is over, and that no instance says to run: each transaction on the
// condition that the head, the inventory and what instances say are as they were looked at, so that nothing goes that a newer
// head names or that somebody has begun to run. It is housekeeping: what does not succeed is tried again after the next write.
func (t *Target) prune(ctx context.Context, g goal, have found) {
	now := t.spec.Now()
	if _, over := have.inventory.prune(now, have.head.Doc, have.head.Prev); len(over) == 0 || have.listed == 0 {
		return
	}
	if err := t.pruneUnused(ctx, g, have, now); err != nil {
		t.spec.Logger().Warn("old releases were not removed", "target", t.spec.Name, "key", g.dir+"rel/", "error", err)
	}
}

func (t *Target) pruneUnused(ctx context.Context, g goal, have found, now time.Time) error {
	run, err := t.running(ctx, g)
	if err != nil {
		return err
	}
	next, over := have.inventory.prune(now, append(run.docs, have.head.Doc, have.head.Prev)...)
	if len(over) == 0 {
		return nil
	}
	keys, err := t.generationKeys(ctx, g)
	if err != nil {
		return err
	}
	var drop []string
	for _, doc := range over {
		drop = append(drop, keys[doc]...)
	}
	if len(drop) > maxPruned {
		drop, next = drop[:maxPruned], have.inventory // it stays listed until all of it is gone
	}
	return t.drop(ctx, g, have, run, drop, next)
}

// running are the documents that the instances say they run, at a revision.
type running struct {
	docs     []schema.Digest
	revision int64
}

// running reads every report below consumers/. They are there as long as their instances are: etcd takes them away with the
// lease. One that cannot be read may be of an instance that runs anything, so then nothing goes.
func (t *Target) running(ctx context.Context, g goal) (r running, err error) {
	prefix := g.dir + consumersDir
	for from, n := prefix, 0; ; {
		page := clientv3.OpGet(from, clientv3.WithRange(clientv3.GetPrefixRangeEnd(prefix)), clientv3.WithLimit(collectPage))
		response, err := t.txn(ctx, nil, []clientv3.Op{page})
		if err != nil {
			return running{}, fmt.Errorf("read what instances run: %w", err)
		}
		if r.revision == 0 {
			r.revision = response.Header.Revision
		}
		found := response.Responses[0].GetResponseRange()
		for _, kv := range found.Kvs {
			var report struct {
				Doc schema.Digest `json:"doc"`
			}
			if err := json.Unmarshal(kv.Value, &report); err != nil {
				return running{}, fmt.Errorf("read what instances run: %s: %w", kv.Key, err)
			}
			r.docs = append(r.docs, report.Doc)
			from = string(kv.Key) + "\x00"
		}
		if n += len(found.Kvs); n > integrations.MaxReports {
			return running{}, fmt.Errorf("read what instances run: more than %d reports below %s", integrations.MaxReports, prefix)
		}
		if !found.More || len(found.Kvs) == 0 {
			return r, nil
		}
	}
}

// unchanged is the condition that no instance has said anything else since; one that is gone said nothing.
func (r running) unchanged(g goal) clientv3.Cmp {
	return clientv3.Compare(clientv3.ModRevision(g.dir+consumersDir), "<", r.revision+1).WithPrefix()
}

// drop deletes keys and writes the inventory with the last of them.
func (t *Target) drop(ctx context.Context, g goal, have found, run running, keys []string, next inventory) error {
	listed, err := next.encode()
	if err != nil {
		return err
	}
	guard := []clientv3.Cmp{unmoved(g.head, have.revision), unmoved(g.inventory(), have.listed), run.unchanged(g)}
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
