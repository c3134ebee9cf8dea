package gitrepo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

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
	pending    []*pack   // those that have arrived and are not on the disk yet
	version    int       // counts the changes of packs
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

// scan opens packs that are new in the directory and drops those that are gone, and returns the version of the list. An
// unchanged directory is not read.
func (s *store) scan() (version int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := filepath.Join(s.objects, "pack")
	info, err := os.Stat(path)
	if notExist(err) || err == nil && info.ModTime().Equal(s.scanned) {
		return s.version, nil
	}
	if err != nil {
		return 0, fmt.Errorf("open packs: %w", err)
	}
	files, err := os.ReadDir(path)
	if err != nil {
		return 0, fmt.Errorf("list packs: %w", err)
	}
	var names []string
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".idx"); ok && strings.HasPrefix(name, "pack-") {
			names = append(names, name)
		}
	}
	if err := s.use(path, names); err != nil {
		return 0, err
	}
	if s.scanned = info.ModTime(); time.Since(s.scanned) < racy {
		s.scanned = time.Time{}
	}
	return s.version, nil
}

// racy is how coarse clocks of file systems are: another change may have the time of the one just seen.
const racy = 100 * time.Millisecond

// use makes the named packs the open ones.
func (s *store) use(dir string, names []string) error {
	open := map[string]*pack{}
	for _, p := range s.packs {
		open[p.name] = p
	}
	var packs []*pack
	var broken error
	changed := false
	for _, name := range names {
		if p := open[name]; p != nil && p.is(dir) {
			packs = append(packs, p)
			delete(open, name)
			continue
		}
		p, err := openPack(dir, name, s.bases, s.limits.Object)
		switch {
		case notExist(err): // being written, or just removed
		case errors.Is(err, ErrMismatch):
			broken = errors.Join(broken, err)
		case err != nil:
			return err
		default:
			packs, changed = append(packs, p), true
		}
	}
	for _, gone := range open {
		gone.close()
		changed = true
	}
	if changed {
		s.version++
	}
	s.packs, s.broken = packs, broken
	return nil
}

// read returns an object's bytes, hashed again. Where one copy is damaged the next is tried; where there is none, packs
// that came or went meanwhile, by us or another process, are looked at.
func (s *store) read(id schema.Hash) (schema.ObjectKind, []byte, error) {
	for range maxAttempts {
		sources, version := s.sources()
		kind, data, err := firstGood(id, sources)
		if err == nil || errors.Is(err, ErrLimit) {
			return kind, data, err
		}
		current, scanErr := s.scan()
		if scanErr != nil {
			return "", nil, errors.Join(err, scanErr)
		}
		if current == version {
			return "", nil, s.orDamage(err)
		}
	}
	return "", nil, fmt.Errorf("object %s: packs keep changing: %w", id, ErrUnreachable)
}

const maxAttempts = 100

type source func(schema.Hash) (schema.ObjectKind, []byte, error)

func firstGood(id schema.Hash, sources []source) (schema.ObjectKind, []byte, error) {
	var damaged error
	for _, read := range sources {
		kind, data, err := read(id)
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
	if damaged != nil {
		return "", nil, damaged
	}
	return "", nil, fmt.Errorf("object %s: %w", id, ErrMissing)
}

// sources lists the places of objects, and the version of that list.
func (s *store) sources() ([]source, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]source, 0, len(s.pending)+len(s.packs)+1+len(s.alternates))
	for _, p := range slices.Concat(s.pending, s.packs) {
		out = append(out, p.read)
	}
	out = append(out, s.readLoose)
	for _, a := range s.alternates {
		out = append(out, a.read)
	}
	return out, s.version
}

func (s *store) snapshot() []*pack {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.packs)
}

// orDamage says that an object which is nowhere may be in a pack that cannot be read.
func (s *store) orDamage(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(err, ErrMissing) && s.broken != nil {
		return s.broken
	}
	return err
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
