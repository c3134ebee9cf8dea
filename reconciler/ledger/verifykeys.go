package ledger

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// rotate replaces the key that signed a key-rotate entry by the one that the entry names, and drops those that a new trust
// version names no more.
func (v *verifier) rotate(ctx context.Context, id schema.Hash, entries []Entry, signer ed25519.PublicKey) {
	for _, e := range entries {
		switch e.Kind {
		case Genesis, Control:
			v.named = nil
			v.dropUnnamed(ctx, Finding{Seq: e.Seq, Commit: id})
		case KeyRotate:
			if signer != nil {
				signer = v.replaceKey(ctx, Finding{Seq: e.Seq, Commit: id}, e, signer)
			}
		}
	}
}

// replaceKey returns the key that signs from the next commit on.
func (v *verifier) replaceKey(ctx context.Context, f Finding, e Entry, signer ed25519.PublicKey) ed25519.PublicKey {
	next, err := ParseLogKey(e.Order.LogKey)
	if err != nil {
		v.note(f, fmt.Errorf("%w: %w", ErrUnknownFormat, err))
		return signer
	}
	if named, ok := v.trusted(ctx, f); ok && (!holds(named, signer) || !holds(named, next)) {
		f.Code, f.Class = LogSignature, Violated
		f.Detail = fmt.Sprintf("a log key replaced by one that trust version %d does not name beside it", v.at.head.Control.Trust)
		v.find(f)
		return signer
	}
	v.keys = slices.DeleteFunc(v.keys, func(k ed25519.PublicKey) bool { return k.Equal(signer) || k.Equal(next) })
	v.keys = append(v.keys, next)
	return next
}

// dropUnnamed keeps the last key whatever the trust says: a ledger that nobody may sign could not even be handed over.
func (v *verifier) dropUnnamed(ctx context.Context, f Finding) {
	named, ok := v.trusted(ctx, f)
	if !ok {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(v.keys), func(k ed25519.PublicKey) bool { return !holds(named, k) })
	if len(kept) > 0 {
		v.keys = kept
	}
}

// trusted returns the keys that the trust in force names; false where nobody says, or it could not be read.
func (v *verifier) trusted(ctx context.Context, f Finding) ([]ed25519.PublicKey, bool) {
	if v.opts.Named == nil {
		return nil, false
	}
	if v.named != nil {
		return v.named, true
	}
	lines, err := v.opts.Named(ctx, v.at)
	if err == nil {
		v.named, err = ParseLogKeys(lines)
	}
	if err != nil {
		v.note(f, fmt.Errorf("log keys of the trust in force: %w", err))
		return nil, false
	}
	return v.named, true
}

func holds(keys []ed25519.PublicKey, key ed25519.PublicKey) bool {
	return slices.ContainsFunc(keys, func(k ed25519.PublicKey) bool { return k.Equal(key) })
}
