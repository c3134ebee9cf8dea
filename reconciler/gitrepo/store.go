package gitrepo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing/cache"

	"github.com/sluice-gitops/sluice/schema"
)

// store reads the objects of one git directory: its packs, its loose objects, and those of its alternates.
type store struct {
	objects string // the directory "objects"
	limits  Limits
	bases   cache.Object // delta bases of all packs

	mu         sync.Mutex // guards all below
	packs      []*pack
	broken     error     // packs whose index does not read: what they held is damaged, not absent
	scanned    time.Time // modification time of objects/pack when packs was read
	alternates []*store
}

func openStore(objects string, limits Limits) (*store, error) {
	return openStoreBelow(objects, limits, 0)
}

// maxAlternates bounds chains of clones that borrow objects from one another, as git does.
const maxAlternates = 5

func openStoreBelow(objects string, limits Limits, depth int) (*store, error) {
	s := &store{objects: objects, limits: limits, bases: cache.NewObjectLRU(cache.FileSize(limits.DeltaCache))}
	if _, err := os.Stat(objects); err != nil {
		return nil, fmt.Errorf("open objects: %w", err)
	}
	if _, err := s.scan(); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(objects, "info", "alternates"))
	if notExist(err) || depth == maxAlternates {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read alternates: %w", err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if !filepath.IsAbs(line) {
			line = filepath.Join(objects, line)
		}
		other, err := openStoreBelow(line, limits, depth+1)
		if err != nil {
			return nil, fmt.Errorf("alternate %s: %w", line, err)
		}
		s.alternates = append(s.alternates, other)
	}
	return s, nil
}

// scan opens packs that are new in the directory and drops those that are gone. It reports whether there was any; an
// unchanged directory is not read.
func (s *store) scan() (changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := filepath.Join(s.objects, "pack")
	info, err := os.Stat(path)
	if notExist(err) || err == nil && info.ModTime().Equal(s.scanned) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open packs: %w", err)
	}
	files, err := os.ReadDir(path)
	if err != nil {
		return false, fmt.Errorf("list packs: %w", err)
	}
	dir := osfs.New(path)
	known := map[string]*pack{}
	for _, p := range s.packs {
		known[p.name] = p
	}
	var packs []*pack
	var broken error
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".idx")
		if !ok || !strings.HasPrefix(name, "pack-") {
			continue
		}
		p := known[name]
		if p == nil || !p.is(dir) {
			if p, err = openPack(dir, name, s.bases, s.limits.Object); notExist(err) {
				continue // being written, or just removed
			}
			if errors.Is(err, ErrMismatch) {
				broken = errors.Join(broken, err)
				continue
			}
			if err != nil {
				return false, err
			}
			changed = true
		} else {
			delete(known, name)
		}
		packs = append(packs, p)
	}
	for _, gone := range known {
		gone.close()
		changed = true
	}
	s.packs, s.broken, s.scanned = packs, broken, info.ModTime()
	return changed, nil
}

// read returns an object's bytes, hashed again. Where one copy is damaged the next is tried; where there is none, packs
// that another process put here meanwhile are looked at.
func (s *store) read(id schema.Hash) (schema.ObjectKind, []byte, error) {
	kind, data, err := s.lookup(id)
	if err == nil || errors.Is(err, ErrLimit) {
		return kind, data, err
	}
	if changed, scanErr := s.scan(); scanErr != nil || !changed {
		return "", nil, errors.Join(err, scanErr)
	}
	return s.lookup(id)
}

func (s *store) lookup(id schema.Hash) (schema.ObjectKind, []byte, error) {
	var damaged error
	for _, source := range s.sources() {
		kind, data, err := source(id)
		if errors.Is(err, ErrMissing) {
			continue
		}
		if err == nil {
			err = verify(id, kind, data)
		}
		if err == nil {
			return kind, data, nil
		}
		damaged = err
	}
	if damaged == nil {
		damaged = s.damage()
	}
	if damaged != nil {
		return "", nil, damaged
	}
	return "", nil, fmt.Errorf("object %s: %w", id, ErrMissing)
}

func (s *store) sources() []func(schema.Hash) (schema.ObjectKind, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]func(schema.Hash) (schema.ObjectKind, []byte, error), 0, len(s.packs)+1+len(s.alternates))
	for _, p := range s.packs {
		out = append(out, p.read)
	}
	out = append(out, s.readLoose)
	for _, a := range s.alternates {
		out = append(out, a.read)
	}
	return out
}

func (s *store) damage() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

func (s *store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.packs {
		p.close()
	}
	s.packs, s.scanned = nil, time.Time{}
	for _, a := range s.alternates {
		a.close()
	}
}
