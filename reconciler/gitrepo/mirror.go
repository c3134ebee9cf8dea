package gitrepo

import (
	"context"

	"github.com/sluice-gitops/sluice/schema"
)

// Mirror is a [Repo] as the reconciler's loops ask for it: a fetch answers with the refs alone.
type Mirror struct{ *Repo }

// Fetch updates the mirror and returns every branch and sluice tag by full name. After an error nothing changed.
func (m Mirror) Fetch(ctx context.Context) (map[string]schema.Hash, error) {
	result, err := m.Repo.Fetch(ctx)
	return result.Refs, err
}
