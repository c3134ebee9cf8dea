package gitrepo

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
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
		if result, err = r.fetch(ctx); err == nil {
			r.tidy(ctx)
		}
		return err
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
	if err := r.setHead(result.Head); err != nil {
		return FetchResult{}, err
	}
	if !result.Changed {
		return result, nil
	}
	return result, writePackedRefs(r.dir, after) // last: from here on it has happened
}

func (r *Repo) setHead(name string) error {
	if now, _, err := r.Head(context.Background()); name == "" || err == nil && now == name {
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
