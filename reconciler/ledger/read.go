package ledger

import (
	"context"
	"fmt"
	"iter"

	"github.com/sluice-gitops/sluice/schema"
)

// Entry returns an entry and its bytes.
func (l *Ledger) Entry(ctx context.Context, seq int64) (Entry, []byte, error) {
	if seq < 1 || seq > l.edge.size {
		return Entry{}, nil, fmt.Errorf("entry %d of %d: %w", seq, l.edge.size, ErrMissing)
	}
	raw, err := l.rawEntry(ctx, seq)
	return decodeNumbered(raw, seq, err)
}

// entry reads an entry that lies in a tree.
func (s *store) entry(ctx context.Context, root schema.Hash, seq int64) (Entry, []byte, error) {
	raw, err := s.file(ctx, root, EntryPath(seq))
	return decodeNumbered(raw, seq, err)
}

// decodeNumbered decodes what was read as an entry, unless there was an error.
func decodeNumbered(raw []byte, seq int64, err error) (Entry, []byte, error) {
	if err != nil {
		return Entry{}, nil, fmt.Errorf("entry %d: %w", seq, err)
	}
	e, err := Decode(raw)
	if err != nil {
		return Entry{}, raw, fmt.Errorf("entry %d: %w", seq, err)
	}
	if e.Seq != seq {
		return Entry{}, raw, doubt(LogOrder, "entry %d says it is %d", seq, e.Seq)
	}
	return e, raw, nil
}

// Evidence returns an evidence blob whose bytes have that digest.
func (l *Ledger) Evidence(ctx context.Context, d schema.Digest) ([]byte, error) {
	return l.EvidenceOf(ctx, 0, d)
}

// EvidenceOf is Evidence for who knows an entry that names it: then one volume is looked into, however many there are.
func (l *Ledger) EvidenceOf(ctx context.Context, seq int64, d schema.Digest) ([]byte, error) {
	if _, err := schema.ParseDigest(string(d)); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	i, ok, err := l.findEvidence(ctx, d, seq)
	if err == nil && (!ok || i.dir) {
		err = fmt.Errorf("%s: %w", l.head.Form.EvidencePath(d), ErrMissing)
	}
	if err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	data, err := l.store.object(ctx, i.id, schema.BlobObject)
	if err != nil {
		return nil, fmt.Errorf("evidence: %s: %w", l.head.Form.EvidencePath(d), err)
	}
	if have := schema.DigestOf(data); have != d {
		return nil, doubt(EvidenceMissing, "evidence %s holds %s", d, have)
	}
	return data, nil
}

// Entries goes through the entries from one number on, oldest first, and ends at the first error.
func (l *Ledger) Entries(ctx context.Context, from int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for seq := max(from, 1); seq <= l.edge.size; seq++ {
			e, _, err := l.Entry(ctx, seq)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Entries goes through all entries in the tree of a commit of the ledger, oldest first, and ends at the first error. It
// verifies nothing.
func Entries(ctx context.Context, objs Objects, tip schema.Hash) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if tip.IsZero() {
			return
		}
		l := &Ledger{store: newStore(objs), cells: &cellMemo{}}
		c, err := l.readCommit(ctx, tip)
		if err == nil {
			l.root = c.tree
			err = l.readState(ctx)
		}
		if err != nil {
			yield(Entry{}, fmt.Errorf("entries at %s: %w", tip.Short(), err))
			return
		}
		l.Entries(ctx, 1)(yield)
	}
}
