package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// plainDir is where the files lie of a cell that was left.
const plainDir = "files"

// Leave implements [integrations.Leaver]. Readers of current see the same files before and after, and never nothing: they are
// copied beside the generations, current moves in one step, and only then what is ours goes. One that was interrupted is done
// again.
func (t *Target) Leave(ctx context.Context, want integrations.Release, write bool) (out integrations.Leaving, err error) {
	place, err := t.place(want)
	if err != nil {
		return out, err
	}
	root, err := t.open(place)
	if err != nil {
		return out, err
	}
	defer root.Close()
	cell, err := root.OpenRoot(place)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return out, t.fail(place, err)
	}
	defer cell.Close()
	if _, err := cell.Lstat(ownDir); errors.Is(err, fs.ErrNotExist) {
		return out, nil // never ours, or left already
	}
	if write {
		unlock, err := lock(ctx, cell)
		if err != nil {
			return out, t.fail(place, err)
		}
		defer unlock()
	}
	have, err := t.observe(ctx, cell, place, want)
	if err == nil {
		err = t.mayLeave(place, want, have)
	}
	if err != nil {
		return out, err
	}
	out = integrations.Leaving{Plain: []string{path.Join(place, "current")}, Goes: []string{path.Join(place, ownDir)}}
	if write {
		err = t.leaveLocked(cell, place, have)
	}
	return out, err
}

// mayLeave refuses what is not ours to leave.
func (t *Target) mayLeave(place string, want integrations.Release, have found) error {
	switch {
	case have.Holder == integrations.Another:
		return t.error(place, integrations.ErrTaken, fmt.Errorf("the place belongs to project %q, this is %q", have.Project, want.Project))
	case !generationLink.MatchString(have.link) && have.link != plainDir:
		return t.error(place, integrations.ErrForeign, fmt.Errorf("current is not what sluice made: put it back, or remove %s by hand", ownDir))
	}
	return nil
}

func (t *Target) leaveLocked(cell *os.Root, place string, have found) error {
	if generationLink.MatchString(have.link) {
		if err := copyPlain(cell, have.link); err != nil {
			return t.fail(place, err)
		}
	}
	if err := sweep(cell); err != nil {
		return t.fail(place, err)
	}
	_ = cell.Remove(path.Join(ownDir, "lock"))
	_ = cell.Remove(ownDir) // stays if something in it is not ours
	return nil
}

// copyPlain makes current a directory that holds a generation's files and nothing of ours.
func copyPlain(cell *os.Root, generation string) error {
	if err := cell.Mkdir(plainDir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	have, err := list(cell, generation)
	if err != nil {
		return err
	}
	dirs := map[string]bool{plainDir: true}
	for _, f := range have {
		if isOwn(f.Path) {
			continue
		}
		data, _, err := readFile(cell, path.Join(generation, f.Path))
		if err != nil {
			return err
		}
		name := path.Join(plainDir, f.Path)
		if err := cell.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		dirs[path.Dir(name)] = true
		if err := writePlain(cell, name, data, f.Mode); err != nil {
			return err
		}
	}
	for dir := range dirs {
		if err := syncDirs(cell, []string{dir}); err != nil {
			return err
		}
	}
	return flip(cell, plainDir)
}

// writePlain takes a file that an interrupted copy left for written only if it is the same; what somebody else put there stays.
func writePlain(cell *os.Root, name string, data []byte, mode schema.Mode) error {
	there, _, err := readFile(cell, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return writeFile(cell, name, data, permissions(mode))
	case err != nil:
		return err
	case !slices.Equal(there, data):
		return fmt.Errorf("%s is there and is another file: move it away", name)
	}
	return nil
}
