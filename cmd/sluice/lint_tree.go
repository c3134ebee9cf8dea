package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// treeFS is a commit's tree as a file system, so that what lies on a branch is judged as what lies in the checkout is. It follows no link.
type treeFS struct {
	ctx  context.Context // of the command: a file system's methods have none
	repo *gitrepo.Repo
	tree schema.Hash
}

// Open finds an entry by its path.
func (t treeFS) Open(name string) (fs.File, error) {
	inside := name
	if name == "." {
		inside = ""
	}
	e, ok, err := t.repo.Lookup(t.ctx, t.tree, inside)
	switch {
	case err != nil:
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	case !ok && name == ".":
		e = schema.TreeEntry{Mode: gitrepo.ModeTree} // a tree without an entry
	case !ok:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	e.Name = path.Base(name)
	return &treeFile{fs: t, treeInfo: treeInfo{e}}, nil
}

// treeInfo is an entry of a tree as file systems tell of it. Sizes and times no tree has.
type treeInfo struct{ entry schema.TreeEntry }

func (i treeInfo) Name() string               { return i.entry.Name }
func (i treeInfo) IsDir() bool                { return i.entry.IsDir() }
func (i treeInfo) Size() int64                { return 0 }
func (i treeInfo) ModTime() time.Time         { return time.Time{} }
func (i treeInfo) Sys() any                   { return nil }
func (i treeInfo) Type() fs.FileMode          { return i.Mode().Type() }
func (i treeInfo) Info() (fs.FileInfo, error) { return i, nil }

// Mode tells links and submodules from files: nothing is read of them.
func (i treeInfo) Mode() fs.FileMode {
	switch i.entry.Mode {
	case gitrepo.ModeTree:
		return fs.ModeDir | 0o755
	case gitrepo.ModeSymlink:
		return fs.ModeSymlink | 0o777
	case gitrepo.ModeGitlink:
		return fs.ModeIrregular
	case schema.Executable:
		return 0o755
	}
	return 0o644
}

type treeFile struct {
	treeInfo
	fs   treeFS
	data io.Reader
}

func (f *treeFile) Stat() (fs.FileInfo, error) { return f.treeInfo, nil }
func (f *treeFile) Close() error               { return nil }

func (f *treeFile) Read(p []byte) (int, error) {
	if f.data == nil {
		data, err := f.fs.repo.Blob(f.fs.ctx, f.entry.ID)
		if err != nil {
			return 0, err
		}
		f.data = bytes.NewReader(data)
	}
	return f.data.Read(p)
}

// ReadDir lists all entries, whatever number is asked for: [fs.WalkDir] asks for all.
func (f *treeFile) ReadDir(int) ([]fs.DirEntry, error) {
	entries, err := f.fs.repo.Tree(f.fs.ctx, f.entry.ID)
	if err != nil {
		return nil, err
	}
	out := make([]fs.DirEntry, len(entries))
	for i, e := range entries {
		out[i] = treeInfo{e}
	}
	return out, nil
}
