package reconciler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// keepAll brings the marks of the targets that answered up to the ledger. It is done after each append, and when a mark is
// behind, missing or nobody's.
func (p *pass) keepAll(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(p.marks)) {
		if p.rules != nil && p.rules.onlyObserved(name) {
			continue // not even the checkpoint is written there
		}
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

// seen remembers the tip of an append. Where a target has its checkpoint, nothing waits for the disk of this machine; where none
// has, what is written next would be all that speaks against a ledger that was rolled back, if this machine crashed meanwhile.
func (p *pass) seen(ctx context.Context, tip schema.Hash) error {
	p.markSoon(tip)
	if err := p.keepAll(ctx); err != nil {
		return err
	}
	signed, err := p.checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's checkpoint: %w", err)
	}
	for _, kept := range p.kept {
		if kept == string(signed) {
			return nil
		}
	}
	return p.marked()
}

// keep brings one target's mark up to the ledger. Nothing is written to a target that has not the checkpoint of what is
// written, but for repairs while the ledger cannot be read: then another reconciler may be ahead, and the heads fence.
func (p *pass) keep(ctx context.Context, name string) error {
	due, err := p.keepDue(ctx, name)
	if err != nil {
		return err
	}
	return p.keptBy(due, due.keep(ctx))
}

// keeping is a mark that has to be written before anything else is written to its target; without a keeper there is none.
type keeping struct {
	keeper        integrations.Keeper
	name, project string
	signed        []byte
	alone         bool // the ledger could not be read
}

func (p *pass) keepDue(ctx context.Context, name string) (keeping, error) {
	keeper, ok := p.cfg.Targets[name].(integrations.Keeper)
	if !ok {
		return keeping{}, nil
	}
	signed, err := p.checkpoint(ctx)
	if err != nil {
		return keeping{}, fmt.Errorf("read the ledger's checkpoint: %w", err)
	}
	if kept := p.kept[name]; kept == string(signed) || kept != "" && !p.betterThan(signed, []byte(kept)) {
		return keeping{}, nil
	}
	return keeping{keeper, name, p.ledger.Head().Project, signed, p.refs == nil}, nil
}

// keep writes it. It needs nothing of the pass.
func (k keeping) keep(ctx context.Context) error {
	if k.keeper == nil {
		return nil
	}
	_, err := k.keeper.KeepCheckpoint(ctx, k.project, k.signed)
	switch {
	case errors.Is(err, integrations.ErrFenced) && !k.alone:
		return errors.Join(ErrMoved, err)
	case errors.Is(err, integrations.ErrConflict) && !errors.Is(err, integrations.ErrFenced):
		return &ledger.Doubt{Code: ledger.LogFork, Err: err}
	}
	return err
}

// keptBy remembers that it is there. That the heads alone fence is no error.
func (p *pass) keptBy(k keeping, err error) error {
	if errors.Is(err, integrations.ErrFenced) && k.alone {
		return nil
	}
	if err == nil && k.keeper != nil {
		p.kept[k.name] = string(k.signed)
	}
	return err
}
