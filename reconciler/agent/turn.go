package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// turn makes the staged release the one in use, and says whether programs are to hear of it.
func (s *staged) turn() (news bool, err error) {
	before, err := s.root.Readlink(dataLink)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err == nil {
		err = s.link()
	}
	if err == nil {
		err = s.place.keep(s.seq, s.digest)
	}
	if err == nil && !s.live {
		err = s.switchTo()
	}
	if err != nil {
		return false, s.place.failed(err)
	}
	news = !s.live || s.owing
	s.live = true
	s.sweep(before)
	return news, nil
}

// link gives every name in the release its link. A new one leads nowhere until the switch, so that nothing can fail after it.
func (s *staged) link() error {
	for _, top := range s.tops {
		if info, err := s.root.Lstat(top); err == nil && ours(s.root, top, info) {
			continue
		}
		if err := s.root.Remove(newLink); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := s.root.Symlink(path.Join(dataLink, top), newLink); err != nil {
			return err
		}
		if err := s.root.Rename(newLink, top); err != nil { // over what plan let stand
			return err
		}
		s.linked++
	}
	return nil
}

func (s *staged) switchTo() error {
	if err := s.root.WriteFile(pending, nil, 0o600); err != nil {
		return err
	}
	if err := s.root.Remove(newLink); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.root.Symlink(s.name, newLink); err != nil {
		return err
	}
	if err := s.sync("."); err != nil {
		return err
	}
	return s.root.Rename(newLink, dataLink)
}

// sweep removes the links of files that are no more, and the releases that are not in use. The one before stays, for who has
// opened it and not read all of it yet. What cannot be removed is tried again the next time.
func (s *staged) sweep(before string) {
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return
	}
	for _, entry := range entries {
		name := entry.Name()
		info, err := s.root.Lstat(name)
		switch {
		case err != nil, slices.Contains(s.tops, name), name == s.name, name == before:
		case ours(s.root, name, info):
			_ = s.root.Remove(name)
		case info.IsDir() && strings.HasPrefix(name, releaseDir):
			_ = s.root.RemoveAll(name)
		}
	}
}

// drop ends the staging; what was not turned to goes away.
func (s *staged) drop() error {
	if s.live || s.name == "" {
		return nil
	}
	return s.root.RemoveAll(s.name)
}

// reloaded takes the mark away that a reload is owed.
func (o Output) reloaded() error {
	root, err := os.OpenRoot(o.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // somebody removed the directory; it comes back with the mark
	}
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Remove(pending); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s/%s: %w", o.Dir, pending, err)
	}
	return nil
}
