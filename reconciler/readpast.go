package reconciler

import (
	"context"

	"github.com/sluice-gitops/sluice/reconciler/journal"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// readAtOnce is how many entries one pass reads into the journal: a long ledger is taken in over some passes.
const readAtOnce = 5_000

// readPast reads into the journal what the ledger has more than at the last pass. It is for people alone, so an entry that cannot
// be read ends it until the next pass and nothing else. recorded are the entries of this pass, which it is an example of.
func (r *Reconciler) readPast(ctx context.Context, l *ledger.Ledger, recorded []ledger.Entry) *schema.Journal {
	if r.past == nil || r.past.Read() > l.Head().Size {
		r.past = &journal.Fold{} // none yet, or another ledger, which the guards speak of
	}
	if r.past.Read() == l.Head().Size {
		if last := r.view.Load(); last != nil && last.Journal != nil && last.Journal.Read == r.past.Read() {
			return last.Journal
		}
	}
	r.past.Trace, r.past.TracedFrom = "", 0
	if now := r.spans.now.Load(); now != nil && len(recorded) > 0 {
		r.past.Trace, r.past.TracedFrom = now.id, recorded[0].Seq
	}
	if err := ReadJournal(ctx, r.past, l, readAtOnce); err != nil && ctx.Err() == nil {
		r.cfg.Log.Warn("the page does not know all of the past", "read", r.past.Read(), "error", err)
	}
	out := r.past.Journal()
	before := r.view.Load()
	out.Whole = out.Read == l.Head().Size || before != nil && before.Journal != nil && before.Journal.Whole
	return out
}

// ReadJournal takes up to limit entries after the last one into a journal; a limit of 0 is no limit.
func ReadJournal(ctx context.Context, into *journal.Fold, l *ledger.Ledger, limit int64) error {
	last := l.Head().Size
	if limit > 0 {
		last = min(last, into.Read()+limit)
	}
	for seq := into.Read() + 1; seq <= last; seq++ {
		e, raw, err := l.Entry(ctx, seq)
		if err != nil {
			return err
		}
		into.Add(e, schema.DigestOf(raw))
	}
	return nil
}
