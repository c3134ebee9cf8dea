package gitrepo

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // a pack's checksum
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// deltaChain is a pack of one blob and deltas on it, each on the one before, and the id of the last.
func deltaChain(t *testing.T, length int) ([]byte, schema.Hash) {
	t.Helper()
	var pack bytes.Buffer
	pack.WriteString("PACK")
	_ = binary.Write(&pack, binary.BigEndian, []uint32{2, uint32(length + 1)}) // a buffer takes all
	z := zlib.NewWriter(nil)
	object := func(kind byte, size int, between, data []byte) {
		pack.WriteByte(kind<<4 | byte(size)) // sizes stay below 16
		pack.Write(between)
		z.Reset(&pack)
		_, _ = z.Write(data)
		_ = z.Close()
	}
	text := func(n int) []byte { return fmt.Appendf(nil, "%08d", n) }
	last := pack.Len()
	object(3, 8, nil, text(0))
	for n := 1; n <= length; n++ {
		at := pack.Len()
		object(6, 11, offset(at-last), append([]byte{8, 8, 8}, text(n)...))
		last = at
	}
	sum := sha1.Sum(pack.Bytes())
	pack.Write(sum[:])
	return pack.Bytes(), schema.ObjectID(schema.BlobObject, text(length))
}

// offset writes how far back the base of a delta is.
func offset(n int) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append([]byte{byte(n&0x7f) | 0x80}, out...)
	}
	return out
}

// TestLongDeltaChains: a pack may store an object as a change of a change of a change. git makes chains of 50; a stranger as
// long ones as a pack has objects.
func TestLongDeltaChains(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "pack"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := openStore(dir, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	pack, last := deltaChain(t, 20_000)
	if err := s.receivePack(t.Context(), bytes.NewReader(pack), DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	kind, data, err := s.read(last)
	if err != nil || kind != schema.BlobObject || string(data) != "00020000" {
		t.Errorf("got %q of kind %s, %v", data, kind, err)
	}
}
