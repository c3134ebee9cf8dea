package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/sluice-gitops/sluice/schema"
)

// FetchResult is what the remote showed.
type FetchResult struct {
	Refs    map[string]schema.Hash // full names: every branch, and the tags below sluice/
	Head    string                 // full name of the default branch, empty if the remote does not say
	Changed bool                   // some ref differs from what the fetch before saw
	Ignored []string               // names that CheckRef refuses; some of them, if there are many
}

const maxIgnored = 20

// Fetch makes the mirror's refs those of the remote, wherever they point now: whether a ref moved forward is for the
// caller to judge. Refs change all at once and only after every object is there; a fetch that fails or is cut leaves
// them as they were. Refs that are gone from the remote go; their objects stay.
func (r *Repo) Fetch(ctx context.Context) (FetchResult, error) {
	var result FetchResult
	err := r.online(ctx, "fetch", func(ctx context.Context) error {
		unlock, err := r.lock(ctx)
		if err != nil {
			return err
		}
		defer unlock()
		r.sweep()
		if result, err = r.fetch(ctx); err != nil {
			return err
		}
		return r.join(ctx)
	})
	if err != nil {
		return FetchResult{}, err
	}
	return result, nil
}

// online runs one operation on the remote within its timeout, and says in its error what was done where.
func (r *Repo) online(ctx context.Context, what string, do func(context.Context) error) error {
	if r.remote == nil {
		return fmt.Errorf("%s: %s was opened without a remote: %w", what, r.dir, ErrUsage)
	}
	limited, cancel := context.WithTimeout(ctx, r.remote.Timeout)
	defer cancel()
	err := do(limited)
	if err == nil {
		return nil
	}
	if limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: no answer within %s: %w", ErrUnreachable, r.remote.Timeout, err)
	}
	return fmt.Errorf("%s %s: %w", what, r.remote, err)
}

func (r *Repo) fetch(ctx context.Context) (FetchResult, error) {
	s, advertised, err := r.uploadPack(ctx)
	if err != nil {
		return FetchResult{}, err
	}
	defer s.Close()
	result, err := r.selectRefs(advertised)
	if err != nil {
		return FetchResult{}, err
	}
	before, err := r.allRefs()
	if err != nil {
		return FetchResult{}, err
	}
	if err := r.want(ctx, s, advertised, slices.Collect(maps.Values(result.Refs)), before); err != nil {
		return FetchResult{}, err
	}
	after := maps.Clone(before)
	maps.DeleteFunc(after, func(name string, _ schema.Hash) bool { return mirrored(name) })
	maps.Copy(after, result.Refs)
	result.Changed = !maps.Equal(before, after)
	if result.Changed {
		err = writePackedRefs(r.dir, after)
	}
	if err == nil && result.Head != "" {
		err = r.setHead(result.Head)
	}
	return result, err
}

func (r *Repo) setHead(name string) error {
	if now, _, err := r.Head(context.Background()); err == nil && now == name {
		return nil
	}
	return replaceFile(filepath.Join(r.dir, "HEAD"), []byte("ref: "+name+"\n"))
}

// uploadPack opens a session for reading and returns what the remote advertises.
func (r *Repo) uploadPack(ctx context.Context) (transport.UploadPackSession, *packp.AdvRefs, error) {
	s, err := dial(ctx, r.remote, r.remote.proto.NewUploadPackSession)
	if err != nil {
		return nil, nil, err
	}
	advertised, err := s.AdvertisedReferencesContext(ctx)
	if err == nil {
		err = checkAdvertised(advertised)
	}
	if err != nil {
		_ = s.Close() // the first error counts
		return nil, nil, classify(err)
	}
	return s, advertised, nil
}

func checkAdvertised(a *packp.AdvRefs) error {
	for _, format := range a.Capabilities.Get(capability.Capability("object-format")) {
		if format != "sha1" {
			return fmt.Errorf("object ids are %s, sluice reads sha1 [object-format]: %w", format, ErrObjectFormat)
		}
	}
	if len(a.Shallows) > 0 {
		return fmt.Errorf("remote: %w", ErrShallow)
	}
	return nil
}

func (r *Repo) selectRefs(a *packp.AdvRefs) (FetchResult, error) {
	if len(a.References) > r.limits.Refs {
		return FetchResult{}, fmt.Errorf("remote has %d refs, more than %d: %w", len(a.References), r.limits.Refs, ErrLimit)
	}
	result := FetchResult{Refs: map[string]schema.Hash{}}
	for name, id := range a.References {
		if !mirrored(name) {
			continue
		}
		if CheckRef(name) != nil {
			result.Ignored = append(result.Ignored, name)
			continue
		}
		result.Refs[name] = schema.Hash(id)
	}
	slices.Sort(result.Ignored)
	result.Ignored = result.Ignored[:min(len(result.Ignored), maxIgnored)]
	for _, s := range a.Capabilities.Get(capability.SymRef) {
		if to, ok := strings.CutPrefix(s, "HEAD:"); ok && strings.HasPrefix(to, headsPrefix) && CheckRef(to) == nil {
			result.Head = to
		}
	}
	return result, nil
}

// want brings the objects into the store, with all they need. What is there is not asked for again.
func (r *Repo) want(ctx context.Context, s transport.UploadPackSession, a *packp.AdvRefs, ids []schema.Hash, have map[string]schema.Hash) error {
	missing, err := r.missing(ids)
	if err != nil || len(missing) == 0 {
		return err
	}
	req := packp.NewUploadPackRequestFromCapabilities(a.Capabilities)
	req.Wants = missing
	if req.Haves, err = r.haves(ctx, have, a); err != nil {
		return err
	}
	if a.Capabilities.Supports(capability.NoProgress) {
		_ = req.Capabilities.Set(capability.NoProgress) // takes no argument, so cannot fail
	}
	if err := r.receive(ctx, s, req); err != nil {
		return err
	}
	if missing, err = r.missing(ids); err != nil || len(missing) == 0 {
		return err
	}
	return fmt.Errorf("remote did not send %s: %w", missing[0], ErrUnreachable)
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

// has reports whether the object is in the store undamaged; a damaged one is fetched again.
func (r *Repo) has(id schema.Hash) (bool, error) {
	_, _, err := r.store.read(id)
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

func (r *Repo) receive(ctx context.Context, s transport.UploadPackSession, req *packp.UploadPackRequest) error {
	response, err := s.UploadPack(ctx, req)
	if err != nil {
		return classify(err)
	}
	defer response.Close()
	var pack io.Reader = response
	if t, ok := sidebandOf(req.Capabilities); ok {
		pack = sideband.NewDemuxer(t, response)
	}
	if err := r.store.receivePack(ctx, pack, r.limits); err != nil {
		return classify(err)
	}
	_, err = r.store.scan()
	return err
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
