package reconciler

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// replay makes the decisions of a ledger again, append by append. What it keeps does not grow with the ledger, but for the
// entries that rest on a stolen key.
type replay struct {
	options AuditOptions
	repo    *replayRepository
	engine  *Reconciler // has what a pass asks of its reconciler, and no network, forge or target
	rules   map[int64]*rules
	stolen  *stolen
	// factsAlone says that what the facts were read from is not compared with them again.
	factsAlone bool
	// late are findings about evidence that is not there; expunged is what requests had removed.
	late     []lateFinding
	expunged map[schema.Digest]bool
}

func newReplay(o AuditOptions, now *rules) *replay {
	if o.Evidence == nil {
		o.Evidence = NewEvidence()
	}
	repo := &replayRepository{Readable: o.Repository}
	engine := &Reconciler{cfg: Config{Repository: repo, Log: slog.New(slog.DiscardHandler)}, told: map[string]bool{}}
	return &replay{
		options: o, repo: repo, rules: map[int64]*rules{}, engine: engine, stolen: newStolen(engine, now), expunged: map[schema.Digest]bool{},
	}
}

// appended is one append while its entries are judged.
type appended struct {
	ledger.Appended
	cells map[schema.Cell]*cellJudge // those that were admitted to already, in this append
}

// handlers is how each kind of entry is judged again. A kind that is not here is not judged, and so nothing is proven.
var handlers = map[ledger.Kind]func(*replay, context.Context, *appended, ledger.Entry) []ledger.Finding{
	ledger.Genesis:  (*replay).genesis,
	ledger.Control:  (*replay).control,
	ledger.Admit:    (*replay).admission,
	ledger.Rollback: (*replay).admission,
	ledger.Retire:   (*replay).admission,

	ledger.Observe:    (*replay).observed,
	ledger.Hold:       (*replay).onlyTells,
	ledger.Deny:       (*replay).onlyTells,
	ledger.Apply:      (*replay).onlyTells,
	ledger.Drift:      (*replay).onlyTells,
	ledger.TargetDown: (*replay).onlyTells,
	ledger.KeyRotate:  (*replay).onlyTells, // judged with the ledger: it says who may write what follows

	ledger.Widen:      (*replay).widening,
	ledger.BreakGlass: (*replay).breakGlass,
	ledger.Suspend:    (*replay).ordered,
	ledger.Resume:     (*replay).ordered,
	ledger.Taint:      (*replay).tainting,
	ledger.Expunge:    (*replay).ordered,
	ledger.Archive:    (*replay).archiving,
}

// judge is what the ledger's verification asks about each append.
func (r *replay) judge(ctx context.Context, a ledger.Appended) []ledger.Finding {
	var out []ledger.Finding
	appended := &appended{Appended: a, cells: map[schema.Cell]*cellJudge{}}
	for _, e := range a.Entries {
		r.options.Evidence.of(ctx, a.After, e)
		r.repo.lacking = nil
		found := r.unjudged(e)
		if handler, ok := handlers[e.Kind]; ok {
			found = handler(r, ctx, appended, e)
		}
		if ctx.Err() != nil {
			break
		}
		out = append(out, r.placed(ctx, appended, e, found)...)
		r.stolen.follow(ctx, appended, e)
	}
	r.options.Evidence.of(ctx, nil, ledger.Entry{})
	return out
}

// placed puts findings at their entry. Those about evidence that is not there wait for the end: it may have been expunged.
func (r *replay) placed(ctx context.Context, a *appended, e ledger.Entry, found []ledger.Finding) []ledger.Finding {
	if e.Kind == ledger.Expunge && len(found) == 0 {
		r.expunged[e.Order.Blob] = true
	}
	var missing []schema.Digest
	if len(found) > 0 {
		missing = missingEvidence(ctx, a.After, e)
	}
	var out []ledger.Finding
	for _, f := range found {
		f.Seq, f.Commit = e.Seq, a.Commit
		if f.Code == ledger.EvidenceMissing && len(missing) > 0 {
			r.late = append(r.late, lateFinding{f, missing})
			continue
		}
		out = append(out, f)
	}
	return out
}

// onlyTells is for entries that let nothing in: they tell what was seen, and what is wrong in them lets nothing in either.
func (r *replay) onlyTells(context.Context, *appended, ledger.Entry) []ledger.Finding { return nil }

// unjudged is the answer about entries that this version cannot decide again: they prove nothing.
func (r *replay) unjudged(e ledger.Entry) []ledger.Finding {
	return []ledger.Finding{{
		Path: entryPlace(e), Code: Unjudged, Class: ledger.Unprovable,
		Detail: fmt.Sprintf("a %s entry cannot be judged again by this version", e.Kind),
	}}
}

// rulesInForceAt returns the control files that an entry of the ledger put in force; the newest few are kept.
func (r *replay) rulesInForceAt(ctx context.Context, l *ledger.Ledger, seq int64) (*rules, error) {
	if known, ok := r.rules[seq]; ok {
		return known, nil
	}
	read, err := rulesAt(ctx, l, seq)
	if err != nil {
		return nil, err
	}
	if len(r.rules) >= maxRulesKept {
		clear(r.rules)
	}
	r.rules[seq] = read
	return read, nil
}

const maxRulesKept = 8

// pass is what the pass knew that decided about an entry.
func (r *replay) pass(a *appended, e ledger.Entry, in *rules) *pass {
	return &pass{Reconciler: r.engine, now: e.At, ledger: a.Before, rules: in, landings: map[schema.Hash]landingsAnswer{}}
}

// entryPlace names what an entry is about, for findings.
func entryPlace(e ledger.Entry) string {
	switch {
	case e.App != "" && e.Stage != "":
		return string(e.Stage) + "/" + string(e.App)
	case e.App != "":
		return string(e.App)
	case e.Stage != "":
		return string(e.Stage)
	}
	return e.Ref
}
