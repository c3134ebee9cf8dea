// Package journal folds the ledger's entries into what people are shown of the past: records, transitions between stages, and
// the figures of delivery. It decides nothing and nothing is decided by it.
package journal

import (
	"maps"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// kept is how many records a journal has at least, if there are so many; it has at most twice as many.
const kept = 20_000

// Fold takes entries in and gives journals out. Its zero value has read nothing.
type Fold struct {
	// Trace is that of the pass which recorded the entries from TracedFrom on: what they add to the histograms names it. Zero:
	// whoever recorded them is not known.
	Trace      string
	TracedFrom int64

	journal schema.Journal
	cells   map[schema.Cell]cell
	// begun is when the merge request that first brought a revision of an app was opened.
	begun map[revision]time.Time
	last  schema.Digest // of the entry before
	// attempts are those that were counted as held or denied. Invariant: none is taken out, or a count would go by who reads from where.
	attempts map[attempt]bool
	// restored are the ways back that are live and have to hold yet, in the order in which they went live.
	restored []restore
}

type attempt struct {
	schema.Attempt
	result string
}

type revision struct {
	app      schema.App
	revision schema.Revision
}

// cell is what the figures need to know of one cell.
type cell struct {
	seq      int64 // its admission; 0: sealed, or none
	revision schema.Revision
	gray     bool // only some instances have it: it is not live
	counts   bool // a change that people meant to bring, and neither a way back nor a removal, in whichever stage
	required map[string]bool
	live     time.Time // when it went live; zero: not yet
	failed   bool      // counted as a failure
	broken   time.Time // since when what failed before it was live; zero: nothing is being put right
}

// Read is the number of the last entry taken in.
func (f *Fold) Read() int64 { return f.journal.Read }

// Add takes in the entry after the last one; digest is that of its bytes.
func (f *Fold) Add(e ledger.Entry, digest schema.Digest) {
	f.prepare()
	f.journal.Kinds[string(e.Kind)]++
	if len(f.journal.Records) >= 2*kept {
		f.journal.Records = slices.Clone(f.journal.Records[len(f.journal.Records)-kept:])
	}
	f.settle(func(r restore) bool { return e.At.Sub(r.live) >= Holds })
	r := record(e, digest)
	r.Linked, f.last = e.Prev == f.last && e.Seq == f.journal.Read+1, digest
	f.journal.Read = e.Seq
	f.journal.Records = append(f.journal.Records, r) // journals given out see no more of the array than they had
	switch {
	case e.Decision != nil && r.App != "":
		f.decided(e, r)
	case e.Delivery != nil:
		f.delivered(e)
	case e.Step != nil && e.Step.Rule == nil:
		c := f.cells[e.Cell()]
		c.seq, c.gray = e.Seq, false
		f.cells[e.Cell()] = c
	case e.Order != nil && e.Kind == ledger.Taint && e.Code == "":
		f.fail(e.Cell(), e.Order.Revision)
	}
	if e.Kind == ledger.Archive && e.Code == "" {
		f.journal.Transitions[schema.Transition{From: e.Stage, To: schema.ArchiveNode, Result: schema.Passed}]++
	}
}

func (f *Fold) prepare() {
	if f.cells != nil {
		return
	}
	f.cells, f.begun, f.attempts = map[schema.Cell]cell{}, map[revision]time.Time{}, map[attempt]bool{}
	f.journal.Kinds, f.journal.Transitions = map[string]int64{}, map[schema.Transition]int64{}
	f.journal.Deliveries, f.journal.Drifts = map[schema.DeliveryResult]int64{}, map[schema.StageName]int64{}
	f.journal.Stages = map[schema.StageName]schema.StageFigures{}
}

// Journal is what was read so far. It does not change when more is read.
func (f *Fold) Journal() *schema.Journal {
	f.prepare()
	j := f.journal
	j.Records = slices.Clip(j.Records)
	if len(j.Records) > 0 {
		j.Since = j.Records[0].At
	}
	j.Kinds, j.Transitions, j.Deliveries = maps.Clone(j.Kinds), maps.Clone(j.Transitions), maps.Clone(j.Deliveries)
	j.Drifts, j.Stages = maps.Clone(j.Drifts), maps.Clone(j.Stages)
	return &j
}

// decided counts a decision about an app, and opens the account of what was let in.
func (f *Fold) decided(e ledger.Entry, r schema.Record) {
	if !e.Kind.Admits() {
		f.refused(r)
		return
	}
	f.journal.Transitions[schema.Transition{From: r.From, To: r.To, Result: r.Result}]++
	if e.Decision.Mode.Weak() && e.Decision.Verdict.Outcome != schema.Allow {
		figures := f.journal.Stages[e.Stage]
		figures.LetIn++
		f.journal.Stages[e.Stage] = figures
	}
	key := revision{e.App, r.Becomes}
	if _, known := f.begun[key]; !known {
		f.begun[key] = begin(e)
	}
	before := f.cells[e.Cell()]
	back := e.Kind == ledger.Rollback || e.Kind == ledger.BreakGlass
	if back {
		f.fail(e.Cell(), before.revision)
		before = f.cells[e.Cell()]
	}
	f.settle(func(r restore) bool { return r.cell == e.Cell() }) // what goes back from it was told by fail that it did not hold
	now := cell{seq: e.Seq, revision: r.Becomes, counts: !back && e.Kind != ledger.Retire && !r.Removes(), required: map[string]bool{}, broken: before.broken}
	if before.failed && before.broken.IsZero() {
		now.broken = before.live
	}
	now.gray = e.Decision.Gray != nil
	for _, target := range e.Decision.Required {
		now.required[target] = true
	}
	f.cells[e.Cell()] = now
}

// refused counts what was held or denied: a change that is judged again and again, each time for other reasons, is one.
func (f *Fold) refused(r schema.Record) {
	it := attempt{r.Attempt(), r.Result}
	if f.attempts[it] {
		return
	}
	f.attempts[it] = true
	f.journal.Transitions[schema.Transition{From: r.From, To: r.To, Result: r.Result}]++
}

// begin is when somebody asked for a change: where no merge request says so, when it was let in.
func begin(e ledger.Entry) time.Time {
	if mr := e.Decision.MergeRequest; mr != nil && !mr.OpenedAt.IsZero() {
		return mr.OpenedAt
	}
	return e.At
}

// delivered counts what became of a write, and notes when a change is live everywhere it has to be.
func (f *Fold) delivered(e ledger.Entry) {
	switch e.Kind {
	case ledger.Drift:
		f.journal.Drifts[e.Stage]++
		return
	case ledger.Apply:
	default:
		return
	}
	f.journal.Deliveries[schema.DeliveryResult{Stage: e.Stage, Target: e.Delivery.Target, Result: e.Delivery.Result}]++
	c := f.cells[e.Cell()]
	if e.Delivery.Result != ledger.ResultOK || c.gray || c.seq == 0 || c.seq != e.Delivery.Admission || !c.live.IsZero() {
		return
	}
	delete(c.required, e.Delivery.Target)
	if len(c.required) > 0 {
		f.cells[e.Cell()] = c
		return
	}
	figures := f.journal.Stages[e.Stage]
	c.live = e.Happened()
	if !c.broken.IsZero() {
		f.restored = append(f.restored, restore{cell: e.Cell(), since: c.broken, live: c.live, from: f.exemplar(e)})
		c.broken = time.Time{}
	}
	if c.counts {
		figures.Deployments, figures.Last = figures.Deployments+1, c.live
		figures.Lead = figures.Lead.Within(schema.DurationBounds, c.live.Sub(f.begun[revision{e.App, c.revision}]), f.exemplar(e))
	}
	f.journal.Stages[e.Stage], f.cells[e.Cell()] = figures, c
}

// exemplar names the pass that recorded an entry, where that is known.
func (f *Fold) exemplar(e ledger.Entry) schema.Exemplar {
	if f.Trace == "" || e.Seq < f.TracedFrom {
		return schema.Exemplar{}
	}
	return schema.Exemplar{Trace: f.Trace, At: e.Happened()}
}

// fail counts a change that went live and turned out wrong, once. A way back that turned out wrong restored nothing.
func (f *Fold) fail(at schema.Cell, rev schema.Revision) {
	c := f.cells[at]
	if c.revision == rev {
		f.reopen(at)
		c = f.cells[at]
	}
	if c.revision != rev || c.live.IsZero() || !c.counts || c.failed {
		return
	}
	c.failed = true
	figures := f.journal.Stages[at.Stage]
	figures.Failed++
	f.journal.Stages[at.Stage], f.cells[at] = figures, c
}
