package gitrepo

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// Change is schema's. A path that was a file and became a directory is two changes.
type Change = schema.TreeChange

// Diff calls visit for each file that differs, in the order of paths; an error of visit ends it. Equal subtrees are
// never opened, so it costs what changed. A zero hash is the empty tree.
func (r *Repo) Diff(ctx context.Context, oldTree, newTree schema.Hash, visit func(Change) error) error {
	return r.DiffTrees(ctx, oldTree, newTree, func(c Change) (bool, error) {
		if c.Old.IsDir() || c.New.IsDir() {
			return true, nil
		}
		return false, visit(c)
	})
}

// DiffDirs calls visit for each directory that differs at a depth below the trees (1 is an entry of the tree itself),
// and for each file that differs above that depth. What lies below such a directory is not opened: a malformed tree
// there is found by whoever reads the directory, and hides no other.
func (r *Repo) DiffDirs(ctx context.Context, oldTree, newTree schema.Hash, depth int, visit func(Change) error) error {
	return r.DiffTrees(ctx, oldTree, newTree, func(c Change) (bool, error) {
		isDir := c.Old.IsDir() || c.New.IsDir()
		if isDir && segments(c.Path) < depth {
			return true, nil
		}
		return false, visit(c)
	})
}

func segments(path string) int {
	n := 1
	for i := range len(path) {
		if path[i] == '/' {
			n++
		}
	}
	return n
}

// DiffTrees calls visit for each entry that differs, a directory before what is in it; visit says whether to go into
// that directory.
func (r *Repo) DiffTrees(ctx context.Context, oldTree, newTree schema.Hash, visit func(Change) (descend bool, err error)) error {
	w := differ{r: r, visit: visit}
	return w.trees(ctx, "", oldTree, newTree, 0)
}

type differ struct {
	r     *Repo
	visit func(Change) (bool, error)
}

func (w differ) trees(ctx context.Context, path string, oldTree, newTree schema.Hash, depth int) error {
	if oldTree == newTree {
		return nil
	}
	if depth > w.r.limits.Depth {
		return fmt.Errorf("%s: more than %d directories deep: %w", path, w.r.limits.Depth, ErrLimit)
	}
	before, err := w.r.Tree(ctx, oldTree)
	if err != nil {
		return below(path, err)
	}
	after, err := w.r.Tree(ctx, newTree)
	if err != nil {
		return below(path, err)
	}
	for len(before) > 0 || len(after) > 0 {
		var c Change
		switch {
		case len(after) == 0 || (len(before) > 0 && less(before[0], after[0])):
			c.Old, before = before[0], before[1:]
		case len(before) == 0 || less(after[0], before[0]):
			c.New, after = after[0], after[1:]
		default:
			c.Old, c.New, before, after = before[0], after[0], before[1:], after[1:]
		}
		if c.Old.ID == c.New.ID && c.Old.Mode == c.New.Mode {
			continue
		}
		if err := w.entry(ctx, path, c, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w differ) entry(ctx context.Context, path string, c Change, depth int) error {
	name := c.Old.Name
	if name == "" {
		name = c.New.Name
	}
	c.Path = join(path, name)
	descend, err := w.visit(c)
	if err != nil || !descend || !(c.Old.IsDir() || c.New.IsDir()) {
		return err
	}
	return w.trees(ctx, c.Path, c.Old.ID, c.New.ID, depth+1)
}

// Walk calls visit for each entry below a tree, a directory before what is in it; visit says whether to go into that
// directory.
func (r *Repo) Walk(ctx context.Context, tree schema.Hash, visit func(path string, e TreeEntry) (descend bool, err error)) error {
	return r.DiffTrees(ctx, schema.Hash{}, tree, func(c Change) (bool, error) { return visit(c.Path, c.New) })
}
