package gitrepo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// indexer computes the ids of all objects of a pack. go-git's parser does that too, but holds each object in memory
// whatever its size: one large file on any branch would end the process. Here an object that is not a delta is hashed
// as it streams by, and what deltas need at once is bounded.
type indexer struct {
	f       *os.File
	scan    *packfile.Scanner
	limits  Limits
	out     *idxfile.Writer
	entries []entry
	byID    map[plumbing.Hash][]int // deltas that wait for the object of that id
	byPlace map[int64][]int         // deltas that wait for the object at that offset
	held    int64                   // bytes of delta bases in memory
	// stored reads objects that are here already, on which deltas of a thin pack may rest; nil: every base has to be in the pack.
	stored source
	added  int64 // bytes of the objects that were taken from there
	// received is how many entries the pack came with.
	received int
}

// entry is an object as it is stored in the pack.
type entry struct {
	offset int64
	size   int64
	crc    uint32
	kind   plumbing.ObjectType
	id     plumbing.Hash // of a delta: zero until it is resolved
}

// indexPack reads a whole pack, and completes it with the stored objects that its deltas rest on. The index is nil if the pack
// holds no object.
func indexPack(f *os.File, limits Limits, stored source) (*idxfile.MemoryIndex, string, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, "", err
	}
	x := indexer{
		f: f, scan: packfile.NewScanner(f), limits: limits, out: new(idxfile.Writer),
		byID: map[plumbing.Hash][]int{}, byPlace: map[int64][]int{}, stored: stored,
	}
	sum, err := x.read()
	if err == nil {
		sum, err = x.resolve(sum)
	}
	if err != nil {
		return nil, "", fmt.Errorf("received pack: %w", err)
	}
	if len(x.entries) == 0 {
		return nil, "", nil
	}
	if err := x.out.OnFooter(sum); err != nil {
		return nil, "", fmt.Errorf("index received pack: %w", err)
	}
	index, err := x.out.Index()
	return index, "pack-" + sum.String(), err
}

// read goes through the pack once, and returns its checksum, which it has compared.
func (x *indexer) read() (plumbing.Hash, error) {
	_, count, err := x.scan.Header()
	if err != nil {
		return plumbing.Hash{}, err
	}
	if int64(count) > int64(x.limits.Objects) {
		return plumbing.Hash{}, fmt.Errorf("%d objects, more than %d: %w", count, x.limits.Objects, ErrLimit)
	}
	for range count {
		header, err := x.scan.NextObjectHeader()
		if err != nil {
			return plumbing.Hash{}, err
		}
		e := entry{offset: header.Offset, size: header.Length, kind: header.Type}
		place := len(x.entries)
		switch header.Type {
		case plumbing.OFSDeltaObject:
			x.byPlace[header.OffsetReference] = append(x.byPlace[header.OffsetReference], place)
		case plumbing.REFDeltaObject:
			x.byID[header.Reference] = append(x.byID[header.Reference], place)
		}
		if err := x.object(&e); err != nil {
			return plumbing.Hash{}, fmt.Errorf("object at %d: %w", e.offset, err)
		}
		x.entries = append(x.entries, e)
	}
	x.received = len(x.entries)
	return x.scan.Checksum()
}

// object streams one object by; of a delta only the sizes at its beginning are looked at.
func (x *indexer) object(e *entry) error {
	var w io.Writer
	var start head
	hasher := plumbing.Hasher{}
	if e.kind.IsDelta() {
		w = &start
	} else {
		hasher = plumbing.NewHasher(e.kind, e.size)
		w = hasher
	}
	n, crc, err := x.scan.NextObject(w)
	if err != nil {
		return err
	}
	if n != e.size {
		return fmt.Errorf("%d bytes, its header says %d", n, e.size)
	}
	e.crc = crc
	if e.kind.IsDelta() {
		return x.checkDelta(e.size, start.Bytes())
	}
	e.id = hasher.Sum()
	return nil
}

// head keeps the beginning of what is written to it.
type head struct{ bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	if room := 2*binary.MaxVarintLen64 - h.Len(); room > 0 {
		h.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// checkDelta refuses a delta whose base or result is too large to be held.
func (x *indexer) checkDelta(size int64, start []byte) error {
	base, n := binary.Uvarint(start)
	if n <= 0 {
		return fmt.Errorf("delta without sizes")
	}
	result, n := binary.Uvarint(start[n:])
	if n <= 0 {
		return fmt.Errorf("delta without sizes")
	}
	if most := max(uint64(size), base, result); most > uint64(x.limits.Delta) {
		return fmt.Errorf("delta with %d bytes: %w", most, ErrLimit)
	}
	return nil
}

// resolve applies every delta, from whole objects outwards. It returns the checksum of the pack as it is then.
func (x *indexer) resolve(sum plumbing.Hash) (plumbing.Hash, error) {
	for i := range x.entries {
		if e := &x.entries[i]; !e.kind.IsDelta() {
			if err := x.family(i); err != nil {
				return sum, err
			}
		}
	}
	sum, err := x.complete(sum)
	if err != nil {
		return sum, err
	}
	if err := x.out.OnHeader(uint32(len(x.entries))); err != nil {
		return sum, err
	}
	for _, e := range x.entries {
		if e.id.IsZero() {
			return sum, fmt.Errorf("delta at %d: %w", e.offset, errNoBase)
		}
		x.out.Add(e.id, uint64(e.offset), e.crc)
	}
	return sum, nil
}

// base is an object in memory with the deltas on it that are still to be applied.
type base struct {
	kind plumbing.ObjectType
	data []byte
	todo []int
}

// family resolves all deltas that rest on a whole object. A base is let go before its last delta's own family, so a
// long chain holds two objects at a time.
func (x *indexer) family(root int) error {
	e := x.entries[root]
	todo := x.children(e)
	if len(todo) == 0 {
		return nil
	}
	data, err := x.inflate(e)
	if err != nil {
		return err
	}
	stack := []base{{e.kind, data, todo}}
	x.held = int64(len(data))
	for len(stack) > 0 {
		b := &stack[len(stack)-1]
		child := b.todo[0]
		b.todo = b.todo[1:]
		kind, from := b.kind, b.data
		if len(b.todo) == 0 {
			x.held -= int64(len(b.data))
			stack = stack[:len(stack)-1]
		}
		next, err := x.apply(child, kind, from)
		if err != nil {
			return err
		}
		if len(next.todo) == 0 {
			continue
		}
		if x.held += int64(len(next.data)); x.held > x.limits.Delta*2 {
			return fmt.Errorf("deltas need %d bytes at once: %w", x.held, ErrLimit)
		}
		stack = append(stack, next)
	}
	return nil
}

func (x *indexer) apply(place int, kind plumbing.ObjectType, from []byte) (base, error) {
	e := &x.entries[place]
	delta, err := x.inflate(*e)
	if err != nil {
		return base{}, err
	}
	data, err := packfile.PatchDelta(from, delta)
	if err != nil {
		return base{}, fmt.Errorf("delta at %d: %w", e.offset, err)
	}
	e.id = plumbing.ComputeHash(kind, data)
	return base{kind, data, x.children(*e)}, nil
}

// children takes the deltas that rest on an entry, by either way of naming it.
func (x *indexer) children(e entry) []int {
	out := append(x.byPlace[e.offset], x.byID[e.id]...)
	delete(x.byPlace, e.offset)
	delete(x.byID, e.id)
	return out
}

func (x *indexer) inflate(e entry) ([]byte, error) {
	if e.size > x.limits.Delta {
		return nil, fmt.Errorf("delta base of %d bytes: %w", e.size, ErrLimit)
	}
	if _, err := x.scan.SeekObjectHeader(e.offset); err != nil {
		return nil, err
	}
	b := bytes.NewBuffer(make([]byte, 0, e.size))
	_, _, err := x.scan.NextObject(b)
	return b.Bytes(), err
}
