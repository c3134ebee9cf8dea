package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
)

// receivePack reads a pack to its end, hashes every object in it, and puts pack and index into the store. Until both
// are whole and on the disk, nothing of it is visible; whatever fails leaves nothing behind.
func (s *store) receivePack(ctx context.Context, r io.Reader, limits Limits) error {
	dir := filepath.Join(s.objects, "pack")
	f, err := os.CreateTemp(dir, tempPack+"*")
	if err != nil {
		return onDisk(err)
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name()) // gone already if it was kept
	}()
	if err := copyPack(ctx, f, r, limits.Pack); err != nil {
		return err
	}
	index, name, err := indexPack(f, limits)
	if err != nil || index == nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o444), f.Sync()); err != nil {
		return onDisk(err)
	}
	if err := onDisk(os.Rename(f.Name(), filepath.Join(dir, name+".pack"))); err != nil {
		return err
	}
	return writeIndex(dir, name, index)
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

func writeIndex(dir, name string, index *idxfile.MemoryIndex) error {
	f, err := os.CreateTemp(dir, tempPack+"*")
	if err != nil {
		return onDisk(err)
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}()
	if _, err := idxfile.NewEncoder(f).Encode(index); err != nil {
		return fmt.Errorf("write index: %w", onDisk(err))
	}
	if err := errors.Join(f.Chmod(0o444), f.Sync()); err != nil {
		return onDisk(err)
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name+".idx")); err != nil {
		return onDisk(err)
	}
	return syncDir(dir)
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
