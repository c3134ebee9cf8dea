package ledger

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// Unverified reads a ledger whose log keys are not known yet: they stand in the trust root, which the ledger itself keeps
// as evidence. Nothing it says counts before [Open] or [Verify] has proven it with those keys.
func Unverified(ctx context.Context, objs Objects, tip schema.Hash) (*Ledger, error) {
	l := &Ledger{store: newStore(objs), cells: &cellMemo{}}
	c, err := l.readCommit(ctx, tip)
	if err != nil {
		return nil, fmt.Errorf("read ledger at %s: %w", tip.Short(), err)
	}
	l.tip, l.root = tip, c.tree
	if err := l.readState(ctx); err != nil {
		return nil, fmt.Errorf("read ledger at %s: %w", tip.Short(), err)
	}
	l.opts.Project = l.head.Project
	return l, nil
}
