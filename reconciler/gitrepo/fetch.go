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
	result, err := r.fetchAhead(ctx, func() {})
	if err == nil {
		err = r.settle(ctx)
	}
	if err != nil {
		return FetchResult{}, err
	}
	return result, nil
}

// fetchAhead is Fetch for who goes on with what came while that is still on its way to the disk: a crash meanwhile is as if it had
// not come. It tells as soon as it knows that something changed.
func (r *Repo) fetchAhead(ctx context.Context, changes func()) (FetchResult, error) {
	var result FetchResult
	err := r.online(ctx, "fetch", func(ctx context.Context) error {
		unlock, err := r.lock(ctx)
		if err != nil {
			return err
		}
		r.sweep()
		var keep func() error
		if result, keep, err = r.fetch(ctx, changes); err != nil || keep == nil {
			unlock()
			return err
		}
		r.settling.later(func() error {
			defer unlock()
			return keep()
		})
		return nil
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

// fetch brings all objects; keep, if there is anything to keep, moves the refs when the objects are on the disk.
func (r *Repo) fetch(ctx context.Context, changes func()) (result FetchResult, keep func() error, err error) {
	s, advertised, err := r.uploadPack(ctx)
	if err != nil {
		return FetchResult{}, nil, err
	}
	defer s.Close()
	if result, err = r.selectRefs(advertised); err != nil {
		return FetchResult{}, nil, err
	}
	before, err := r.diskRefs()
	if err != nil {
		return FetchResult{}, nil, err
	}
	after := maps.Clone(before)
	maps.DeleteFunc(after, func(name string, _ schema.Hash) bool { return r.mirrored(name) })
	maps.Copy(after, result.Refs)
	if result.Changed = !maps.Equal(before, after); result.Changed {
		changes()
	}
	got, err := r.want(ctx, s, advertised, slices.Collect(maps.Values(result.Refs)), before)
	if err != nil {
		return FetchResult{}, nil, err
	}
	if err := r.setHead(result.Head); err != nil {
		got.drop()
		return FetchResult{}, nil, err
	}
	if got == nil && !result.Changed {
		return result, nil, nil
	}
	return result, func() error { return r.keep(got, after) }, nil
}

// keep puts what was fetched on the disk, the refs last: from there on it has happened.
func (r *Repo) keep(got *arrived, refs map[string]schema.Hash) error {
	if got != nil {
		if err := got.keep(); err != nil {
			return err
		}
	}
	if err := writePackedRefs(r.dir, refs); err != nil {
		return err
	}
	r.tidy(context.Background())
	return nil
}

func (r *Repo) setHead(name string) error {
	if now, _, err := r.Head(context.Background()); name == "" || err == nil && now == name {
		return nil
	}
	return replaceFile(filepath.Join(r.dir, "HEAD"), []byte("ref: "+name+"\n"))
}

// uploadPack opens a session for reading and returns what the remote advertises.
func (r *Repo) uploadPack(ctx context.Context) (transport.UploadPackSession, *packp.AdvRefs, error) {
	return openSession(ctx, r.remote, r.remote.proto.NewUploadPackSession)
}

// openSession dials and reads what the remote advertises.
func openSession[S session](ctx context.Context, r *remote, open func(*transport.Endpoint, transport.AuthMethod) (S, error)) (none S, _ *packp.AdvRefs, err error) {
	s, err := dial(ctx, r, open)
	if err != nil {
		return none, nil, err
	}
	advertised, err := s.AdvertisedReferencesContext(ctx)
	if err == nil {
		err = checkAdvertised(advertised)
	}
	if err != nil {
		_ = s.Close() // the first error counts
		return none, nil, classify(err)
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
		if !r.mirrored(name) {
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
