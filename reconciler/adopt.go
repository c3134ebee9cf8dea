package reconciler

import (
	"context"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// adopt takes over what a stage, or one app in it, has: what its mode alone let in is as good as sealed from here on, and where
// the admins say so it replaces what targets hold without our marker (RULES R25, R30). What came after they looked, and
// what is marked, is not part of it.
func (p *pass) adopt(ctx context.Context, a asked) ([]judged, error) {
	stage, err := p.inProject(a)
	if err != nil {
		return nil, err
	}
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return nil, err
	}
	var entries []ledger.Entry
	for _, s := range states {
		if s.Stage != a.Cell.Stage || a.Cell.App != "" && s.App != a.Cell.App || !p.rules.has(s) || !Adoptable(s, stage, a.Overwrite, a.Seen.Size) {
			continue
		}
		e := a.entry(ledger.Observe)
		e.App, e.Code = s.App, ledger.Adopted
		if a.Overwrite && unapplied(s, stage) {
			e.Code = ledger.Overwritten
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil, refused(signing.CodeRequestRefused, "there is nothing to adopt: no app that a mode alone let in, none that is to be written over, as far as they saw")
	}
	return a.judged(entries...), nil
}

// Adoptable reports whether an adoption of a stage that was made when the ledger had seen entries changes anything about a cell.
func Adoptable(s ledger.State, stage schema.Stage, overwrite bool, seen int64) bool {
	if s.Admitted.Seq == 0 || s.Admitted.Seq > seen || s.Admitted.Flagged(ledger.Tainted) || s.Admitted.Flagged(ledger.Unreviewed) {
		return false
	}
	return s.Admitted.LetIn != "" || overwrite && !s.Admitted.Overwrite && unapplied(s, stage)
}

// unapplied reports whether some target of the stage never had anything of the cell by us.
func unapplied(s ledger.State, stage schema.Stage) bool {
	for _, t := range stage.Targets {
		if _, applied := s.Live[t.Name]; !applied {
			return true
		}
	}
	return false
}
