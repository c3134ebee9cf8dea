package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"

	"github.com/sluice-gitops/sluice/schema"
)

// cargo is what a push brings: thin for a remote that has what the differences rest on, whole for others, and for the mirror, where
// a pack that brings its bases along would hold objects a second time.
type cargo struct {
	thin    []byte // nil: it is sent whole
	whole   func() ([]byte, error)
	written bool // the mirror has the objects
}

// noThin is what a server says that takes no thin packs.
const noThin = capability.Capability("no-thin")

func (r *Repo) cargoOf(objects []schema.Object, thin bool) (c *cargo, err error) {
	if pack := r.writtenPack(objects); pack != nil {
		return &cargo{whole: func() ([]byte, error) { return pack, nil }, written: true}, nil
	}
	c = &cargo{whole: sync.OnceValues(func() ([]byte, error) { return encodePack(objects) })}
	if thin && slices.ContainsFunc(objects, func(o schema.Object) bool { return o.Near != nil }) {
		c.thin, err = encodeThin(objects)
	} else {
		_, err = c.whole()
	}
	return c, err
}

func (c *cargo) pack(thin bool) ([]byte, error) {
	if thin {
		return c.thin, nil
	}
	return c.whole()
}

// takeCargo reads the objects into the mirror while they are sent. Where that fails the next fetch brings them.
func (r *Repo) takeCargo(ctx context.Context, c *cargo) *arrived {
	if c.written || r.remote == nil {
		return nil
	}
	pack, err := c.whole()
	if err != nil {
		return nil
	}
	got, _ := r.store.take(ctx, bytes.NewReader(pack), r.limits)
	return got
}

// send pushes. Where differences are refused nothing has moved, so all is sent; where that is taken, or nobody knows what became of
// them, all is sent from then on.
func (r *Repo) send(ctx context.Context, ref string, old, new schema.Hash, c *cargo) error {
	thinly, err := r.push(ctx, ref, old, new, c, c.thin != nil)
	switch {
	case !thinly || err == nil:
		return err
	case errors.Is(err, ErrRefused):
		if _, err = r.push(ctx, ref, old, new, c, false); err != nil {
			return err
		}
	case !errors.Is(err, ErrUnknownOutcome):
		return err
	}
	r.noThin.Store(true)
	return err
}
