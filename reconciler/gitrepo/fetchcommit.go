package gitrepo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"

	"github.com/sluice-gitops/sluice/schema"
)

// FetchCommit makes sure that a commit and its history are here, and keeps them below refs/sluice/kept/. It takes them
// from the given refs of the remote (refs/merge-requests/7/head), where the commit is or was the tip, else asks for the
// id itself if the server allows that. The error says what was tried.
func (r *Repo) FetchCommit(ctx context.Context, id schema.Hash, refs ...string) error {
	for _, ref := range refs {
		if err := CheckRef(ref); err != nil {
			return fmt.Errorf("fetch commit %s: %w: %w", id, ErrUsage, err)
		}
	}
	kept, err := r.allRefs()
	if err != nil {
		return err
	}
	if kept[keptPrefix+id.String()] == id {
		if ok, err := r.has(id); ok || err != nil {
			return err
		}
	}
	return r.online(ctx, "fetch commit "+id.String()+" from", func(ctx context.Context) error {
		unlock, err := r.lock(ctx)
		if err != nil {
			return err
		}
		defer unlock()
		if err := r.fetchCommit(ctx, id, refs); err != nil {
			return err
		}
		return r.set(map[string]schema.Hash{keptPrefix + id.String(): id})
	})
}

func (r *Repo) fetchCommit(ctx context.Context, id schema.Hash, refs []string) error {
	if ok, err := r.has(id); ok || err != nil {
		return err
	}
	var tried []string
	for _, ref := range append(slices.Clone(refs), "") {
		outcome, err := r.tryCommit(ctx, id, ref)
		if err != nil {
			return err
		}
		ok, err := r.has(id)
		if ok || err != nil {
			return err
		}
		tried = append(tried, outcome)
	}
	return fmt.Errorf("%w: tried %s", ErrMissing, strings.Join(tried, "; "))
}

// tryCommit asks once: for the tip of a ref, or for the id where ref is empty. It says what came of it.
func (r *Repo) tryCommit(ctx context.Context, id schema.Hash, ref string) (string, error) {
	s, advertised, err := r.uploadPack(ctx)
	if err != nil {
		return "", err
	}
	defer s.Close()
	want := id
	switch tip, ok := advertised.References[ref]; {
	case ref == "" && !wantsAny(advertised.Capabilities):
		return "the server does not serve ids that no ref names", nil
	case ref == "":
	case !ok:
		return ref + " is not there", nil
	default:
		want = schema.Hash(tip)
	}
	have, err := r.diskRefs()
	if err != nil {
		return "", err
	}
	got, err := r.want(ctx, s, advertised, []schema.Hash{want}, have)
	if got != nil {
		err = got.keep()
	}
	if ref == "" && err != nil {
		return fmt.Sprintf("the server did not serve the id: %v", err), nil
	}
	return fmt.Sprintf("%s is at %s and does not contain it", ref, want), err
}

func wantsAny(c *capability.List) bool {
	return c.Supports(capability.AllowReachableSHA1InWant) || c.Supports(capability.AllowTipSHA1InWant)
}
