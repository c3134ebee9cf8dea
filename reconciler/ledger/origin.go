package ledger

import (
	"context"

	"github.com/sluice-gitops/sluice/schema"
)

// Origin reads which project the ledger at a commit says it belongs to. It proves nothing: it is for whoever has to name
// the project to [Open], which does.
func Origin(ctx context.Context, objs Objects, tip schema.Hash) (string, error) {
	l, err := Unverified(ctx, objs, tip)
	if err != nil {
		return "", err
	}
	return l.Head().Project, nil
}
