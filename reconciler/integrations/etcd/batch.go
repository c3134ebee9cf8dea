package etcd

import (
	"context"
	"slices"
	"strings"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	// batchCells keeps the transaction of a batch, with its one look, below etcd's limit of operations.
	batchCells = 120
	// batchBytes keeps a request below etcd's limit of 1.5 MiB.
	batchBytes = 1 << 20
	// batchesAtOnce is how many transactions are under way together.
	batchesAtOnce = 8
	// headBytes is more than what a head has beside its document.
	headBytes = 1500
)

// ReadMany implements [integrations.Batcher].
func (t *Target) ReadMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	return t.batches(wants, func(cells []candidate) {
		plain := t.goals(cells)
		if !t.nothingAt(ctx, plain) {
			t.lookAtAll(ctx, plain)
		}
		for i := range cells {
			c := &cells[i]
			if c.ok {
				c.result.Observation = c.have.Observation
				continue
			}
			c.alone(ctx, t.Read)
		}
	})
}

// WriteMany implements [integrations.Batcher]: a transaction writes many of the cells that have to be written. Where it does
// not succeed, because one head moved or an answer was lost, each of them is written by itself. So is each cell that is more
// than its head. Cells that the ledger knows of no apply of are first written on the condition that nothing is there at all.
func (t *Target) WriteMany(ctx context.Context, wants []integrations.Release) []integrations.Result {
	return t.batches(wants, func(cells []candidate) {
		plain := t.goals(cells)
		if len(plain) == len(cells) && neverApplied(plain) && t.writeFirst(ctx, plain) {
			return
		}
		t.lookAtAll(ctx, plain)
		var together []*candidate
		for i := range cells {
			c := &cells[i]
			switch {
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
	want   integrations.Release
	result *integrations.Result
	goal   goal
	have   found
	ok     bool
	// silence is that of the whole batch.
	silence *integrations.Silence
}

// alone asks for one cell by itself, unless the cluster answers no more.
func (c *candidate) alone(ctx context.Context, do func(context.Context, integrations.Release) (integrations.Observation, error)) {
	c.result.Observation, c.result.Err = c.silence.Ask(func() (integrations.Observation, error) { return do(ctx, c.want) })
}

// batches cuts wants, in the order of their keys, into batches and works on some of them at once.
func (t *Target) batches(wants []integrations.Release, work func([]candidate)) []integrations.Result {
	results := make([]integrations.Result, len(wants))
	cells := make([]candidate, len(wants))
	var silence integrations.Silence
	for i, want := range wants {
		cells[i] = candidate{want: want, result: &results[i], silence: &silence}
	}
	slices.SortStableFunc(cells, func(a, b candidate) int { return compareKeys(a.want.Cell, b.want.Cell) })
	var group sync.WaitGroup
	slots := make(chan struct{}, batchesAtOnce)
	for len(cells) > 0 {
		n, size := 0, 0
		for n < min(batchCells, len(cells)) && (n == 0 || size+weight(cells[n].want) <= batchBytes) {
			size += weight(cells[n].want)
			n++
		}
		part := cells[:n]
		cells = cells[n:]
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			work(part)
		})
	}
	group.Wait()
	return results
}

// compareKeys orders cells as their keys are ordered below one root.
func compareKeys(a, b schema.Cell) int {
	if a.Stage != b.Stage {
		return strings.Compare(string(a.Stage), string(b.Stage))
	}
	n := min(len(a.App), len(b.App))
	if c := strings.Compare(string(a.App[:n]), string(b.App[:n])); c != 0 || len(a.App) == len(b.App) {
		return c
	}
	return strings.Compare(string(a.App[n:])+"/", string(b.App[n:])+"/")
}

// weight is how many bytes a cell takes in a request, if it has no more than a head.
func weight(want integrations.Release) int { return len(want.Document)/3*4 + headBytes }

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

// nothingAt reports whether not one key is where the cells belong, and then says so of each.
func (t *Target) nothingAt(ctx context.Context, cells []*candidate) bool {
	if !neverApplied(cells) {
		return false
	}
	count := clientv3.OpGet(cells[0].goal.dir, clientv3.WithRange(endOf(cells)), clientv3.WithCountOnly())
	response, err := t.txnOf(ctx, cells, nil, []clientv3.Op{count})
	if err != nil || response.Responses[0].GetResponseRange().Count > 0 {
		return false
	}
	for _, c := range cells {
		c.have = t.compare(c.goal, looked{all: true, complete: true})
	}
	return true
}

func (t *Target) lookAtAll(ctx context.Context, cells []*candidate) {
	for part := range slices.Chunk(cells, maxOps/looks) {
		t.lookAt(ctx, part)
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
	c.result.Err = t.spec.Permit(c.want, c.have.Observation)
	return c.result.Err != nil
}
