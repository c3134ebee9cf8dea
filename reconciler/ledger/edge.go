package ledger

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/bits"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// edge is the right edge of the Merkle tree of RFC 6962 over the entries' bytes: the roots of its complete subtrees, the
// largest first. It is all that is needed to add a leaf, so an append never reads old entries.
//
// Invariant: one hash for each one-bit of size.
type edge struct {
	size   int64
	hashes []tlog.Hash
}

// add returns the edge with one more entry; e is left as it is.
func (e edge) add(entry []byte) edge {
	hashes := append([]tlog.Hash(nil), e.hashes...)
	h := tlog.RecordHash(entry)
	for n := e.size; n&1 == 1; n >>= 1 {
		last := len(hashes) - 1
		h, hashes = tlog.NodeHash(hashes[last], h), hashes[:last]
	}
	return edge{size: e.size + 1, hashes: append(hashes, h)}
}

// root returns the root of the whole tree.
func (e edge) root() tlog.Hash {
	if e.size == 0 {
		return sha256.Sum256(nil)
	}
	h := e.hashes[len(e.hashes)-1]
	for i := len(e.hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(e.hashes[i], h)
	}
	return h
}

// encode writes the size and the hashes in base64, one a line.
func (e edge) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, e.size)
	for _, h := range e.hashes {
		fmt.Fprintln(&b, h)
	}
	return b.Bytes()
}

func parseEdge(data []byte) (edge, error) {
	lines := strings.Split(string(data), "\n")
	var e edge
	if _, err := fmt.Sscan(lines[0], &e.size); err != nil || e.size < 0 {
		return edge{}, fmt.Errorf("merkle: size %q", lines[0])
	}
	for _, line := range lines[1:] {
		if line == "" {
			break
		}
		h, err := tlog.ParseHash(line)
		if err != nil {
			return edge{}, fmt.Errorf("merkle: %w", err)
		}
		e.hashes = append(e.hashes, h)
	}
	if len(e.hashes) != bits.OnesCount64(uint64(e.size)) || !bytes.Equal(e.encode(), data) {
		return edge{}, fmt.Errorf("merkle: not in its written form")
	}
	return e, nil
}
