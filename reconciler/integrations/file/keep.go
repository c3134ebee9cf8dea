package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Without this the reconciler would take the target for one that keeps no marks, and ask it for none.
var _ integrations.Keeper = (*Target)(nil)

const checkpointName = "checkpoint"

// checkpointDir is where a project's checkpoint is kept: <directory>/.sluice/<project>. No stage has a name with a dot, and
// no stage may choose a root there.
func (t *Target) checkpointDir(project string) (string, error) {
	dir := path.Join(ownDir, project)
	if !schema.CheckProjectID(project) {
		return "", &integrations.Error{Target: t.spec.Name, Key: dir, Class: integrations.ErrInvalid, Why: "not the id of a project"}
	}
	return dir, nil
}

// Checkpoint implements [integrations.Keeper].
func (t *Target) Checkpoint(ctx context.Context, project string) ([]byte, error) {
	dir, err := t.checkpointDir(project)
	if err != nil {
		return nil, err
	}
	if err := t.canceled(ctx, dir); err != nil {
		return nil, err
	}
	root, err := t.open(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return t.kept(root, dir)
}

// kept reads the checkpoint; what is no plain file there is none that anybody signed.
func (t *Target) kept(root *os.Root, dir string) ([]byte, error) {
	data, _, err := readFile(root, path.Join(dir, checkpointName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, errNotPlain):
		return []byte{}, nil
	case err != nil:
		return nil, t.fail(dir, err)
	}
	return data, nil
}

// KeepCheckpoint implements [integrations.Keeper]. Writers of one directory take turns; a reader sees the note before or
// the one after.
func (t *Target) KeepCheckpoint(ctx context.Context, project string, signed []byte) (wrote bool, err error) {
	dir, err := t.checkpointDir(project)
	if err != nil {
		return false, err
	}
	root, err := t.open(dir)
	if err != nil {
		return false, err
	}
	defer root.Close()
	if err := root.MkdirAll(dir, 0o755); err != nil {
		return false, t.fail(dir, err)
	}
	unlock, err := lock(ctx, root)
	if err != nil {
		return false, t.fail(dir, err)
	}
	defer unlock()
	have, err := t.kept(root, dir)
	if err != nil {
		return false, err
	}
	write, err := t.spec.Advance(path.Join(dir, checkpointName), project, have, signed)
	if err != nil || !write {
		return false, err
	}
	if err := replace(root, dir, signed); err != nil {
		return false, t.fail(dir, err)
	}
	return true, nil
}

// replace writes the checkpoint beside and puts it in its place in one step.
func replace(root *os.Root, dir string, data []byte) error {
	next, name := path.Join(dir, "next"), path.Join(dir, checkpointName)
	if err := root.RemoveAll(next); err != nil {
		return err
	}
	if err := writeFile(root, next, data, 0o644); err != nil {
		return err
	}
	if info, err := root.Lstat(name); err == nil && info.IsDir() {
		if err := root.RemoveAll(name); err != nil {
			return err
		}
	}
	if err := root.Rename(next, name); err != nil {
		return err
	}
	return syncDirs(root, []string{dir})
}
