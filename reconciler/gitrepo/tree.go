package gitrepo

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// The modes of a tree's entries beside those of plain files (schema.Regular, schema.Executable).
const (
	ModeTree    = schema.TreeMode
	ModeSymlink = schema.SymlinkMode
	ModeGitlink = schema.GitlinkMode
)

// TreeEntry is schema's, so that the packages that read trees need not know this one.
type TreeEntry = schema.TreeEntry

// The codes of a [TreeError] and a [Problem].
const (
	CodeMalformedTree    schema.Code = "malformed-tree"
	CodeUnsupportedEntry schema.Code = "unsupported-entry"
	CodePathCollision    schema.Code = "path-collision"
	CodeLimitExceeded    schema.Code = "limit-exceeded"
)

// TreeError says that a tree is written as git would not write it, so that two readers might see two different things.
type TreeError struct {
	Tree   schema.Hash
	Path   string // of the entry, below where the walk began
	Code   schema.Code
	Detail string
}

// Error names the tree, the path and the reason.
func (e *TreeError) Error() string {
	return fmt.Sprintf("tree %s: %q: %s [%s]", e.Tree, e.Path, e.Detail, e.Code)
}

// Tree returns the entries of a tree, in git's order. The slice is shared: do not change it. A tree that is not
// strictly well formed is a [TreeError].
func (r *Repo) Tree(ctx context.Context, id schema.Hash) ([]TreeEntry, error) {
	if id.IsZero() {
		return nil, nil
	}
	if entries, ok := r.trees.get(id); ok {
		return entries, nil
	}
	data, err := r.objectOf(ctx, schema.TreeObject, id)
	if err != nil {
		return nil, err
	}
	entries, err := parseTree(id, data, r.limits.Entries)
	if err != nil {
		return nil, err
	}
	r.trees.put(id, entries, int64(len(data)+len(entries)*int(entrySize)))
	return entries, nil
}

const entrySize = 56 // bytes a TreeEntry takes beside its name

func parseTree(id schema.Hash, data []byte, limit int) ([]TreeEntry, error) {
	bad := func(name, detail string) error {
		return &TreeError{Tree: id, Path: name, Code: CodeMalformedTree, Detail: detail}
	}
	names := string(data) // every name is a part of this one string
	entries := make([]TreeEntry, 0, min(len(data)/36+1, limit))
	for at := 0; at < len(data); {
		space := bytes.IndexByte(data[at:], ' ')
		nul := bytes.IndexByte(data[at:], 0)
		if space < 0 || nul < space || len(data)-at-nul-1 < len(schema.Hash{}) {
			return nil, bad("", "cut off")
		}
		e := TreeEntry{Name: names[at+space+1 : at+nul], Mode: modeOf(names[at : at+space])}
		copy(e.ID[:], data[at+nul+1:])
		at += nul + 1 + len(e.ID)
		if e.Mode == "" {
			return nil, bad(e.Name, fmt.Sprintf("mode %.10q", names[at-nul-1-len(e.ID):][:space]))
		}
		if detail := checkEntryName(e.Name); detail != "" {
			return nil, bad(e.Name, detail)
		}
		if len(entries) > 0 && !less(entries[len(entries)-1], e) {
			return nil, bad(e.Name, "out of order or there twice")
		}
		if len(entries) == limit {
			return nil, &TreeError{Tree: id, Path: e.Name, Code: CodeLimitExceeded, Detail: fmt.Sprintf("more than %d entries", limit)}
		}
		entries = append(entries, e)
	}
	if name, ok := twice(entries); ok {
		return nil, bad(name, "both a file and a directory")
	}
	return entries, nil
}

// modeOf returns a mode that git writes, empty for any other.
func modeOf(s string) schema.Mode {
	for _, m := range [...]schema.Mode{schema.Regular, ModeTree, schema.Executable, ModeSymlink, ModeGitlink} {
		if s == string(m) {
			return m
		}
	}
	return ""
}

// less is git's order of names: that of bytes, where a directory's name ends in a slash.
func less(a, b TreeEntry) bool {
	n := min(len(a.Name), len(b.Name))
	if c := strings.Compare(a.Name[:n], b.Name[:n]); c != 0 {
		return c < 0
	}
	return byteAt(a, n) < byteAt(b, n)
}

func byteAt(e TreeEntry, n int) byte {
	if n < len(e.Name) {
		return e.Name[n]
	}
	if e.IsDir() {
		return '/'
	}
	return 0
}

// twice finds a name that is a file and a directory: git's order puts them apart, so neighbours do not show it. It looks
// for the kind that is rarer in the tree.
func twice(entries []TreeEntry) (string, bool) {
	dirs := 0
	for _, e := range entries {
		if e.IsDir() {
			dirs++
		}
	}
	rarer, other := true, schema.Regular
	if dirs > len(entries)/2 {
		rarer, other = false, ModeTree
	}
	for _, e := range entries {
		if e.IsDir() != rarer {
			continue
		}
		if _, ok := find(entries, TreeEntry{Name: e.Name, Mode: other}); ok {
			return e.Name, true
		}
	}
	return "", false
}

func find(entries []TreeEntry, want TreeEntry) (TreeEntry, bool) {
	i := sort.Search(len(entries), func(i int) bool { return !less(entries[i], want) })
	if i < len(entries) && entries[i].Name == want.Name && entries[i].IsDir() == want.IsDir() {
		return entries[i], true
	}
	return TreeEntry{}, false
}

// entryNamed returns the entry of a name, whatever it is.
func entryNamed(entries []TreeEntry, name string) (TreeEntry, bool) {
	if e, ok := find(entries, TreeEntry{Name: name, Mode: schema.Regular}); ok {
		return e, true
	}
	return find(entries, TreeEntry{Name: name, Mode: ModeTree})
}

// Lookup returns what is at a path below a tree; the empty path is the tree itself. Nothing there is no error.
func (r *Repo) Lookup(ctx context.Context, tree schema.Hash, path string) (TreeEntry, bool, error) {
	at := TreeEntry{Mode: ModeTree, ID: tree}
	if path == "" {
		return at, !tree.IsZero(), nil
	}
	if strings.Count(path, "/") > r.limits.Depth {
		return TreeEntry{}, false, fmt.Errorf("look up %.80q: %w", path, ErrLimit)
	}
	walked := ""
	for _, segment := range strings.Split(path, "/") {
		if !at.IsDir() {
			return TreeEntry{}, false, nil
		}
		entries, err := r.Tree(ctx, at.ID)
		if err != nil {
			return TreeEntry{}, false, below(walked, err)
		}
		next, ok := entryNamed(entries, segment)
		if !ok {
			return TreeEntry{}, false, nil
		}
		at, walked = next, join(walked, segment)
	}
	return at, true, nil
}
