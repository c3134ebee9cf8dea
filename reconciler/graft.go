package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// grafter makes the trees of a commit that differs from another in one directory. Blobs are taken as they are; what it made
// is in objects.
type grafter struct {
	repo    Trees
	objects []schema.Object
}

// plant makes the tree of a directory with these files; no files are no tree.
func (g *grafter) plant(files schema.Manifest) (schema.Hash, error) {
	if len(files) == 0 {
		return schema.Hash{}, nil
	}
	var entries []schema.TreeEntry
	below := map[string]schema.Manifest{}
	for _, f := range files {
		name, rest, nested := strings.Cut(f.Path, "/")
		switch {
		case nested:
			f.Path = rest
			below[name] = append(below[name], f)
		case f.Blob.IsZero():
			return schema.Hash{}, fmt.Errorf("file %s has no object", f.Path)
		default:
			entries = append(entries, schema.TreeEntry{Name: name, Mode: f.Mode, ID: f.Blob})
		}
	}
	for _, e := range entries {
		if _, both := below[e.Name]; both {
			return schema.Hash{}, fmt.Errorf("%s is a file and a directory", e.Name)
		}
	}
	for name, inside := range below {
		id, err := g.plant(inside)
		if err != nil {
			return schema.Hash{}, err
		}
		entries = append(entries, schema.TreeEntry{Name: name, Mode: schema.TreeMode, ID: id})
	}
	return g.tree(entries), nil
}

// graft returns the tree that has another directory at a path than root has; the zero directory takes it away, and those
// above it that are empty then.
func (g *grafter) graft(ctx context.Context, root schema.Hash, path string, dir schema.Hash) (schema.Hash, error) {
	if path == "" {
		return dir, nil
	}
	var entries []schema.TreeEntry
	if !root.IsZero() {
		var err error
		if entries, err = g.repo.Tree(ctx, root); err != nil {
			return schema.Hash{}, fmt.Errorf("read tree %s: %w", root.Short(), err)
		}
	}
	name, rest, _ := strings.Cut(path, "/")
	at := slices.IndexFunc(entries, func(e schema.TreeEntry) bool { return e.Name == name })
	var below schema.Hash
	if at >= 0 {
		if !entries[at].IsDir() {
			return schema.Hash{}, fmt.Errorf("%s is no directory", name)
		}
		below = entries[at].ID
	}
	below, err := g.graft(ctx, below, rest, dir)
	if err != nil {
		return schema.Hash{}, err
	}
	kept := slices.DeleteFunc(slices.Clone(entries), func(e schema.TreeEntry) bool { return e.Name == name })
	if !below.IsZero() {
		kept = append(kept, schema.TreeEntry{Name: name, Mode: schema.TreeMode, ID: below})
	}
	if len(kept) == 0 {
		return schema.Hash{}, nil
	}
	return g.tree(kept), nil
}

// tree makes a tree object, sorted as Git does: a directory's name counts as if it ended with a slash.
func (g *grafter) tree(entries []schema.TreeEntry) schema.Hash {
	slices.SortFunc(entries, func(a, b schema.TreeEntry) int { return cmp.Compare(sortedAs(a), sortedAs(b)) })
	var data []byte
	for _, e := range entries {
		data = append(data, string(e.Mode)+" "+e.Name+"\x00"...)
		data = append(data, e.ID[:]...)
	}
	made := schema.NewObject(schema.TreeObject, data)
	g.objects = append(g.objects, made)
	return made.ID
}

func sortedAs(e schema.TreeEntry) string {
	if e.IsDir() {
		return e.Name + "/"
	}
	return e.Name
}
