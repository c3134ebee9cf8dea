package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/sluice-gitops/sluice/schema"
)

// Push moves a ref of the remote from old to new, where it is not at old [ErrMoved] and nothing is written. A zero old
// creates the ref. The remote gets exactly objs, which must be all it lacks; nothing is walked. Of what is near to
// another it gets the difference, or all where it does not take that. After a success the mirror has the objects and the
// ref too. [ErrUnknownOutcome] means that the remote may or may not have done it.
func (r *Repo) Push(ctx context.Context, ref string, old, new schema.Hash, objs []schema.Object) error {
	if err := r.pushAhead(ctx, ref, old, new, objs); err != nil {
		return err
	}
	return r.settling.wait(ctx)
}

// pushAhead is Push for who goes on while the mirror follows: it reads the objects already. The mirror takes them while they are
// sent.
func (r *Repo) pushAhead(ctx context.Context, ref string, old, new schema.Hash, objs []schema.Object) error {
	if err := CheckRef(ref); err != nil {
		return fmt.Errorf("push: %w: %w", ErrUsage, err)
	}
	if new.IsZero() {
		return fmt.Errorf("push %s: nothing to move it to: %w", ref, ErrUsage)
	}
	c, err := r.cargoOf(objs, !old.IsZero() && !r.noThin.Load())
	if err != nil {
		return fmt.Errorf("push %s: %w", ref, err)
	}
	taken := make(chan *arrived, 1)
	go func() { taken <- r.takeCargo(ctx, c) }()
	err = r.online(ctx, "push "+ref+" to", func(ctx context.Context) error { return r.send(ctx, ref, old, new, c) })
	got := <-taken
	defer r.settling.begin()
	if err != nil {
		got.drop()
		return err
	}
	r.settling.later(func() error {
		r.follow(ref, new, got)
		return nil
	})
	return nil
}

// patience is how long a push that succeeded waits for a fetch under way, to move the mirror's ref after it.
const patience = 5 * time.Second

// follow keeps in the mirror what was pushed, the objects too if they are not there. Where that fails it is no error: it is
// pushed, and the next fetch brings it.
func (r *Repo) follow(ref string, to schema.Hash, got *arrived) {
	if got != nil && got.keep() != nil || !r.mirrored(ref) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	unlock, err := r.lockFile(ctx)
	if err != nil {
		return
	}
	defer unlock()
	if r.set(map[string]schema.Hash{ref: to}) == nil {
		r.tidy(ctx)
	}
}

// push sends the cargo thin if that is asked for and the server does not say that it takes none. It reports whether it did.
func (r *Repo) push(ctx context.Context, ref string, old, new schema.Hash, c *cargo, thin bool) (thinly bool, err error) {
	s, advertised := r.ahead.take(ctx, ref, old)
	if s == nil {
		s, advertised, err = r.receivePack(ctx)
	}
	if err != nil {
		return false, err
	}
	defer s.Close()
	if at := schema.Hash(advertised.References[ref]); at != old {
		return false, moved(ref, at, old)
	}
	thin = thin && !advertised.Capabilities.Supports(noThin)
	pack, err := c.pack(thin)
	if err != nil {
		return false, err
	}
	var said said
	req := packp.NewReferenceUpdateRequestFromCapabilities(advertised.Capabilities)
	req.Commands = []*packp.Command{{Name: plumbing.ReferenceName(ref), Old: plumbing.Hash(old), New: plumbing.Hash(new)}}
	req.Packfile = io.NopCloser(bytes.NewReader(pack))
	req.Progress = &said
	if !advertised.Capabilities.Supports(capability.ReportStatus) {
		return false, fmt.Errorf("%w: the server does not report what it did", ErrUnreachable)
	}
	if advertised.Capabilities.Supports(capability.Sideband64k) {
		_ = req.Capabilities.Set(capability.Sideband64k) // takes no argument, so cannot fail
	}
	report, err := s.ReceivePack(ctx, req)
	if report == nil {
		return thin, sentError(err)
	}
	if report.Error() == nil {
		return thin, nil
	}
	return thin, r.refusal(ctx, ref, old, said.reason(report))
}

func (r *Repo) receivePack(ctx context.Context) (transport.ReceivePackSession, *packp.AdvRefs, error) {
	return openSession(ctx, r.remote, r.remote.proto.NewReceivePackSession)
}

func moved(ref string, at, want schema.Hash) error {
	return fmt.Errorf("%w: %s is at %s, not at %s", ErrMoved, ref, at, want)
}

// sentError sorts a push that ended without a report: the server may have said no before it read, else nobody knows.
func sentError(err error) error {
	if err == nil {
		return fmt.Errorf("%w: the server said nothing", ErrUnknownOutcome)
	}
	err = classify(err)
	for _, before := range []error{ErrUnauthorized, ErrForbidden, ErrNotFound, ErrRedirected, ErrUsage} {
		if errors.Is(err, before) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
}

// refusal finds out whether the server said no because the ref moved, by looking, not by its words.
func (r *Repo) refusal(ctx context.Context, ref string, old schema.Hash, reason string) error {
	at, err := r.remoteRef(ctx, ref)
	if err == nil && at != old {
		return moved(ref, at, old)
	}
	return fmt.Errorf("%w: %s", ErrRefused, reason)
}

// said holds the beginning of what the server tells people.
type said struct{ bytes.Buffer }

const maxSaid = 4 << 10

func (s *said) Write(p []byte) (int, error) {
	if room := maxSaid - s.Len(); room > 0 {
		s.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (s *said) reason(report *packp.ReportStatus) string {
	reason := report.Error().Error()
	if text := strings.TrimSpace(s.String()); text != "" {
		reason += ": " + text
	}
	return reason
}

// CanPush asks the remote whether this login may push at all, and pushes nothing. Which refs it may move is the forge's to say
// when they are moved.
func (r *Repo) CanPush(ctx context.Context) error {
	return r.online(ctx, "ask whether to push to", func(ctx context.Context) error {
		s, _, err := r.receivePack(ctx)
		if err != nil {
			return err
		}
		return s.Close()
	})
}

// RemoteRef asks the remote where a ref is now; zero if it has no such ref.
func (r *Repo) RemoteRef(ctx context.Context, ref string) (schema.Hash, error) {
	var id schema.Hash
	err := r.online(ctx, "read "+ref+" of", func(ctx context.Context) (err error) {
		id, err = r.remoteRef(ctx, ref)
		return err
	})
	return id, err
}

func (r *Repo) remoteRef(ctx context.Context, ref string) (schema.Hash, error) {
	s, advertised, err := r.uploadPack(ctx)
	if errors.Is(err, ErrEmpty) {
		return schema.Hash{}, nil
	}
	if err != nil {
		return schema.Hash{}, err
	}
	defer s.Close()
	return schema.Hash(advertised.References[ref]), nil
}
