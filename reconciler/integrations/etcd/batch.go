package etcd

import (
	"context"
	"errors"
	"slices"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// ReadMany implements [integrations.Batcher].
func (t *Target) ReadMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	return t.batches(wants, firstCells, func(cells []candidate) {
		t.lookFirst(ctx, t.goals(cells))
		for i := range cells {
			c := &cells[i]
			switch {
			case c.ok:
				c.result.Observation = c.have.Observation
			case c.err != nil:
				c.unanswered()
			default:
				c.alone(ctx, t.Read)
			}
		}
	})
}

// WriteMany implements [integrations.Batcher]: a transaction writes many of the cells that have to be written. Where it does
// not succeed, because one head moved or an answer was lost, each of them is written by itself. So is each cell that is more
// than its head. Cells that the ledger knows of no apply of are first written on the condition that nothing is there at all.
func (t *Target) WriteMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	return t.batches(wants, batchCells, func(cells []candidate) {
		plain := t.goals(cells)
		if len(plain) == len(cells) && neverApplied(plain) && t.writeFirst(ctx, plain) {
			return
		}
		t.lookAtAll(ctx, plain)
		var together []*candidate
		for i := range cells {
			c := &cells[i]
			switch {
			case c.err != nil:
				c.unanswered()
			case c.ok && t.settled(c):
			case c.ok && c.have.listed == 0:
				together = append(together, c)
			default:
				c.alone(ctx, t.Write)
			}
		}
		t.writeTogether(ctx, together)
	})
}

// candidate is a cell of a batch with what was found of it. One that is not ok is to be asked by itself.
type candidate struct {
	want   *integrations.Release
	result *integrations.Result
	goal   goal
	have   found
	ok     bool
	err    error // nobody answered the question about the whole batch: to ask about this cell again would take as long
	// silence is that of the whole batch.
	silence *integrations.Silence
}

// alone asks for one cell by itself, unless the cluster answers no more.
func (c *candidate) alone(ctx context.Context, do func(context.Context, integrations.Release) (integrations.Observation, error)) {
	c.result.Observation, c.result.Err = c.silence.Ask(func() (integrations.Observation, error) { return do(ctx, *c.want) })
}

func (c *candidate) unanswered() { c.result.Place, c.result.Err = c.goal.head, c.err }

// goals finds what each cell is to be. Those that are no more than their heads are ok so far, and returned.
func (t *Target) goals(cells []candidate) (plain []*candidate) {
	for i := range cells {
		g, err := t.goalOf(cells[i].want)
		cells[i].goal, cells[i].ok = g, err == nil && g.plain()
		if cells[i].ok {
			plain = append(plain, &cells[i])
		}
	}
	return plain
}

// neverApplied reports whether the cells may be among the first of a stage: the ledger knows of no apply, and one range of
// keys holds them.
func neverApplied(cells []*candidate) bool {
	return len(cells) > 0 && !slices.ContainsFunc(cells, func(c *candidate) bool {
		return c.want.Applied || c.goal.above() != cells[0].goal.above()
	})
}

// nothingAt reports whether not one key is where the cells belong, and then says so of each, or whether nobody answered.
func (t *Target) nothingAt(ctx context.Context, cells []*candidate) bool {
	if !neverApplied(cells) {
		return false
	}
	count := clientv3.OpGet(cells[0].goal.dir, clientv3.WithRange(endOf(cells)), clientv3.WithCountOnly())
	response, err := t.txnOf(ctx, cells, nil, []clientv3.Op{count})
	if err != nil {
		return t.unanswered(cells, err)
	}
	if response.Responses[0].GetResponseRange().Count > 0 {
		return false
	}
	for _, c := range cells {
		c.have = t.compare(c.goal, looked{all: true, complete: true})
	}
	return true
}

// lookFirst looks at cells, at many together for as long as nothing is there.
func (t *Target) lookFirst(ctx context.Context, cells []*candidate) {
	if t.nothingAt(ctx, cells) {
		return
	}
	for part := range slices.Chunk(cells, batchCells) {
		if len(part) == len(cells) || !t.nothingAt(ctx, part) {
			t.lookAtAll(ctx, part)
		}
	}
}

func (t *Target) lookAtAll(ctx context.Context, cells []*candidate) {
	for len(cells) > 0 {
		n := fit(len(cells), maxOps/looks, func(i int) *integrations.Release { return cells[i].want })
		t.lookAt(ctx, cells[:n])
		cells = cells[n:]
	}
}

// txnOf is one transaction about several cells: one question, if it is not answered. It is not asked where others were not.
func (t *Target) txnOf(ctx context.Context, cells []*candidate, compare []clientv3.Cmp, then []clientv3.Op) (*clientv3.TxnResponse, error) {
	silence := cells[0].silence
	if err := silence.GaveUp(); err != nil {
		return nil, err
	}
	response, err := t.txn(ctx, compare, then)
	if err == nil {
		silence.Heard(nil)
	} else {
		silence.Heard(t.fail("", err))
	}
	return response, err
}

// unanswered notes that nobody answered a question about cells in time, or that it was not asked any more because of that. A
// connection that ended is none of that: the next one may be good.
func (t *Target) unanswered(cells []*candidate, err error) bool {
	var known *integrations.Error
	notAsked := errors.As(err, &known)
	if !notAsked && !late(err) {
		return false
	}
	for _, c := range cells {
		c.ok, c.err = false, err
		if !notAsked {
			c.err = t.fail(c.goal.head, err)
		}
	}
	return true
}

// above is what all cells of a stage are below.
func (g goal) above() string { return strings.TrimSuffix(g.dir, string(g.want.Cell.App)+"/") }

// endOf is where the keys of cells end.
func endOf(cells []*candidate) string {
	end := ""
	for _, c := range cells {
		end = max(end, clientv3.GetPrefixRangeEnd(c.goal.dir))
	}
	return end
}

// lookAt reads cells in one transaction. Those whose look was cut short are not ok.
func (t *Target) lookAt(ctx context.Context, cells []*candidate) {
	var ops []clientv3.Op
	for _, c := range cells {
		ops = append(ops, look(c.goal, maxForeign)...)
	}
	response, err := t.txnOf(ctx, cells, nil, ops)
	if err != nil {
		for _, c := range cells {
			c.ok = false
		}
		t.unanswered(cells, err)
		return
	}
	for n, c := range cells {
		l := seen(c.goal, response.Responses[n*looks:(n+1)*looks])
		if c.ok = l.complete; c.ok {
			c.have = t.compare(c.goal, l)
		}
	}
}

// settled answers for a cell that is not to be written: it is as it should be, or must not be touched.
func (t *Target) settled(c *candidate) bool {
	c.result.Observation = c.have.Observation
	if c.have.Equal && !c.have.Outdated {
		return true
	}
	c.result.Err = t.spec.Permit(*c.want, c.have.Observation)
	return c.result.Err != nil
}
