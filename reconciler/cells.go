package reconciler

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// maxAppDepth bounds how deep apps may lie, so that a pattern cannot make the walk read a whole repository.
const maxAppDepth = 8

// appRule answers which directories below a stage are apps.
type appRule struct{ schema.AppsRule }

func (a appRule) isApp(path string) bool {
	if len(a.Patterns) > 0 {
		return a.Patterns.MatchApp(schema.App(path))
	}
	return strings.Count(path, "/")+1 == max(a.Depth, 1)
}

// changedApps names the app directories that differ between two trees of a stage. Equal subtrees are never opened. The
// names are as they are in Git; the judge refuses those that are no app names.
func changedApps(ctx context.Context, repo Trees, rule schema.AppsRule, oldTree, newTree schema.Hash) ([]schema.App, error) {
	w := appWalk{ctx: ctx, repo: repo, rule: appRule{rule}}
	if err := w.walk("", oldTree, newTree); err != nil {
		return nil, err
	}
	sort.Slice(w.apps, func(i, j int) bool { return w.apps[i] < w.apps[j] })
	return w.apps, nil
}

type appWalk struct {
	ctx  context.Context
	repo Trees
	rule appRule
	apps []schema.App
}

func (w *appWalk) walk(dir string, oldTree, newTree schema.Hash) error {
	if oldTree == newTree || strings.Count(dir, "/") >= maxAppDepth {
		return nil
	}
	oldEntries, err := w.entries(oldTree)
	if err != nil {
		return err
	}
	newEntries, err := w.entries(newTree)
	if err != nil {
		return err
	}
	oldEntries, newEntries = trimSame(oldEntries, newEntries)
	before, after := directories(oldEntries), directories(newEntries)
	for name, id := range before {
		if _, ok := after[name]; !ok {
			after[name] = schema.Hash{}
		} else if after[name] == id {
			delete(after, name)
		}
	}
	for name, id := range after {
		path := strings.TrimPrefix(dir+"/"+name, "/")
		if w.rule.isApp(path) {
			w.apps = append(w.apps, schema.App(path))
			continue
		}
		if err := w.walk(path, before[name], id); err != nil {
			return err
		}
	}
	return nil
}

// entries reads a tree; the zero tree is empty.
func (w *appWalk) entries(tree schema.Hash) ([]schema.TreeEntry, error) {
	if tree.IsZero() {
		return nil, nil
	}
	entries, err := w.repo.Tree(w.ctx, tree)
	if err != nil {
		return nil, fmt.Errorf("read tree %s: %w", tree.Short(), err)
	}
	return entries, nil
}

// trimSame leaves out what both begin with and what both end with: of ten thousand names mostly all but one.
func trimSame(a, b []schema.TreeEntry) (_, _ []schema.TreeEntry) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

// directories maps the names of directories to their ids.
func directories(entries []schema.TreeEntry) map[string]schema.Hash {
	out := map[string]schema.Hash{}
	for _, e := range entries {
		if e.IsDir() {
			out[e.Name] = e.ID
		}
	}
	return out
}

// subtree returns the tree of a directory at a commit, zero where there is none. An empty path is the whole tree.
func subtree(ctx context.Context, repo Repository, commit schema.Hash, path string) (schema.Hash, error) {
	entry, err := entryAt(ctx, repo, commit, path)
	if err != nil || !entry.IsDir() {
		return schema.Hash{}, err
	}
	return entry.ID, nil
}

// entryAt returns what is at a path of a commit, the zero entry where nothing is.
func entryAt(ctx context.Context, repo Repository, commit schema.Hash, path string) (schema.TreeEntry, error) {
	if commit.IsZero() {
		return schema.TreeEntry{}, nil
	}
	info, err := repo.Commit(ctx, commit)
	if err != nil {
		return schema.TreeEntry{}, fmt.Errorf("read commit %s: %w", commit.Short(), err)
	}
	if path == "" {
		return schema.TreeEntry{Mode: schema.TreeMode, ID: info.Tree}, nil
	}
	entry, ok, err := repo.Lookup(ctx, info.Tree, path)
	if err != nil {
		return schema.TreeEntry{}, fmt.Errorf("look up %s at %s: %w", path, commit.Short(), err)
	}
	if !ok {
		return schema.TreeEntry{}, nil
	}
	return entry, nil
}

// cellFiles is what a cell holds at one position.
type cellFiles struct {
	tree     schema.Hash
	manifest schema.Manifest
	problems []schema.Problem
	side     schema.Side
}

func readCell(ctx context.Context, repo Repository, project schema.Project, tree schema.Hash) (cellFiles, error) {
	c := cellFiles{tree: tree}
	if !tree.IsZero() {
		var err error
		if c.manifest, c.problems, err = repo.Files(ctx, tree); err != nil {
			return cellFiles{}, err
		}
	}
	c.side = schema.Side{Revision: c.manifest.Revision(project.StageLocal), Content: c.manifest.Content()}
	if len(c.problems) > 0 {
		c.side = invalid(tree)
	}
	return c, nil
}

// invalid is a side that equals nothing ever admitted: what cannot be configuration must not look like the part of it
// that can.
func invalid(id schema.Hash) schema.Side {
	return schema.Side{Revision: schema.Revision("invalid:" + id.String()), Content: schema.Content("invalid:" + id.String())}
}

// notADirectory is a cell whose app is a symbolic link, a submodule or a file: refused, and not taken for its removal.
func notADirectory(e schema.TreeEntry) cellFiles {
	problem := schema.Problem{Path: e.Name, Code: "unsupported-entry", Detail: "mode " + string(e.Mode) + " in place of the app's directory"}
	return cellFiles{tree: e.ID, problems: []schema.Problem{problem}, side: invalid(e.ID)}
}

// appsIn lists every app directory of a stage at a tree.
func appsIn(ctx context.Context, repo Trees, rule schema.AppsRule, tree schema.Hash) ([]schema.App, error) {
	return changedApps(ctx, repo, rule, schema.Hash{}, tree)
}

// ChangedCells names the cells that differ between two commits, of the stages that lie on one ref.
func ChangedCells(ctx context.Context, repo Repository, project schema.Project, from, to schema.Hash) ([]schema.Cell, error) {
	var out []schema.Cell
	for _, stage := range project.Stages {
		before, err := subtree(ctx, repo, from, project.Dir(stage))
		if err != nil {
			return nil, err
		}
		after, err := subtree(ctx, repo, to, project.Dir(stage))
		if err != nil {
			return nil, err
		}
		apps, err := changedApps(ctx, repo, project.Apps, before, after)
		if err != nil {
			return nil, err
		}
		for _, app := range apps {
			out = append(out, schema.Cell{Stage: stage.Name, App: app})
		}
		if project.Layout == schema.BranchLayout {
			break // a revision is of one branch; its apps are compared once
		}
	}
	return out, nil
}
