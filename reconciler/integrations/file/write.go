package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Write implements [integrations.Target]. Writers of one cell take turns; each decides on what it sees in its turn.
func (t *Target) Write(ctx context.Context, want integrations.Release) (integrations.Observation, error) {
	place, err := t.place(want)
	if err != nil {
		return integrations.Observation{}, err
	}
	o := integrations.Observation{Place: t.name(place)}
	if err := t.check(want); err != nil {
		return o, err
	}
	if err := t.canceled(ctx, place); err != nil {
		return o, err
	}
	cell, err := t.openCell(place)
	if err != nil {
		return o, t.fail(place, err)
	}
	defer cell.Close()
	unlock, err := lock(ctx, cell)
	if err != nil {
		return o, t.fail(place, err)
	}
	defer unlock()
	return t.writeLocked(ctx, cell, place, want)
}

func (t *Target) writeLocked(ctx context.Context, cell *os.Root, place string, want integrations.Release) (integrations.Observation, error) {
	have, err := t.observe(ctx, cell, place, want)
	if err != nil || have.Equal && !have.Outdated {
		return have.Observation, err
	}
	if err := t.spec.Permit(want, have.Observation); err != nil {
		return have.Observation, err
	}
	head, err := t.spec.SignHead(integrations.Next(want, false, have.Observation, have.head))
	if err != nil {
		return have.Observation, t.error(place, integrations.ErrInvalid, err)
	}
	generation, err := writeGeneration(cell, want, head)
	if err != nil {
		return have.Observation, t.fail(place, err)
	}
	if err := flip(cell, generation); err != nil {
		return have.Observation, t.fail(place, err)
	}
	after, err := t.observe(ctx, cell, place, want)
	after.Wrote = true
	if err != nil {
		return after.Observation, err
	}
	if !after.Equal {
		return after.Observation, t.error(place, integrations.ErrUnavailable, errors.New("what was read back is not what was written"))
	}
	if err := sweep(cell, generation, have.link); err != nil {
		t.spec.Logger().Warn("left an old generation", "target", t.spec.Name, "place", after.Place, "error", err)
	}
	return after.Observation, nil
}

// check refuses a release whose files are not those that its manifest lists, and paths that cannot be.
func (t *Target) check(want integrations.Release) error {
	if v := t.Fits(want); v.Outcome != schema.Allow {
		return t.error(want.Cell.String(), integrations.ErrInvalid, fmt.Errorf("%s: %s", v.Args["path"], v.Args["why"]))
	}
	if len(want.Manifest) != len(want.Files) {
		return t.error(want.Cell.String(), integrations.ErrInvalid, fmt.Errorf("%d files, %d in the manifest", len(want.Files), len(want.Manifest)))
	}
	for _, f := range want.Manifest {
		if data, ok := want.Files[f.Path]; !ok || schema.DigestOf(data) != f.Digest {
			return t.error(want.Cell.String(), integrations.ErrInvalid, fmt.Errorf("%s is not the file that the manifest names", f.Path))
		}
	}
	return nil
}

// openCell opens the cell's directory, which it makes; dir itself has to be there.
func (t *Target) openCell(place string) (*os.Root, error) {
	root, err := t.open(place)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := root.MkdirAll(path.Join(place, ownDir), 0o755); err != nil {
		return nil, err
	}
	return root.OpenRoot(place)
}

// writeGeneration writes a generation that nobody reads yet, and takes away what it wrote if it cannot finish.
func writeGeneration(cell *os.Root, want integrations.Release, head integrations.Head) (string, error) {
	generation, err := nextGeneration(cell)
	if err != nil {
		return "", err
	}
	if err := cell.Mkdir(generation, 0o755); err != nil {
		return "", err
	}
	if err := fill(cell, generation, want, head); err != nil {
		_ = remove(cell, generation) // the first error says what is wrong; what stays is swept later
		return "", err
	}
	return generation, nil
}

// fill writes the manifest first: whatever stays of a generation that was not finished can be swept.
func fill(cell *os.Root, generation string, want integrations.Release, head integrations.Head) error {
	if err := writeFile(cell, path.Join(generation, manifestName), want.Manifest.Encode(), 0o644); err != nil {
		return err
	}
	dirs := map[string]bool{generation: true, ownDir: true, ".": true}
	for _, f := range want.Manifest {
		name := path.Join(generation, f.Path)
		for dir := path.Dir(name); !dirs[dir]; dir = path.Dir(dir) {
			dirs[dir] = true
		}
		if err := cell.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		if err := writeFile(cell, name, want.Files[f.Path], permissions(f.Mode)); err != nil {
			return err
		}
	}
	if err := describe(cell, generation, want, head); err != nil {
		return err
	}
	return syncDirs(cell, slices.Collect(maps.Keys(dirs)))
}

// describe writes what readers verify a generation with: the head, and the document that it names.
func describe(cell *os.Root, generation string, want integrations.Release, head integrations.Head) error {
	if len(want.Document) > 0 {
		if err := writeFile(cell, path.Join(generation, documentName), want.Document, 0o644); err != nil {
			return err
		}
	}
	raw, err := head.Encode()
	if err != nil {
		return err
	}
	return writeFile(cell, path.Join(generation, headName), raw, 0o644)
}

func permissions(mode schema.Mode) fs.FileMode {
	if mode == schema.Executable {
		return 0o755
	}
	return 0o644
}

// nextGeneration is one more than any there is, so that a name is never used for two contents.
func nextGeneration(cell *os.Root) (string, error) {
	entries, err := fs.ReadDir(cell.FS(), ownDir)
	if err != nil {
		return "", err
	}
	var last uint64
	for _, e := range entries {
		if m := generationLink.FindStringSubmatch(path.Join(ownDir, e.Name())); m != nil {
			n, err := strconv.ParseUint(m[1], 10, 63)
			if err != nil {
				return "", err
			}
			last = max(last, n)
		}
	}
	return fmt.Sprintf("%s/%06d", ownDir, last+1), nil
}

func writeFile(cell *os.Root, name string, data []byte, mode fs.FileMode) error {
	f, err := cell.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDirs(cell *os.Root, dirs []string) error {
	for _, dir := range dirs {
		f, err := cell.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// flip makes a generation the current one, in one step. A current that is no link is moved aside and kept.
func flip(cell *os.Root, generation string) error {
	next := path.Join(ownDir, "next")
	if err := cell.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := cell.Symlink(generation, next); err != nil {
		return err
	}
	if info, err := cell.Lstat(current); err == nil && info.Mode().Type() != fs.ModeSymlink {
		if err := cell.Rename(current, path.Join(ownDir, "displaced-"+path.Base(generation))); err != nil {
			return err
		}
	}
	if err := cell.Rename(next, current); err != nil {
		return err
	}
	return syncDirs(cell, []string{".", ownDir})
}

// sweep deletes, by their manifests, the generations but the current one and the one before it.
func sweep(cell *os.Root, keep ...string) error {
	entries, err := fs.ReadDir(cell.FS(), ownDir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		generation := path.Join(ownDir, e.Name())
		if !e.IsDir() || !generationLink.MatchString(generation) || slices.Contains(keep, generation) {
			continue
		}
		if err := remove(cell, generation); err != nil {
			return fmt.Errorf("sweep %s: %w", generation, err)
		}
	}
	return nil
}

// remove deletes what the manifest of a generation lists, and the directories that this empties. What else is in it
// stays, and a generation whose manifest cannot be read stays whole.
func remove(cell *os.Root, generation string) error {
	data, _, err := readFile(cell, path.Join(generation, manifestName))
	if err != nil {
		return nil //nolint:nilerr // without its inventory nothing is known to be ours
	}
	manifest, err := schema.ParseManifest(data)
	if err != nil {
		return nil //nolint:nilerr // as above
	}
	names := []string{headName, documentName}
	dirs := []string{}
	for _, f := range manifest {
		if checkPath(f.Path) != nil {
			return nil
		}
		names = append(names, f.Path)
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, name := range append(names, manifestName) {
		if err := cell.Remove(path.Join(generation, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	slices.SortFunc(dirs, func(a, b string) int { return len(b) - len(a) })
	for _, dir := range append(slices.Compact(dirs), "") {
		_ = cell.Remove(path.Join(generation, dir)) // fails if something that is not ours is in it
	}
	return nil
}
