package main

import (
	"time"

	"github.com/sluice-gitops/sluice/reconciler/journal"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// restores are the times to restore of the entries that went back, by their numbers: from when what they left was live everywhere
// it had to be until they were. What was left before it was live, or was sealed, has none, and so has what is not live yet. Of several in
// a row the one that held has it, from the first that failed. The figures of the page (package journal) count what was broken, and none of
// what some instances alone had or a stage without targets has.
func restores(entries []ledger.Entry) map[int64]time.Duration {
	type running struct {
		seq      int64
		missing  map[string]bool // required targets that do not have it yet
		live     time.Time
		from     time.Time // of one that goes back: since when what it left was live
		goesBack bool
	}
	out, cells := map[int64]time.Duration{}, map[schema.Cell]running{}
	for _, e := range entries {
		now := cells[e.Cell()]
		switch {
		case e.Kind.Admits():
			next := running{seq: e.Seq, missing: map[string]bool{}, from: now.live, goesBack: e.Kind == ledger.Rollback || e.Kind == ledger.BreakGlass}
			if next.goesBack && now.goesBack && (now.live.IsZero() || e.At.Sub(now.live) < journal.Holds) { // that did not hold
				next.from = now.from
				delete(out, now.seq)
			}
			for _, target := range e.Decision.Required {
				next.missing[target] = true
			}
			if len(next.missing) == 0 {
				next.live = e.At
			}
			now = next
		case e.Kind == ledger.Apply && e.Delivery.Result == ledger.ResultOK && e.Delivery.Admission == now.seq && now.live.IsZero():
			delete(now.missing, e.Delivery.Target)
			if len(now.missing) == 0 {
				now.live = e.Happened()
			}
		}
		if now.goesBack && !now.from.IsZero() && !now.live.IsZero() {
			out[now.seq] = max(0, now.live.Sub(now.from))
		}
		cells[e.Cell()] = now
	}
	return out
}

// lasted writes a duration as coarse as a person needs it.
func lasted(d time.Duration) string {
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
