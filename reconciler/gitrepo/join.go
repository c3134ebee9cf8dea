package gitrepo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // the checksum of the pack format; objects are hashed with collision detection
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

const (
	packHeader  = 12
	packTrailer = sha1.Size
	maxJoined   = 1 << 30 // a pack this large stays as it is
)

// tidy joins packs when there are many. Where that fails nothing is lost, and the next fetch tries again.
func (r *Repo) tidy(ctx context.Context) {
	if err := r.join(ctx); err != nil {
		slog.WarnContext(ctx, "packs not joined", "mirror", r.dir, "error", err)
	}
}

// join keeps the number of packs small: each fetch and each push leaves one. Once there are too many, the smaller half
// becomes one pack. The caller holds the lock; other processes may be reading.
func (r *Repo) join(ctx context.Context) error {
	packs := r.store.snapshot()
	if len(packs) <= r.limits.Packs {
		return nil
	}
	packs = joinable(packs, len(packs)/2)
	if len(packs) < 2 {
		return nil
	}
	dir := filepath.Join(r.store.objects, "pack")
	joined, err := openJoined(dir, packs)
	if err != nil {
		return fmt.Errorf("join packs: %w", err)
	}
	defer joined.Close()
	limits := r.limits
	limits.Pack, limits.Objects = maxJoined*2, 1<<31-1 // each part was within the limits
	if err := r.store.receivePack(ctx, joined, limits); err != nil {
		return fmt.Errorf("join packs: %w", err)
	}
	for _, p := range packs {
		for _, suffix := range []string{".idx", ".pack"} { // without its index a pack is not seen
			if err := os.Remove(filepath.Join(dir, p.name+suffix)); err != nil && !notExist(err) {
				return fmt.Errorf("join packs: %w", err)
			}
		}
	}
	_, err = r.store.scan()
	return err
}

// joinable picks the smallest packs, at most n, that have no object in common: a pack holds an object once.
func joinable(packs []*pack, n int) []*pack {
	packs = slices.Clone(packs)
	slices.SortFunc(packs, func(a, b *pack) int { return cmp.Compare(a.info.Size(), b.info.Size()) })
	seen := map[plumbing.Hash]bool{}
	var out []*pack
	var total int64
	for _, p := range packs {
		if len(out) == n || total+p.info.Size() > maxJoined {
			break
		}
		if ids, ok := p.idsBeside(seen); ok {
			for _, id := range ids {
				seen[id] = true
			}
			out = append(out, p)
			total += p.info.Size()
		}
	}
	return out
}

// idsBeside returns the pack's objects, unless one is in seen already.
func (p *pack) idsBeside(seen map[plumbing.Hash]bool) ([]plumbing.Hash, bool) {
	entries, err := p.index.Entries()
	if err != nil {
		return nil, false
	}
	defer entries.Close()
	var out []plumbing.Hash
	for {
		e, err := entries.Next()
		if err == io.EOF {
			return out, true
		}
		if err != nil || seen[e.Hash] {
			return nil, false
		}
		out = append(out, e.Hash)
	}
}

// joinedPack reads several packs as one: their entries are copied as they are, since a delta names its base by the
// distance to it, which stays. The checksum at the end is its own.
type joinedPack struct {
	io.Reader
	files []*os.File
}

func openJoined(dir string, packs []*pack) (*joinedPack, error) {
	j := &joinedPack{}
	var count uint32
	var parts []io.Reader
	for _, p := range packs {
		f, err := os.Open(filepath.Join(dir, p.name+".pack"))
		if err != nil {
			j.Close()
			return nil, err
		}
		j.files = append(j.files, f)
		var header [packHeader]byte
		if _, err := io.ReadFull(f, header[:]); err != nil {
			j.Close()
			return nil, err
		}
		count += binary.BigEndian.Uint32(header[8:])
		parts = append(parts, io.NewSectionReader(f, packHeader, p.info.Size()-packHeader-packTrailer))
	}
	header := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), count)
	sum := sha1.New()
	body := io.TeeReader(io.MultiReader(append([]io.Reader{bytes.NewReader(header)}, parts...)...), sum)
	j.Reader = io.MultiReader(body, &trailer{sum: func() []byte { return sum.Sum(nil) }})
	return j, nil
}

// Close closes the packs.
func (j *joinedPack) Close() {
	for _, f := range j.files {
		_ = f.Close() // it was only read
	}
}

// trailer computes what it reads when it is first read: after everything before it.
type trailer struct {
	sum  func() []byte
	rest []byte
	done bool
}

func (t *trailer) Read(p []byte) (int, error) {
	if !t.done {
		t.rest, t.done = t.sum(), true
	}
	if len(t.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}
