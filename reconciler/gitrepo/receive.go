package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// receivePack reads a pack to its end, hashes every object in it, and puts pack and index into the store. Until both
// are whole and on the disk, nothing of it is visible; whatever fails leaves nothing behind.
func (s *store) receivePack(ctx context.Context, r io.Reader, limit int64) error {
	dir := filepath.Join(s.objects, "pack")
	f, err := os.CreateTemp(dir, tempPack+"*")
	if err != nil {
		return onDisk(err)
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name()) // gone already if it was kept
	}()
	if err := copyPack(ctx, f, r, limit); err != nil {
		return err
	}
	index, name, err := indexPack(f)
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

// indexPack reads a whole pack. The index is nil if the pack holds no object.
func indexPack(f *os.File) (*idxfile.MemoryIndex, string, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, "", err
	}
	w := new(idxfile.Writer)
	parser, err := packfile.NewParser(packfile.NewScanner(f), w)
	if err != nil {
		return nil, "", err
	}
	sum, err := parser.Parse()
	if err != nil {
		return nil, "", fmt.Errorf("received pack: %w: %w", ErrUnreachable, err)
	}
	index, err := w.Index()
	if err != nil {
		return nil, "", fmt.Errorf("index received pack: %w", err)
	}
	if n, err := index.Count(); err != nil || n == 0 {
		return nil, "", err
	}
	return index, "pack-" + sum.String(), nil
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
