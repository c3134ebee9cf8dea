package gitrepo

import (
	"context"

	"github.com/sluice-gitops/sluice/schema"
)

// Mirror is a [Repo] as the reconciler's loops ask for it: a fetch answers with the refs alone, and neither
// fetch nor push waits for the disk of the mirror. A change that was fetched is mostly followed by a push, so the way to the remote
// is opened meanwhile.
type Mirror struct{ *Repo }

// Fetch updates the mirror and returns every branch and sluice tag by full name. After an error nothing changed.
func (m Mirror) Fetch(ctx context.Context) (map[string]schema.Hash, error) {
	result, err := m.fetchAhead(ctx, m.pushSoon)
	return result.Refs, err
}

// Push sends objects and moves a ref of the remote from old to new, see [Repo.Push].
func (m Mirror) Push(ctx context.Context, ref string, old, new schema.Hash, objects []schema.Object) error {
	return m.pushAhead(ctx, ref, old, new, objects)
}
