package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// WithAbove says in a new view what lies above the changes that were not let in: nobody judges it before these have entered or were
// taken back (RULES R14), so somebody has to say so. Of what cannot be read it says that, and returns why.
func WithAbove(ctx context.Context, v schema.View, l *ledger.Ledger, repo Repository) error {
	var errs []error
	seen := l.Refs().Seen
	for _, app := range v.Apps {
		for _, c := range app.Cells {
			if c.Held == nil || c.Incident != nil || seen[c.Ref].IsZero() {
				continue
			}
			at, err := above(ctx, repo, c, seen[c.Ref])
			if err != nil {
				c.Held.Above = &schema.AboveView{Why: err.Error()}
				errs = append(errs, fmt.Errorf("%s: %w", c.Cell, err))
			} else if !at.IsZero() {
				c.Held.Above = &schema.AboveView{Commit: at}
			}
		}
	}
	return errors.Join(errs...)
}

// above is the position that brought what a ref has in a cell where that is neither what is held there nor what is admitted; zero
// where it is one of them.
func above(ctx context.Context, repo Repository, c schema.CellView, tip schema.Hash) (schema.Hash, error) {
	at := func(commit schema.Hash) (schema.Hash, error) {
		entry, err := entryAt(ctx, repo, commit, c.Path)
		return entry.ID, err
	}
	now, err := at(tip)
	if err != nil {
		return schema.Hash{}, err
	}
	for _, known := range []schema.Hash{c.Held.Commit, c.Commit} { // without an admitted one, nothing is what is admitted
		if has, err := at(known); err != nil || has == now {
			return schema.Hash{}, err
		}
	}
	chain, err := positions(ctx, repo, c.Held.Commit, tip)
	if err != nil {
		return schema.Hash{}, err
	}
	for _, commit := range slices.Backward(chain) {
		has, err := at(commit)
		if err != nil {
			return schema.Hash{}, err
		}
		if has != now {
			return tip, nil
		}
		tip = commit
	}
	return tip, nil
}

// nameAbove adds who brought what lies above a held change, as the judge that passed over it was told, to a view whose cells are the
// caller's.
func (p *pass) nameAbove(v *schema.View) {
	for _, app := range v.Apps {
		for i := range app.Cells {
			h := app.Cells[i].Held
			if h == nil || h.Above == nil || h.Above.Why != "" {
				continue
			}
			if known, ok := p.above[app.Cells[i].Cell]; ok {
				named := *h
				named.Above = &known
				app.Cells[i].Held = &named
			}
		}
	}
}
