package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/sluice-gitops/sluice/schema"
)

// want brings the objects here, with all they need, and what is to be kept of them, if anything. What is there is not asked for
// again.
func (r *Repo) want(ctx context.Context, s transport.UploadPackSession, a *packp.AdvRefs, ids []schema.Hash, have map[string]schema.Hash) (*arrived, error) {
	missing, err := r.missing(ids)
	if err != nil || len(missing) == 0 {
		return nil, err
	}
	req := packp.NewUploadPackRequestFromCapabilities(a.Capabilities)
	req.Wants = missing
	if req.Haves, err = r.haves(ctx, have, a); err != nil {
		return nil, err
	}
	thin := takesThin && len(req.Haves) > 0 && !r.whole.Load() && a.Capabilities.Supports(capability.ThinPack)
	if !thin {
		req.Capabilities.Delete(capability.ThinPack)
	}
	if a.Capabilities.Supports(capability.NoProgress) {
		_ = req.Capabilities.Set(capability.NoProgress) // takes no argument, so cannot fail
	}
	got, err := r.receive(ctx, s, req)
	if thin && (errors.Is(err, errNoBase) || errors.Is(err, ErrLimit)) { // whole, a large file streams by
		r.whole.Store(true)
		return nil, fmt.Errorf("%w: what the remote rested on is missing or damaged here, or too large to rest on; from now on it is asked for all of it: %w", ErrUnreachable, err)
	}
	if err != nil {
		return nil, err
	}
	if missing, err = r.missing(ids); err == nil && len(missing) == 0 {
		return got, nil
	}
	got.drop()
	if err == nil {
		err = fmt.Errorf("remote did not send %s: %w", missing[0], ErrUnreachable)
	}
	return nil, err
}

func (r *Repo) missing(ids []schema.Hash) ([]plumbing.Hash, error) {
	var out []plumbing.Hash
	for _, id := range ids {
		ok, err := r.has(id)
		if err != nil {
			return nil, err
		}
		if !ok && !slices.Contains(out, plumbing.Hash(id)) {
			out = append(out, plumbing.Hash(id))
		}
	}
	return out, nil
}

// has reports whether the object is in the store undamaged; a damaged one is fetched again. The commits that refs name
// stay in the cache, so a poll of many branches reads none of them.
func (r *Repo) has(id schema.Hash) (bool, error) {
	if _, ok := r.commits.get(id); ok {
		return true, nil
	}
	kind, data, err := r.store.read(id)
	if err == nil && kind == schema.CommitObject {
		_, _ = r.keepCommit(id, data) // one that does not parse is there all the same
	}
	switch {
	case err == nil || errors.Is(err, ErrLimit):
		return true, nil
	case errors.Is(err, ErrMissing) || errors.Is(err, ErrMismatch):
		return false, nil
	}
	return false, err
}

const (
	maxHaves    = 512 // the request stays small however many branches there are
	havesPerRef = 32
)

// haves tells the remote what it need not send: the tips we have, and for those it no longer has some of their history,
// ever sparser, so that a rewound or rewritten branch does not fetch everything again. If a ref of ours turns out to be
// damaged, nothing that we have is trusted to be whole, and all is fetched again.
func (r *Repo) haves(ctx context.Context, refs map[string]schema.Hash, a *packp.AdvRefs) ([]plumbing.Hash, error) {
	theirs := map[schema.Hash]bool{}
	for _, id := range a.References {
		theirs[schema.Hash(id)] = true
	}
	picked := map[schema.Hash]bool{}
	var lost []schema.Hash
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		id := refs[name]
		if ok, err := r.has(id); err != nil || !ok {
			return nil, err
		}
		switch {
		case theirs[id]:
			picked[id] = true
		case !slices.Contains(lost, id):
			lost = append(lost, id)
		}
	}
	for _, id := range lost {
		if len(picked) >= maxHaves {
			break
		}
		if err := r.pickHistory(ctx, id, picked); err != nil {
			return nil, err
		}
	}
	var out []plumbing.Hash
	for id := range picked {
		if len(out) == maxHaves {
			break
		}
		out = append(out, plumbing.Hash(id))
	}
	return out, nil
}

// pickHistory picks first parents at distances 0, 1, 2, … 8, 16, 32 and so on.
func (r *Repo) pickHistory(ctx context.Context, id schema.Hash, picked map[schema.Hash]bool) error {
	next, step := 0, 1
	for distance, taken := 0, 0; taken < havesPerRef && distance < 1<<16; distance++ {
		c, err := r.Commit(ctx, id)
		if errors.Is(err, ErrMissing) || errors.Is(err, ErrMismatch) {
			return nil // a tag, or damage: then it is fetched again
		}
		if err != nil {
			return err
		}
		if distance == next {
			picked[id] = true
			taken++
			if taken > 8 {
				step *= 2
			}
			next += step
		}
		if len(c.Parents) == 0 {
			return nil
		}
		id = c.Parents[0]
	}
	return nil
}

func (r *Repo) receive(ctx context.Context, s transport.UploadPackSession, req *packp.UploadPackRequest) (*arrived, error) {
	response, err := s.UploadPack(ctx, req)
	if err != nil {
		return nil, classify(err)
	}
	defer response.Close()
	var pack io.Reader = response
	if t, ok := sidebandOf(req.Capabilities); ok {
		pack = sideband.NewDemuxer(t, response)
	}
	got, err := r.store.take(ctx, pack, r.limits)
	return got, classify(err)
}

func sidebandOf(c *capability.List) (sideband.Type, bool) {
	switch {
	case c.Supports(capability.Sideband64k):
		return sideband.Sideband64k, true
	case c.Supports(capability.Sideband):
		return sideband.Sideband, true
	}
	return 0, false
}
