package reconciler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// keepAll brings the marks of the targets that answered up to the ledger. It is done after each append, and when a mark is
// behind, missing or nobody's.
func (p *pass) keepAll(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(p.marks)) {
		err := p.keep(ctx, name)
		switch {
		case errors.Is(err, ErrDoubt):
			return err
		case err != nil:
			p.cfg.Log.Warn("the checkpoint was not kept beside the live values; it is tried again before anything is written there", "target", name, "error", err)
		}
	}
	return nil
}

// keep brings one target's mark up to the ledger. Nothing is written to a target that has not the checkpoint of what is
// written, but for repairs while the ledger cannot be read: then another reconciler may be ahead, and the heads fence.
func (p *pass) keep(ctx context.Context, name string) error {
	keeper, ok := p.cfg.Targets[name].(integrations.Keeper)
	if !ok {
		return nil
	}
	signed, err := p.checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's checkpoint: %w", err)
	}
	if kept := p.kept[name]; kept == string(signed) || kept != "" && !p.betterThan(signed, []byte(kept)) {
		return nil
	}
	_, err = keeper.KeepCheckpoint(ctx, p.ledger.Head().Project, signed)
	switch {
	case errors.Is(err, integrations.ErrFenced):
		if p.refs == nil {
			return nil
		}
		return errors.Join(ErrMoved, err)
	case errors.Is(err, integrations.ErrConflict):
		return &ledger.Doubt{Code: ledger.LogFork, Err: err}
	case err != nil:
		return err
	}
	p.kept[name] = string(signed)
	return nil
}
