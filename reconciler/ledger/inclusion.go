package ledger

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Inclusion proves that an entry is in a ledger of that size and root: hash the entry's bytes behind a zero byte, then with
// each of the hashes on the way up, as RFC 6962, section 2.1.1, has it.
type Inclusion struct {
	Seq    int64       `json:"seq"`
	Size   int64       `json:"size"`
	Root   tlog.Hash   `json:"root"`
	Leaf   tlog.Hash   `json:"leaf"`
	Hashes []tlog.Hash `json:"hashes"`
}

// Inclusions proves some entries, in their order. It reads every entry once and keeps two hashes of each.
func (l *Ledger) Inclusions(ctx context.Context, seqs ...int64) ([]Inclusion, error) {
	var stored hashes
	leaves := make(map[int64]tlog.Hash, len(seqs))
	for seq := int64(1); seq <= l.edge.size; seq++ {
		raw, err := l.rawEntry(ctx, seq)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", seq, err)
		}
		leaf := tlog.RecordHash(raw)
		if slices.Contains(seqs, seq) {
			leaves[seq] = leaf
		}
		more, err := tlog.StoredHashesForRecordHash(seq-1, leaf, stored)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", seq, err)
		}
		stored = append(stored, more...)
	}
	root := l.edge.root()
	var out []Inclusion
	for _, seq := range seqs {
		if seq < 1 || seq > l.edge.size {
			return nil, fmt.Errorf("entry %d of %d: %w", seq, l.edge.size, ErrMissing)
		}
		proof, err := tlog.ProveRecord(l.edge.size, seq-1, stored)
		if err == nil {
			err = tlog.CheckRecord(proof, l.edge.size, root, seq-1, leaves[seq])
		}
		if err != nil {
			return nil, doubt(LogChain, "entry %d is not in the checkpoint: %w", seq, err)
		}
		out = append(out, Inclusion{Seq: seq, Size: l.edge.size, Root: root, Leaf: leaves[seq], Hashes: proof})
	}
	return out, nil
}

// hashes are the stored hashes of package tlog, in its order.
type hashes []tlog.Hash

// ReadHashes implements [tlog.HashReader].
func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if at < 0 || at >= int64(len(h)) {
			return nil, fmt.Errorf("hash %d of %d", at, len(h))
		}
		out[i] = h[at]
	}
	return out, nil
}
