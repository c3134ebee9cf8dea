package status

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// tally is what a view adds up to: it is counted once for each view, however many pages and viewers ask.
type tally struct {
	cells, intended int // without cells where nothing was ever admitted and nothing waits
	counts          stateCounts
	letIn           int                // of the others, by a mode alone and not adopted, and else as intended
	stages          []stageTally       // in the view's order
	ended           int                // apps that have left the last stage
	open            int                // questions that the last pass could not answer: what they are about may wait
	trouble         []*schema.CellView // worst first, then oldest first
	held            []*schema.CellView // oldest first
	asOf            string             // which entry it is as of, where nobody is known to look after what followed
}

// stateCounts is how often each state occurs.
type stateCounts [14]int

func (s stateCounts) of(state schema.CellState) int { return s[place(state)] }

// place is where a state stands in the order in which a person should care; what is not known comes last.
func place(state schema.CellState) int {
	for i, s := range order {
		if s == state {
			return i
		}
	}
	return len(order)
}

// order is that of [states].
var order = states()

// intended and urgent are what [lookOf] says of each of them.
var intended, urgent = func() (in, out [14]bool) {
	for i, s := range order {
		l := lookOf(s)
		in[i], out[i] = l.Intended, l.Tone == bad || l.Tone == wait
	}
	out[len(order)] = true
	return in, out
}()

type stageTally struct {
	counts stateCounts
	total  int
	oldest time.Time // since when the longest waiting change waits
}

// tallyOf goes once through all the cells; they are large and many, so it copies none.
func tallyOf(v *schema.View) *tally {
	out := &tally{stages: make([]stageTally, len(v.Stages)), open: len(v.Problems)}
	for i := range v.Apps {
		cells := v.Apps[i].Cells
		for j := range cells {
			stage := j
			if j >= len(v.Stages) || v.Stages[j] != cells[j].Cell.Stage { // where some are not shown
				stage = slices.Index(v.Stages, cells[j].Cell.Stage)
			}
			out.add(&cells[j], stage)
		}
		if n := len(cells); n > 0 && hasLeft(&cells[n-1]) {
			out.ended++
		}
	}
	if v.Alone != nil && v.Ledger.Size > 0 {
		out.asOf = fmt.Sprintf(" as of entry #%d", v.Ledger.Size)
	}
	worstFirst(out.trouble)
	slices.SortStableFunc(out.held, func(a, b *schema.CellView) int { return a.Held.Since.Compare(b.Held.Since) })
	return out
}

// worstFirst sorts cells by how urgent they are, then the riskiest and the oldest first. What that takes is found out once each.
func worstFirst(cells []*schema.CellView) {
	type ranked struct {
		cell        *schema.CellView
		place, risk int
		since       time.Time
	}
	all := make([]ranked, len(cells))
	for i, c := range cells {
		all[i] = ranked{c, place(c.State), riskHeld(c), sinceOf(c)}
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(b.risk, a.risk), a.since.Compare(b.since))
	})
	for i := range all {
		cells[i] = all[i].cell
	}
}

func (t *tally) add(c *schema.CellView, stage int) {
	at := place(c.State)
	if c.Held != nil {
		t.held = append(t.held, c)
	}
	t.counts[at]++
	if c.State == schema.Absent {
		return
	}
	if t.cells++; c.LetIn != nil && intended[at] {
		t.letIn++
	} else if intended[at] {
		t.intended++
	}
	if urgent[at] {
		t.trouble = append(t.trouble, c)
	}
	if stage < 0 || hasLeft(c) {
		return
	}
	s := &t.stages[stage]
	s.counts[at]++
	s.total++
	if c.Held != nil && (s.oldest.IsZero() || c.Held.Since.Before(s.oldest)) {
		s.oldest = c.Held.Since
	}
}

// hasLeft reports whether an app was taken out of a stage, whatever its targets say of that now, and nothing waits to bring it back.
func hasLeft(c *schema.CellView) bool {
	switch {
	case c.State == schema.Retired:
		return true
	case c.State == schema.Absent || c.State == schema.Prepared || c.Held != nil:
		return false
	}
	return c.Revision == schema.None && c.Seq > 0 && !c.LiveAt.IsZero()
}

// stage is what one stage adds up to.
func (t *tally) stage(v schema.View, name schema.StageName) stageTally {
	if i := slices.Index(v.Stages, name); i >= 0 {
		return t.stages[i]
	}
	return stageTally{}
}

// states are how many cells are in each state; of a view that is old none is known.
func (t *tally) states(stale bool) map[schema.CellState]int {
	if stale {
		return map[schema.CellState]int{unknown: t.cells}
	}
	out := map[schema.CellState]int{}
	for _, s := range states() {
		if n := t.counts.of(s); n > 0 {
			out[s] = n
		}
	}
	return out
}
