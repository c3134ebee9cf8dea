package etcd

import (
	"context"
	"errors"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

const (
	// batchCells keeps a transaction below etcd's limit of 128 operations, with the six that writing a cell takes.
	batchCells = 20
	// batchBytes keeps a request below etcd's limit of 1.5 MiB.
	batchBytes = 1 << 20
	// batchesAtOnce is how many transactions are under way together.
	batchesAtOnce = 4
)

// ReadMany implements [integrations.Batcher].
func (t *Target) ReadMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	return t.batches(wants, func(wants []integrations.Release, results []integrations.Result) {
		have, ok := t.observeMany(ctx, wants)
		for i := range wants {
			if ok[i] {
				results[i] = integrations.Result{Observation: have[i].Observation}
				continue
			}
			results[i].Observation, results[i].Err = t.Read(ctx, wants[i])
		}
	})
}

// WriteMany implements [integrations.Batcher]: one transaction for the cells of a batch that have to be written. Where
// it does not succeed, because one head moved or an answer was lost, each of them is written by itself.
func (t *Target) WriteMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	return t.batches(wants, func(wants []integrations.Release, results []integrations.Result) {
		have, ok := t.observeMany(ctx, wants)
		var one batch
		for i, want := range wants {
			if !ok[i] || !t.prepare(&one, i, want, have[i], &results[i]) {
				results[i].Observation, results[i].Err = t.Write(ctx, want)
			}
		}
		t.commit(ctx, one, wants, results)
	})
}

// batches cuts wants into batches and works on some of them at once. Each batch has its own part of the results.
func (t *Target) batches(wants []integrations.Release, work func([]integrations.Release, []integrations.Result)) []integrations.Result {
	results := make([]integrations.Result, len(wants))
	var group sync.WaitGroup
	slots := make(chan struct{}, batchesAtOnce)
	for from := 0; from < len(wants); from += batchCells {
		to := min(from+batchCells, len(wants))
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			work(wants[from:to], results[from:to])
		})
	}
	group.Wait()
	return results
}

// observeMany reads the cells of a batch in one transaction. A cell that is not ok is to be asked by itself.
func (t *Target) observeMany(ctx context.Context, wants []integrations.Release) (have []found, ok []bool) {
	have, ok = make([]found, len(wants)), make([]bool, len(wants))
	var ops []clientv3.Op
	keys := make([]string, len(wants))
	for i, want := range wants {
		key, err := t.headKey(want)
		if err != nil {
			continue
		}
		keys[i] = key
		ops = append(ops, look(key, want)...)
	}
	if len(ops) == 0 {
		return have, ok
	}
	response, err := t.txn(ctx, nil, ops)
	if err != nil {
		return have, ok
	}
	answers := response.Responses
	for i, want := range wants {
		if keys[i] == "" {
			continue
		}
		have[i], ok[i] = t.compare(keys[i], want, answers[:looks]), true
		answers = answers[looks:]
	}
	return have, ok
}

// batch is one transaction that writes the heads of several cells.
type batch struct {
	cells   []int    // positions in the batch's wants
	keys    []string // of their heads
	unmoved []clientv3.Cmp
	ops     []clientv3.Op
	bytes   int
}

// prepare puts a cell into the transaction, or its answer into the result if there is nothing to write. It is false for
// a cell that is to be written by itself.
func (t *Target) prepare(b *batch, i int, want integrations.Release, have found, result *integrations.Result) bool {
	result.Observation = have.Observation
	if have.Equal && !have.Outdated {
		return true
	}
	if err := t.spec.Permit(want, have.Observation); err != nil {
		result.Err = err
		return true
	}
	if len(want.Document) > MaxInline {
		return false
	}
	head, err := t.spec.SignHead(integrations.Next(want, true, have.Observation, have.head))
	if err != nil {
		return false
	}
	value, err := head.Encode()
	if err != nil || b.bytes+len(value) > batchBytes {
		return false
	}
	key := have.Place
	b.bytes += len(value)
	b.cells, b.keys = append(b.cells, i), append(b.keys, key)
	b.unmoved = append(b.unmoved, clientv3.Compare(clientv3.ModRevision(key), "=", have.revision))
	b.ops = append(append(b.ops, clientv3.OpPut(key, string(value))), look(key, want)...)
	return true
}

func (t *Target) commit(ctx context.Context, b batch, wants []integrations.Release, results []integrations.Result) {
	if len(b.cells) == 0 {
		return
	}
	response, err := t.txn(ctx, b.unmoved, b.ops)
	if err != nil || !response.Succeeded {
		t.oneByOne(ctx, b, wants, results, err)
		return
	}
	answers := response.Responses
	for n, i := range b.cells {
		after := t.compare(b.keys[n], wants[i], answers[1:1+looks])
		after.Wrote = true
		results[i].Observation, results[i].Err = after.Observation, nil
		if !after.Equal {
			results[i].Err = t.fail(b.keys[n], errReadBack)
		}
		answers = answers[1+looks:]
	}
}

// oneByOne writes the cells of a transaction that did not succeed. If its answer was lost, what is there now was
// written by it.
func (t *Target) oneByOne(ctx context.Context, b batch, wants []integrations.Release, results []integrations.Result, lost error) {
	for _, i := range b.cells {
		results[i].Observation, results[i].Err = t.Write(ctx, wants[i])
		unknown := lost != nil && errors.Is(classOf(lost), integrations.ErrUnavailable)
		results[i].Wrote = results[i].Wrote || unknown && results[i].Err == nil
	}
}
