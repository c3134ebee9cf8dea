package ledger

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// Origin reads which project the ledger at a commit says it belongs to. It proves nothing: it is for whoever has to name
// the project to [Open], which does.
func Origin(ctx context.Context, objs Objects, tip schema.Hash) (string, error) {
	l := &Ledger{store: newStore(objs)}
	c, err := l.readCommit(ctx, tip)
	if err != nil {
		return "", fmt.Errorf("read the ledger's origin: %w", err)
	}
	l.root = c.tree
	head, err := readTop[Head](ctx, l, headPath)
	if err != nil {
		return "", fmt.Errorf("read the ledger's origin: %w", err)
	}
	return head.Project, nil
}
