package ledger

import (
	"context"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Proof returns the consistency proof of RFC 6962, section 2.1.2, from the first old entries to all of them, in base64: that
// the ledger only grew. It reads the commits and entries that came after. From nothing, or to itself, the proof is empty.
func (l *Ledger) Proof(ctx context.Context, old int64) ([]string, error) {
	if old < 0 || old > l.edge.size {
		return nil, fmt.Errorf("prove that %d entries lead to %d: there are not so many", old, l.edge.size)
	}
	if old == 0 || old == l.edge.size {
		return nil, nil
	}
	from, err := l.edgeAt(ctx, old)
	if err != nil {
		return nil, fmt.Errorf("prove that %d entries lead to %d: %w", old, l.edge.size, err)
	}
	nodes := nodesOf(from)
	for seq := old + 1; seq <= l.edge.size; seq++ {
		raw, err := l.rawEntry(ctx, seq)
		if err == nil {
			err = nodes.add(seq-1, raw)
		}
		if err != nil {
			return nil, fmt.Errorf("prove that %d entries lead to %d: entry %d: %w", old, l.edge.size, seq, err)
		}
	}
	proof, err := tlog.ProveTree(l.edge.size, old, nodes)
	if err != nil {
		return nil, fmt.Errorf("prove that %d entries lead to %d: %w", old, l.edge.size, err)
	}
	lines := make([]string, len(proof))
	for i, h := range proof {
		lines[i] = h.String()
	}
	return lines, nil
}

// nodes are hashes of complete subtrees, by the index that package tlog stores them at.
type nodes map[int64]tlog.Hash

// nodesOf places the hashes of a right edge. A proof from its size on needs no others of what came before.
func nodesOf(e edge) nodes {
	n := nodes{}
	var begin int64
	for i, rest := 0, e.size; rest > 0; i++ {
		level := bits.Len64(uint64(rest)) - 1
		n[tlog.StoredHashIndex(level, begin>>level)] = e.hashes[i]
		begin += 1 << level
		rest -= 1 << level
	}
	return n
}

// add places the hash of a leaf, and of every subtree that it completes.
func (n nodes) add(index int64, entry []byte) error {
	hashes, err := tlog.StoredHashesForRecordHash(index, tlog.RecordHash(entry), n)
	if err != nil {
		return err
	}
	at := tlog.StoredHashIndex(0, index)
	for i, h := range hashes {
		n[at+int64(i)] = h
	}
	return nil
}

// ReadHashes implements the reader of package tlog.
func (n nodes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		h, ok := n[index]
		if !ok {
			return nil, fmt.Errorf("hash %d of the tree is not known", index)
		}
		out[i] = h
	}
	return out, nil
}
