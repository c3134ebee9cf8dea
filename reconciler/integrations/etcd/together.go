package etcd

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// batch is one transaction that writes the heads of several cells, and reads them back.
type batch struct {
	cells   []*candidate // in the order of their keys
	unmoved []clientv3.Cmp
	ops     []clientv3.Op
	// back sorts the answers to ops by cell. It is not complete when one may have more than was looked at.
	back func(answers []*etcdserverpb.ResponseOp) (by []looked, complete bool)
}

// writeTogether writes cells that are no more than their heads over what was found.
func (t *Target) writeTogether(ctx context.Context, cells []*candidate) {
	t.signTogether(cells)
	for part := range slices.Chunk(cells, maxOps/(1+looks)) {
		signed := slices.DeleteFunc(slices.Clone(part), func(c *candidate) bool { return c.goal.wrote == nil })
		b := oneLookEach(signed)
		if answers, done, err := t.commit(ctx, b); done {
			t.readTogether(ctx, b, answers)
		} else {
			t.oneByOne(ctx, signed, err)
		}
		for _, c := range part {
			if c.goal.wrote == nil { // writing it says why
				c.alone(ctx, t.Write)
			}
		}
	}
}

// writeFirst writes cells on the condition that not one key is where they belong. It is false when there is, and nothing was
// written.
func (t *Target) writeFirst(ctx context.Context, cells []*candidate) bool {
	t.signTogether(cells)
	if slices.ContainsFunc(cells, func(c *candidate) bool { return c.goal.wrote == nil }) {
		return false
	}
	b := wholeRange(cells)
	answers, done, err := t.commit(ctx, b)
	switch {
	case done:
		t.readTogether(ctx, b, answers)
	case err != nil:
		t.oneByOne(ctx, cells, err)
	}
	return done || err != nil
}

// signTogether signs the heads. A cell whose head cannot be signed has none.
func (t *Target) signTogether(cells []*candidate) {
	bodies := make([]integrations.Body, len(cells))
	for i, c := range cells {
		bodies[i] = bodyAfter(c.goal, c.have)
	}
	for i, h := range t.spec.SignHeads(bodies) {
		cells[i].goal.wrote = nil
		if h.Err == nil {
			cells[i].goal.wrote = &written{h.Head, h.Text}
		}
	}
}

// oneLookEach writes every head on the condition that it is the one that was judged, and reads every cell back by itself.
func oneLookEach(cells []*candidate) batch {
	b := batch{cells: cells}
	var back []clientv3.Op
	for _, c := range cells {
		b.unmoved = append(b.unmoved, unmoved(c.goal.head, c.have.revision))
		b.ops = append(b.ops, putHead(c.goal))
		back = append(back, look(c.goal, maxForeign)...)
	}
	b.ops = append(b.ops, back...)
	b.back = func(answers []*etcdserverpb.ResponseOp) ([]looked, bool) {
		by, complete := make([]looked, len(cells)), true
		for n, c := range cells {
			by[n] = seen(c.goal, answers[n*looks:(n+1)*looks])
			complete = complete && by[n].complete
		}
		return by, complete
	}
	return b
}

// wholeRange writes the heads into a range of keys on the condition that it is empty, and reads all of it back.
func wholeRange(cells []*candidate) batch {
	from, to := cells[0].goal.dir, endOf(cells)
	b := batch{cells: cells, ops: make([]clientv3.Op, 0, len(cells)+1), unmoved: []clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(from), "=", 0).WithRange(to)}}
	for _, c := range cells {
		b.ops = append(b.ops, putHead(c.goal))
	}
	b.ops = append(b.ops, clientv3.OpGet(from, clientv3.WithRange(to)))
	b.back = func(answers []*etcdserverpb.ResponseOp) ([]looked, bool) {
		return split(cells, answers[0].GetResponseRange().Kvs), true
	}
	return b
}

// split gives every cell the keys that a look at it would have found. Keys and cells are in order.
func split(cells []*candidate, kvs []*mvccpb.KeyValue) []looked {
	back := make([]looked, len(cells))
	for n, c := range cells {
		l := looked{all: true, complete: true}
		dir := []byte(c.goal.dir)
		from, _ := slices.BinarySearchFunc(kvs, dir, func(kv *mvccpb.KeyValue, dir []byte) int { return bytes.Compare(kv.Key, dir) })
		for _, kv := range kvs[from:] {
			if !bytes.HasPrefix(kv.Key, dir) {
				break
			}
			if !c.goal.reserved(string(kv.Key)) {
				l.add(c.goal, kv)
			}
		}
		back[n] = l
	}
	return back
}

// reserved reports whether a key is in one of the gaps that look leaves out.
func (g goal) reserved(key string) bool {
	return strings.HasPrefix(key, g.dir+"consumers/") || strings.HasPrefix(key, g.dir+"rel/") && key > g.inventory()
}

// commit is done when everything was written. It returns the answers to what reads it back.
func (t *Target) commit(ctx context.Context, b batch) (answers []*etcdserverpb.ResponseOp, done bool, err error) {
	if len(b.cells) == 0 {
		return nil, true, nil
	}
	response, err := t.txnOf(ctx, b.cells, b.unmoved, b.ops)
	if err != nil || !response.Succeeded {
		return nil, false, err
	}
	return response.Responses[len(b.cells):], true, nil
}

// readTogether compares what was read back.
func (t *Target) readTogether(ctx context.Context, b batch, answers []*etcdserverpb.ResponseOp) {
	if len(b.cells) == 0 {
		return
	}
	by, complete := b.back(answers)
	if !complete {
		t.oneByOne(ctx, b.cells, nil)
	}
	for n, c := range b.cells {
		if complete {
			c.result.Observation = t.compare(c.goal, by[n]).Observation
			if !c.result.Equal {
				c.result.Err = t.fail(c.goal.head, errReadBack)
			}
		}
		c.result.Wrote = true
	}
}

// oneByOne writes the cells of a transaction that did not succeed. If its answer was lost, what is there now was
// written by it.
func (t *Target) oneByOne(ctx context.Context, cells []*candidate, lost error) {
	for _, c := range cells {
		c.alone(ctx, t.Write)
		unknown := lost != nil && errors.Is(classOf(lost), integrations.ErrUnavailable)
		c.result.Wrote = c.result.Wrote || unknown && c.result.Err == nil
	}
}
