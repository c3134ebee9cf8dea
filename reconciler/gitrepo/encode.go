package gitrepo

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // the checksum of the pack format; objects are hashed with collision detection
	"encoding/binary"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/sluice-gitops/sluice/schema"
)

// encodePack makes a pack of whole objects. They are pushed while somebody waits, and git at the other side packs them anew in its
// own time, so they are compressed as fast as can be.
func encodePack(objs []schema.Object) ([]byte, error) { return encode(objs, false) }

// encodeThin makes a pack in which objects that are near others are told as the difference to those, which are not in it.
func encodeThin(objs []schema.Object) ([]byte, error) { return encode(objs, true) }

func encode(objs []schema.Object, thin bool) ([]byte, error) {
	seen := make(map[schema.Hash]bool, len(objs))
	once := make([]schema.Object, 0, len(objs))
	for _, o := range objs {
		if err := verify(o.ID, o.Kind, o.Data); err != nil {
			return nil, err
		}
		if !seen[o.ID] { // a pack holds an object once
			seen[o.ID] = true
			once = append(once, o)
		}
	}
	var b bytes.Buffer
	b.WriteString("PACK\x00\x00\x00\x02")
	b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(once)))) //nolint:gosec // far fewer fit into memory
	z, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	if err != nil {
		return nil, err
	}
	for _, o := range once {
		data := o.Data
		if delta, ok := deltaOf(o); thin && ok {
			b.Write(entryHeader(plumbing.REFDeltaObject, len(delta)))
			b.Write(o.Near.ID[:])
			data = delta
		} else {
			kind, err := plumbing.ParseObjectType(string(o.Kind))
			if err != nil {
				return nil, fmt.Errorf("object %s: %w", o.ID, err)
			}
			b.Write(entryHeader(kind, len(data)))
		}
		z.Reset(&b)
		if _, err := z.Write(data); err != nil {
			return nil, fmt.Errorf("encode pack: %w", err)
		}
		if err := z.Close(); err != nil {
			return nil, fmt.Errorf("encode pack: %w", err)
		}
	}
	sum := sha1.Sum(b.Bytes()) //nolint:gosec // see above
	b.Write(sum[:])
	return b.Bytes(), nil
}

// entryHeader is an object's kind and size as a pack has them: three bits and four, then seven at a time.
func entryHeader(kind plumbing.ObjectType, size int) []byte {
	first, rest := byte(kind)<<4|byte(size&0x0f), size>>4
	var out []byte
	for ; rest > 0; rest >>= 7 {
		out = append(out, first|0x80)
		first = byte(rest & 0x7f)
	}
	return append(out, first)
}
