package gitrepo

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // the checksum of the pack format; objects are hashed with collision detection
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/sluice-gitops/sluice/schema"
)

// errNoBase is a delta on an object that is neither in its pack nor here.
var errNoBase = errors.New("delta without its base")

// A directory of ten thousand names in which one has changed is some bytes as a delta on what is here already, and hundreds of
// kilobytes without. go-git asks for whole packs because its readers do not complete thin ones; the indexer does.
var takesThin = takeThin()

func takeThin() bool {
	transport.UnsupportedCapabilities = slices.DeleteFunc(slices.Clone(transport.UnsupportedCapabilities),
		func(c capability.Capability) bool { return c == capability.ThinPack })
	return true
}

// complete puts the stored objects that deltas rest on at the end of the pack, as git does, so that the pack can be read
// without any other. It returns the new checksum.
func (x *indexer) complete(sum plumbing.Hash) (plumbing.Hash, error) {
	before := len(x.entries)
	for again := x.stored != nil; again; {
		again = false
		for _, id := range slices.SortedFunc(maps.Keys(x.byID), func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) }) {
			kind, data, err := x.stored(schema.Hash(id))
			if errors.Is(err, ErrMissing) {
				continue // it may be the result of another delta
			}
			if errors.Is(err, ErrMismatch) {
				return sum, fmt.Errorf("%w: %w", errNoBase, err)
			}
			if err != nil {
				return sum, err
			}
			place, err := x.append(id, kind, data)
			if err != nil {
				return sum, err
			}
			if err := x.family(place); err != nil {
				return sum, err
			}
			again = true
		}
	}
	if len(x.entries) == before {
		return sum, nil
	}
	return x.close()
}

const trailerSize = sha1.Size

// append writes an object where the trailer was.
func (x *indexer) append(id plumbing.Hash, kind schema.ObjectKind, data []byte) (int, error) {
	if int64(len(data)) > x.limits.Delta {
		return 0, fmt.Errorf("delta base of %d bytes: %w", len(data), ErrLimit)
	}
	if x.added += int64(len(data)); x.added > x.limits.Pack {
		return 0, fmt.Errorf("%d bytes that deltas rest on: %w", x.added, ErrLimit)
	}
	typed, err := plumbing.ParseObjectType(string(kind))
	if err != nil {
		return 0, err
	}
	end, err := x.f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	if len(x.entries) == x.received {
		end -= trailerSize
	}
	var b bytes.Buffer
	b.Write(entryHeader(typed, len(data)))
	z, err := zlib.NewWriterLevel(&b, zlib.NoCompression) // somebody waits, and trees are mostly ids, which do not shrink
	if err == nil {
		_, err = z.Write(data)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return 0, err
	}
	if _, err := x.f.WriteAt(b.Bytes(), end); err != nil {
		return 0, onDisk(err)
	}
	if err := x.f.Truncate(end + int64(b.Len())); err != nil {
		return 0, onDisk(err)
	}
	x.entries = append(x.entries, entry{offset: end, size: int64(len(data)), crc: crc32.ChecksumIEEE(b.Bytes()), kind: typed, id: id})
	return len(x.entries) - 1, nil
}

// close writes how many objects the pack has now, and its checksum.
func (x *indexer) close() (plumbing.Hash, error) {
	if _, err := x.f.WriteAt(binary.BigEndian.AppendUint32(nil, uint32(len(x.entries))), 8); err != nil { //nolint:gosec // limited
		return plumbing.Hash{}, onDisk(err)
	}
	if _, err := x.f.Seek(0, io.SeekStart); err != nil {
		return plumbing.Hash{}, onDisk(err)
	}
	hash := sha1.New() //nolint:gosec // see above
	if _, err := io.Copy(hash, bufio.NewReader(x.f)); err != nil {
		return plumbing.Hash{}, onDisk(err)
	}
	sum := plumbing.Hash(hash.Sum(nil))
	_, err := x.f.Write(sum[:])
	return sum, onDisk(err)
}
