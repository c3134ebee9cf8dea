package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// stolen finds the entries that rest on keys which the newest trust calls compromised: let in after the entry from which on
// they are distrusted, or bringing what such an entry let in (THREATS 10). They were right when they were decided.
type stolen struct {
	engine *Reconciler
	now    *rules           // the newest
	after  map[string]int64 // fingerprint → the last entry that may rest on it
	marked map[int64]restsOn
}

// restsOn is an entry that rests on a stolen key.
type restsOn struct {
	cell     schema.Cell
	revision schema.Revision
	finding  ledger.Finding
}

func newStolen(engine *Reconciler, now *rules) *stolen {
	return &stolen{engine: engine, now: now, after: compromised(now.trust), marked: map[int64]restsOn{}}
}

// follow looks at the entries of an append, in order.
func (s *stolen) follow(ctx context.Context, a *appended, e ledger.Entry) {
	if len(s.after) == 0 {
		return
	}
	if e.Kind == ledger.Taint && e.Code == ledger.Acknowledged {
		s.acknowledge(e)
		return
	}
	if !e.Kind.Admits() {
		return
	}
	why := s.signed(ctx, a, e)
	if why == "" {
		why = s.inherited(ctx, a, e)
	}
	if why == "" {
		return
	}
	s.marked[e.Seq] = restsOn{cell: e.Cell(), revision: e.Decision.Change.To.Revision, finding: ledger.Finding{
		Seq: e.Seq, Commit: a.Commit, Path: entryPlace(e), Code: TaintedEntry, Class: ledger.Doubtful, Detail: why,
	}}
}

// signed says which stolen key an entry rests on itself: by its commits, its signed approvals or its request.
func (s *stolen) signed(ctx context.Context, a *appended, e ledger.Entry) string {
	p := &pass{Reconciler: s.engine, now: e.At, ledger: a.After, rules: s.now}
	keys, err := p.restsOn(ctx, e)
	if err != nil {
		return "" // told where the entry is judged: what it rests on is not there
	}
	for _, key := range keys {
		if after, known := s.after[key]; known && e.Seq > after {
			return fmt.Sprintf("it rests on %s, which is distrusted after entry #%d", key, after)
		}
	}
	return ""
}

// inherited says which marked entry an entry takes its revision from.
func (s *stolen) inherited(ctx context.Context, a *appended, e ledger.Entry) string {
	if len(s.marked) == 0 {
		return ""
	}
	change := e.Decision.Change
	for _, f := range change.Files {
		if _, marked := s.marked[f.Seq]; marked {
			return fmt.Sprintf("its file %s is what entry #%d let in, which rests on a stolen key", f.Path, f.Seq)
		}
	}
	var from int64
	own, _, err := a.Before.Cell(ctx, e.Cell())
	switch {
	case change.Source != nil:
		from = change.Source.Seq
	case err != nil:
		return ""
	case change.Kind == schema.Rollback:
		last, _ := lastAdmission(own.Revisions, change.To.Revision)
		from = last.Seq
	case change.Kind == schema.Tune:
		from = own.Admitted.Seq
	}
	if _, marked := s.marked[from]; !marked {
		return ""
	}
	return fmt.Sprintf("it brings what entry #%d let in, which rests on a stolen key", from)
}

// acknowledge takes back what the roots have looked at.
func (s *stolen) acknowledge(e ledger.Entry) {
	for seq, m := range s.marked {
		if m.cell.App == e.App && m.revision == e.Order.Revision {
			delete(s.marked, seq)
		}
	}
}

// tainted lists the entries that rest on stolen keys, in order.
func (r *replay) tainted() []ledger.Finding {
	var out []ledger.Finding
	for _, m := range r.stolen.marked {
		out = append(out, m.finding)
	}
	slices.SortFunc(out, func(a, b ledger.Finding) int { return cmp.Compare(a.Seq, b.Seq) })
	return out
}
