package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// arrived is a pack that is whole and hashed. This process reads from it; for others, and after a crash, it is there once it is
// kept.
type arrived struct {
	store *store
	file  *os.File
	index *idxfile.MemoryIndex
	name  string
	pack  *pack
}

// receivePack reads a pack to its end, hashes every object in it, and puts pack and index into the store. Until both
// are whole and on the disk, nothing of it is there for others; whatever fails leaves nothing behind.
func (s *store) receivePack(ctx context.Context, r io.Reader, limits Limits) error {
	a, err := s.take(ctx, r, limits)
	if err != nil {
		return err
	}
	return a.keep()
}

// take reads a pack to its end and hashes every object in it. It is read from at once, and has to be kept or dropped.
func (s *store) take(ctx context.Context, r io.Reader, limits Limits) (*arrived, error) {
	f, err := os.CreateTemp(filepath.Join(s.objects, "pack"), tempPack+"*")
	if err != nil {
		return nil, onDisk(err)
	}
	a := &arrived{store: s, file: f}
	if err := a.read(ctx, r, limits); err != nil {
		a.drop()
		return nil, err
	}
	return a, nil
}

func (a *arrived) read(ctx context.Context, r io.Reader, limits Limits) (err error) {
	if err := copyPack(ctx, a.file, r, limits.Pack); err != nil {
		return err
	}
	if a.index, a.name, err = indexPack(a.file, limits, a.store.read); err != nil || a.index == nil {
		return err
	}
	dir := osfs.New(filepath.Dir(a.file.Name()))
	again, err := dir.Open(filepath.Base(a.file.Name())) // readers have a position of their own
	if err != nil {
		return onDisk(err)
	}
	s := a.store
	a.pack = &pack{
		name: a.name, limit: s.limits.Object, index: a.index,
		file: packfile.NewPackfileWithCache(a.index, dir, again, s.bases, s.limits.Object),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, a.pack)
	s.version++
	return nil
}

// keep makes the pack last through a loss of power, and visible to others.
func (a *arrived) keep() error {
	defer a.drop()
	if a.pack == nil {
		return nil
	}
	dir := filepath.Dir(a.file.Name())
	index, err := os.CreateTemp(dir, tempPack+"*")
	if err != nil {
		return onDisk(err)
	}
	defer func() {
		_ = index.Close()
		_ = os.Remove(index.Name()) // gone already if it was kept
	}()
	if _, err := idxfile.NewEncoder(index).Encode(a.index); err != nil {
		return fmt.Errorf("write index: %w", onDisk(err))
	}
	if err := syncAll(a.file, index); err != nil {
		return onDisk(err)
	}
	for _, f := range []struct{ from, suffix string }{{a.file.Name(), ".pack"}, {index.Name(), ".idx"}} {
		if err := os.Rename(f.from, filepath.Join(dir, a.name+f.suffix)); err != nil {
			return onDisk(err)
		}
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	_, err = a.store.scan()
	return err
}

// drop lets go of the pack where it is not kept.
func (a *arrived) drop() {
	if a == nil {
		return
	}
	if p := a.pack; p != nil {
		s := a.store
		s.mu.Lock()
		s.pending = slices.DeleteFunc(s.pending, func(other *pack) bool { return other == p })
		s.version++
		s.mu.Unlock()
		p.close()
	}
	_ = a.file.Close()
	_ = os.Remove(a.file.Name()) // gone already if it was kept
}

// syncAll waits for the disk once, not once for each file.
func syncAll(files ...*os.File) error {
	errs := make(chan error, len(files))
	for _, f := range files {
		go func() { errs <- errors.Join(f.Chmod(0o444), f.Sync()) }()
	}
	var all []error
	for range files {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

func copyPack(ctx context.Context, f *os.File, r io.Reader, limit int64) error {
	n, err := io.Copy(diskWriter{f}, io.LimitReader(r, limit+1))
	if err != nil {
		return fmt.Errorf("receive pack: %w", err)
	}
	if n > limit {
		return fmt.Errorf("receive pack: more than %d bytes: %w", limit, ErrLimit)
	}
	return ctx.Err()
}

// diskWriter tells errors of the disk from those of the network.
type diskWriter struct{ f *os.File }

func (w diskWriter) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	return n, onDisk(err)
}

// syncDir makes renames last through a loss of power, where the system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	_ = d.Sync() // not every file system knows it
	return nil
}
