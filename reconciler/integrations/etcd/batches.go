package etcd

import (
	"slices"
	"strings"
	"sync"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	// firstCells is how many cells are asked about together where nothing is expected yet.
	firstCells = 10 * batchCells
	// batchCells keeps the transaction of a batch, with its one look, below etcd's limit of operations.
	batchCells = 120
	// batchBytes keeps a request below etcd's limit of 1.5 MiB.
	batchBytes = 1 << 20
	// batchesAtOnce is how many transactions are under way together.
	batchesAtOnce = 8
	// headBytes is more than what a head has beside its document.
	headBytes = 1500
)

// batches cuts wants, in the order of their keys, into batches and works on some of them at once. Candidates are large, and
// made anew only for as many batches as there are at once. Those that the ledger knows of no apply of are up to most in a batch.
func (t *Target) batches(wants []integrations.Release, most int, work func([]candidate)) []integrations.Result {
	results := make([]integrations.Result, len(wants))
	order := keyOrder(wants)
	var silence integrations.Silence
	var group sync.WaitGroup
	slots := make(chan []candidate, batchesAtOnce)
	for range batchesAtOnce {
		slots <- nil
	}
	for len(order) > 0 {
		n := next(wants, order, most)
		cells := <-slots
		for _, i := range order[:n] {
			cells = append(cells, candidate{want: &wants[i], result: &results[i], silence: &silence})
		}
		order = order[n:]
		group.Go(func() {
			work(cells)
			clear(cells)
			slots <- cells[:0]
		})
	}
	group.Wait()
	return results
}

// keyOrder is the order in which cells have their keys.
func keyOrder(wants []integrations.Release) []int {
	order := make([]int, len(wants))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compareKeys(wants[a].Cell, wants[b].Cell) })
	return order
}

// next is how many of the next cells make a batch. They are of one stage, so that one range of keys can hold them.
func next(wants []integrations.Release, order []int, most int) int {
	first := &wants[order[0]]
	if first.Applied {
		most = batchCells
	}
	n := fit(len(order), most, func(i int) *integrations.Release { return &wants[order[i]] })
	if end := slices.IndexFunc(order[:n], func(i int) bool { return wants[i].Cell.Stage != first.Cell.Stage }); end > 0 {
		return end
	}
	return n
}

// fit is how many of the next cells fit into one request: one at least.
func fit(have, most int, want func(int) *integrations.Release) (n int) {
	for size := 0; n < min(most, have); n++ {
		if size += weight(want(n)); n > 0 && size > batchBytes {
			break
		}
	}
	return n
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
func weight(want *integrations.Release) int { return len(want.Document)/3*4 + headBytes }
