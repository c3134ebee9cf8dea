package ledger

import (
	"context"
	"crypto/ed25519"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// signerInForce refuses a commit by a key that was replaced. The commit that replaces it is still its own.
func (l *Ledger) signerInForce(ctx context.Context, c commit, signer ed25519.PublicKey) error {
	s := l.head.Signer
	if s == nil || s.Key == FormatLogKey(signer) {
		return nil
	}
	var before Ledger
	if len(c.parents) > 0 {
		before.store = l.store
		if err := before.unverified(ctx, c.parents[0]); err != nil {
			return err
		}
	}
	if s.Seq > before.edge.size {
		return nil
	}
	return doubt(LogSignature, "commit is signed by a log key that entry #%d replaced", s.Seq)
}

// handedOver checks, where there is more than one log key, that each commit since before was signed by the key in force:
// by a key that was replaced nobody can bring himself back.
func (l *Ledger) handedOver(ctx context.Context, before *Ledger) error {
	if len(l.keys) < 2 {
		return nil
	}
	added, err := l.commitsSince(ctx, before)
	if err != nil {
		return err
	}
	at := *before
	for _, id := range added {
		c, err := l.readCommit(ctx, id)
		if err != nil {
			return err
		}
		signer, err := signedBy(c, l.keys, l.opts.VerifyCommit)
		if err != nil {
			return err
		}
		if s := at.head.Signer; s != nil && s.Key != FormatLogKey(signer) {
			return doubt(LogSignature, "commit %s is signed by a log key that entry #%d replaced", id.Short(), s.Seq)
		}
		next := Ledger{store: l.store}
		if err := next.unverified(ctx, id); err != nil {
			return err
		}
		if err := next.explained(ctx, at.head.Signer, at.edge.size); err != nil {
			return err
		}
		at = next
	}
	return nil
}

// commitsSince returns the commits after before, the oldest first.
func (l *Ledger) commitsSince(ctx context.Context, before *Ledger) ([]schema.Hash, error) {
	var ids []schema.Hash
	for id := l.tip; id != before.tip; {
		c, err := l.readCommit(ctx, id)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
		if len(c.parents) == 0 {
			return nil, doubt(LogFork, "commit %s is not in the history of %s", before.tip.Short(), l.tip.Short())
		}
		id = c.parents[0]
	}
	slices.Reverse(ids)
	return ids, nil
}

// explained checks that a key is in force because an entry of this very commit put it there.
func (l *Ledger) explained(ctx context.Context, was *LogSigner, size int64) error {
	now := l.head.Signer
	if was == nil && now == nil || was != nil && now != nil && *was == *now {
		return nil
	}
	if now != nil && now.Seq > size {
		e, _, err := l.store.entry(ctx, l.root, now.Seq)
		if err != nil {
			return err
		}
		if key, err := ParseLogKey(orderedKey(e)); err == nil && FormatLogKey(key) == now.Key {
			return nil
		}
	}
	return doubt(StateMismatch, "commit %s changes which log key signs, and no entry of it says so", l.tip.Short())
}

func orderedKey(e Entry) string {
	if e.Order == nil {
		return ""
	}
	return e.Order.LogKey
}
