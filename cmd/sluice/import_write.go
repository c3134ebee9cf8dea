package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// importInto is the checkout that takes it.
type importInto struct {
	rules  importRules
	root   *os.Root
	sealed bool // the project has a ledger
	used   bool // in which the stage has admitted something
	beside []string
}

// compare looks at what the stage's place holds. A file that holds something else is refused, unless somebody said --force.
func (i *importInto) compare(plan *importPlan, force bool) error {
	bad := map[string]bool{}
	for _, d := range plan.refused {
		bad[d.Position.File] = true
	}
	for n := range plan.files {
		f := &plan.files[n]
		if !fs.ValidPath(f.Where) || bad[f.at()] {
			continue // the name may lead anywhere: nothing is looked at by it
		}
		if link, err := i.linked(f.Where); err != nil || link != "" {
			if err != nil {
				return err
			}
			plan.refuse(f.Where, "unsupported-entry", "path", link, "detail", "a link or no plain file; what is written there would be elsewhere")
			continue
		}
		data, err := i.root.ReadFile(f.Where)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			f.State = importNew
		case err != nil:
			return fmt.Errorf("read %s: %w", f.Where, err)
		case bytes.Equal(data, f.Data) && i.mode(f.Where) == f.Mode:
			f.State = importSame
		default:
			f.State = importDiffer
			if !force {
				plan.refuse(f.Where, "import-differs", "path", f.Where)
			}
		}
	}
	return i.lookBeside(*plan)
}

// linked returns the part of a path that is there and is neither a directory above nor a plain file at the end.
func (i *importInto) linked(where string) (string, error) {
	segments := strings.Split(where, "/")
	for n := range segments {
		at := path.Join(segments[:n+1]...)
		info, err := i.root.Lstat(at)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		if err != nil {
			return "", fmt.Errorf("look at %s: %w", at, err)
		}
		if last := n == len(segments)-1; last && !info.Mode().IsRegular() || !last && !info.IsDir() {
			return at, nil
		}
	}
	return "", nil
}

func (i *importInto) mode(where string) schema.Mode {
	if info, err := i.root.Lstat(where); err == nil && info.Mode()&0o100 != 0 {
		return schema.Executable
	}
	return schema.Regular
}

// lookBeside finds files of the same apps that were not read: they stay, and are told of.
func (i *importInto) lookBeside(plan importPlan) error {
	planned := map[string]bool{}
	for _, f := range plan.files {
		planned[f.Where] = true
	}
	for app := range plan.keys {
		place := i.rules.project.CellPath(i.rules.stage, app)
		if link, err := i.linked(place + "/x"); err != nil || link != "" || !fs.ValidPath(place) {
			continue // refused already
		}
		err := fs.WalkDir(i.root.FS(), place, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && path == place {
				return fs.SkipAll
			}
			if err == nil && !d.IsDir() && !planned[path] {
				i.beside = append(i.beside, path)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("read %s: %w", place, err)
		}
	}
	return nil
}

// write puts the files there, each whole or not at all, and returns how many.
func (i *importInto) write(plan importPlan) (int, error) {
	n := 0
	for _, f := range plan.files {
		if f.State == importSame {
			continue
		}
		mode := fs.FileMode(0o644)
		if f.Mode == schema.Executable {
			mode = 0o755
		}
		if err := writeWhole(i.root, f.Where, f.Data, mode); err != nil {
			return n, fmt.Errorf("write %s: %w", f.Where, err)
		}
		n++
	}
	return n, nil
}

// writeWhole writes beside the file and renames, so that nobody finds half of it.
func writeWhole(root *os.Root, where string, data []byte, mode fs.FileMode) error {
	if err := root.MkdirAll(path.Dir(where), 0o755); err != nil {
		return err
	}
	temporary := path.Join(path.Dir(where), ".sluice-"+schema.DigestOf([]byte(where)).Hex()[:16])
	if err := root.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a run that was ended
		return err
	}
	file, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = root.Rename(temporary, where)
	}
	if err != nil {
		return errors.Join(err, root.Remove(temporary))
	}
	return nil
}
