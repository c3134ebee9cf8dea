package journal

import (
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Holds is how long what went back has to stay for the outage to have ended with it. What is left again within that time, or marked as
// failed, did not help: the outage goes on, from when it began.
const Holds = 24 * time.Hour

// restore is a way back that is live. It is counted when it held, or when something else follows it: a figure that was told is
// never taken back, since a counter that falls looks like one that began anew.
type restore struct {
	cell  schema.Cell
	since time.Time // when what failed went live
	live  time.Time // when this did
	from  schema.Exemplar
}

// settle counts the ones that are over.
func (f *Fold) settle(over func(restore) bool) {
	f.restored = slices.DeleteFunc(f.restored, func(r restore) bool {
		if !over(r) {
			return false
		}
		figures := f.journal.Stages[r.cell.Stage]
		figures.Restore = figures.Restore.Within(schema.DurationBounds, r.live.Sub(r.since), r.from)
		f.journal.Stages[r.cell.Stage] = figures
		return true
	})
}

// reopen takes the one of a cell as what did not hold: whatever comes next ends the same outage.
func (f *Fold) reopen(at schema.Cell) {
	i := slices.IndexFunc(f.restored, func(r restore) bool { return r.cell == at })
	if i < 0 {
		return
	}
	c := f.cells[at]
	c.broken = f.restored[i].since
	f.cells[at], f.restored = c, slices.Delete(f.restored, i, i+1)
}
