package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// ledgerIn finds the ledger among the refs of a repository, which may be an ordinary clone: there it is often the origin's alone, as the
// commands that read a clone take it. A branch of its own that the origin's goes beyond is one that nobody has merged for a while.
func (w *watcher) ledgerIn(ctx context.Context, refs map[string]schema.Hash) (ref string, tip schema.Hash, err error) {
	own, name := refs[w.ref], strings.TrimPrefix(w.ref, "refs/heads/")
	origins := branch(refs, name) // its own where there is no other
	if origins == own {
		return w.ref, own, nil
	}
	if !own.IsZero() {
		older, err := w.repo.IsAncestor(ctx, own, origins)
		if err != nil {
			return "", schema.Hash{}, fmt.Errorf("compare the ledger with origin's: %w", err)
		}
		if !older {
			return w.ref, own, nil
		}
	}
	return "refs/remotes/" + remoteName("") + "/" + name, origins, nil
}
