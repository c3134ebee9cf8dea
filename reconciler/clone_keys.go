package reconciler

import (
	"context"
	"crypto/ed25519"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// HeadKeys are the log keys in force by the names that heads give to them.
func (c *Clone) HeadKeys() map[string]ed25519.PublicKey { return logKeys(c.Trust) }

// Vouches reads the head that a cell has at a target and says why it is not the one of what the ledger delivers there now; why
// is empty where it is. Whoever can write to the target could have made anything that differs.
func (c *Clone) Vouches(ctx context.Context, target string, cell schema.Cell, raw []byte) (head integrations.Head, why string, err error) {
	state, known, err := c.Ledger.Cell(ctx, cell)
	if err != nil {
		return integrations.Head{}, "", err
	}
	if head, err = integrations.DecodeHead(raw); err != nil || !known {
		return head, "it is no head", nil //nolint:nilerr // what is there says so
	}
	if _, why = c.rules.vouches(c.HeadKeys(), target, cell, state, head); why == "" && head.Seq != state.Delivered() {
		why = "it is of the admission before"
	}
	return head, why, nil
}
