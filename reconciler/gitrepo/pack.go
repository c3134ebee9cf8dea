package gitrepo

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"

	"github.com/sluice-gitops/sluice/schema"
)

// pack reads one pack file by its index. go-git's reader moves a position in the file, so reads take turns.
type pack struct {
	name  string
	info  os.FileInfo // of the file that is open
	limit int64       // bytes of one object
	index *idxfile.MemoryIndex

	mu   sync.Mutex // guards all below
	file *packfile.Packfile
}

func openPack(path, name string, bases cache.Object, limit int64) (*pack, error) {
	info, err := os.Stat(filepath.Join(path, name+".pack"))
	if err != nil {
		return nil, fmt.Errorf("open pack: %w", err)
	}
	dir := osfs.New(path)
	index, err := readIndex(dir, name+".idx")
	if err != nil {
		return nil, err
	}
	file, err := dir.Open(name + ".pack")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return &pack{name: name, info: info, limit: limit, index: index, file: packfile.NewPackfileWithCache(index, dir, file, bases, limit)}, nil
}

func readIndex(dir billy.Filesystem, name string) (*idxfile.MemoryIndex, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	defer f.Close()
	index := idxfile.NewMemoryIndex()
	if err := idxfile.NewDecoder(f).Decode(index); err != nil {
		return nil, fmt.Errorf("read %s: %w: %w", name, ErrMismatch, err)
	}
	return index, nil
}

func (p *pack) read(id schema.Hash) (schema.ObjectKind, []byte, error) {
	if ok, err := p.index.Contains(plumbing.Hash(id)); err != nil || !ok {
		return "", nil, ErrMissing
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	object, err := p.file.Get(plumbing.Hash(id))
	if err != nil {
		return "", nil, p.damaged(id, err)
	}
	if object.Size() > p.limit {
		return "", nil, fmt.Errorf("object %s of %d bytes: %w", id, object.Size(), ErrLimit)
	}
	data, err := readAll(object)
	if err != nil {
		return "", nil, p.damaged(id, err)
	}
	return schema.ObjectKind(object.Type().String()), data, nil
}

func (p *pack) damaged(id schema.Hash, err error) error {
	return fmt.Errorf("object %s in %s: %w: %w", id, p.name, ErrMismatch, err)
}

func readAll(object plumbing.EncodedObject) ([]byte, error) {
	r, err := object.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data := make([]byte, object.Size())
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	if n, _ := r.Read(make([]byte, 1)); n != 0 {
		return nil, errors.New("longer than it says")
	}
	return data, nil
}

// close waits for a read that is under way; later ones fail as damaged and are tried again elsewhere.
func (p *pack) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.file.Close() // it was only read
}

// is reports whether the pack's file is still the one that is open.
func (p *pack) is(path string) bool {
	info, err := os.Stat(filepath.Join(path, p.name+".pack"))
	return err == nil && os.SameFile(info, p.info) && info.Size() == p.info.Size()
}
