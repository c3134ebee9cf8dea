package reconciler

import (
	"context"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// mostToldBack is how many of the newest entries are read, after a start and for a view, for what was told last of cells that still differ.
const mostToldBack = 1000

// toldLast names what the ledger told last of a cell that differs at a target. The cell's state knows the entry that told of it
// first, and what is there may have changed again since: held against the first alone, it would be news at every start.
func (p *pass) toldLast(ctx context.Context, key deliveryKey, first int64) schema.Digest {
	if p.driftTold == nil {
		p.driftTold = p.readTold(ctx)
	}
	if last, ok := p.driftTold[key]; ok {
		return last
	}
	e, _, err := p.ledger.Entry(ctx, first)
	if err != nil {
		return ""
	}
	return deliveryDigest(e)
}

// readTold names the newest drift that the ledger tells of each cell at each target. What cannot be read is told once more.
func (p *pass) readTold(ctx context.Context) map[deliveryKey]schema.Digest {
	told := map[deliveryKey]schema.Digest{}
	for key, e := range newestDrift(ctx, p.ledger) {
		told[key] = deliveryDigest(e)
	}
	return told
}

// newestDrift reads the newest drift of each cell at each target among the newest entries, as far as they can be read.
func newestDrift(ctx context.Context, l *ledger.Ledger) map[deliveryKey]ledger.Entry {
	newest := map[deliveryKey]ledger.Entry{}
	for e, err := range l.Entries(ctx, l.Head().Size-mostToldBack+1) {
		if err != nil {
			break
		}
		if e.Kind == ledger.Drift && e.Delivery != nil {
			newest[deliveryKey{cell: e.Cell(), target: e.Delivery.Target}] = e
		}
	}
	return newest
}
