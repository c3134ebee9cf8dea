package ledger

import (
	"context"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Stretch is a part of the ledger: the appends to Tip of which [Appends] tells from Since on, but for the entries up to After, which
// are those of the stretch before.
type Stretch struct {
	Tip   schema.Hash
	Since time.Time
	After int64
}

// fewest is how many appends a stretch has at least: to begin one costs something, too.
const fewest = 16

// Stretches cuts what [Appends] tells of since a time into so many parts at most, oldest first. Together they are all of it, and no
// entry is in two.
func Stretches(ctx context.Context, objs Objects, tip schema.Hash, since time.Time, most int) ([]Stretch, error) {
	w := &Ledger{store: newStore(objs), cells: &cellMemo{}}
	commits, err := w.commitsNotBefore(ctx, tip, since)
	if err != nil {
		return nil, err
	}
	n := max(1, min(most, len(commits)/fewest))
	out := []Stretch{{Since: since}}
	for i := 1; i < n; i++ {
		cut, err := w.at(ctx, commits[i*len(commits)/n])
		if err != nil {
			return nil, err
		}
		out[i-1].Tip = cut.tip
		// Other commits may be of the same moment: After leaves out what is told twice.
		out = append(out, Stretch{Since: cut.head.At, After: cut.edge.size})
	}
	out[n-1].Tip = tip
	return out, nil
}
