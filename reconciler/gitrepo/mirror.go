package gitrepo

import (
	"context"

	"github.com/sluice-gitops/sluice/schema"
)

// Mirror is a [Repo] as the reconciler's loops ask for it: a fetch answers with the refs alone, and neither
// fetch nor push waits for the disk of the mirror.
type Mirror struct {
	*Repo
	// Pushes opens the way to the remote for a push as soon as a fetch finds a change: for who mostly pushes then. Whoever only reads
	// asks the remote for nothing of the kind, and needs no right to.
	Pushes bool
}

// Fetch updates the mirror and returns every branch and sluice tag by full name. After an error nothing changed.
func (m Mirror) Fetch(ctx context.Context) (map[string]schema.Hash, error) {
	soon := func() {}
	if m.Pushes {
		soon = m.pushSoon
	}
	result, err := m.fetchAhead(ctx, soon)
	return result.Refs, err
}

// Push sends objects and moves a ref of the remote from old to new, see [Repo.Push].
func (m Mirror) Push(ctx context.Context, ref string, old, new schema.Hash, objects []schema.Object) error {
	return m.pushAhead(ctx, ref, old, new, objects)
}
