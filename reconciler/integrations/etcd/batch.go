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
	batchesAtOnce = 8
)

// ReadMany implements [integrations.Batcher].
func (t *Target) ReadMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	return t.batches(wants, func(wants []integrations.Release, results []integrations.Result) {
		for i, c := range t.observeMany(ctx, wants) {
			if c.ok {
				results[i] = integrations.Result{Observation: c.have.Observation}
				continue
			}
			results[i].Observation, results[i].Err = t.Read(ctx, wants[i])
		}
	})
}

// WriteMany implements [integrations.Batcher]: one transaction for the cells of a batch that have to be written. Where
// it does not succeed, because one head moved or an answer was lost, each of them is written by itself. So is each cell
// that is more than its head.
func (t *Target) WriteMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	return t.batches(wants, func(wants []integrations.Release, results []integrations.Result) {
		var one batch
		for i, c := range t.observeMany(ctx, wants) {
			if !c.ok || !t.prepare(&one, i, c, &results[i]) {
				results[i].Observation, results[i].Err = t.Write(ctx, wants[i])
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

// candidate is a cell of a batch with what was found of it. One that is not ok is to be asked by itself.
type candidate struct {
	goal goal
	have found
	ok   bool
}

// observeMany reads the cells of a batch in one transaction.
func (t *Target) observeMany(ctx context.Context, wants []integrations.Release) []candidate {
	cells := make([]candidate, len(wants))
	var ops []clientv3.Op
	for i, want := range wants {
		g, err := t.goalOf(want)
		if err != nil || !g.plain() {
			continue
		}
		cells[i].goal, cells[i].ok = g, true
		ops = append(ops, look(g, maxForeign)...)
	}
	if len(ops) == 0 {
		return cells
	}
	response, err := t.txn(ctx, nil, ops)
	if err != nil {
		return make([]candidate, len(wants))
	}
	answers := response.Responses
	for i := range cells {
		if cells[i].ok {
			cells[i].have, cells[i].ok = t.compare(cells[i].goal, answers[:looks])
			answers = answers[looks:]
		}
	}
	return cells
}

// batch is one transaction that writes the heads of several cells.
type batch struct {
	cells   []int // positions in the batch's wants
	goals   []goal
	unmoved []clientv3.Cmp
	ops     []clientv3.Op
	bytes   int
}

// prepare puts a cell into the transaction, or its answer into the result if there is nothing to write. It is false for
// a cell that is to be written by itself.
func (t *Target) prepare(b *batch, i int, c candidate, result *integrations.Result) bool {
	result.Observation = c.have.Observation
	if c.have.Equal && !c.have.Outdated {
		return true
	}
	if err := t.spec.Permit(c.goal.want, c.have.Observation); err != nil {
		result.Err = err
		return true
	}
	if c.have.listed != 0 {
		return false
	}
	wrote, err := t.signed(c.goal, c.have)
	if err != nil || b.bytes+len(wrote.value) > batchBytes {
		return false
	}
	c.goal.wrote = wrote
	b.bytes += len(wrote.value)
	b.cells, b.goals = append(b.cells, i), append(b.goals, c.goal)
	b.unmoved = append(b.unmoved, unmoved(c.goal.head, c.have.revision))
	b.ops = append(append(b.ops, clientv3.OpPut(c.goal.head, wrote.value)), look(c.goal, maxForeign)...)
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
		after, _ := t.compare(b.goals[n], answers[1:1+looks])
		after.Wrote = true
		results[i].Observation, results[i].Err = after.Observation, nil
		if !after.Equal {
			results[i].Err = t.fail(b.goals[n].head, errReadBack)
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
