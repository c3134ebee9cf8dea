package ledger

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// item is one name in a tree of the ledger: a plain file or a directory, nothing else.
type item struct {
	name string
	dir  bool
	id   schema.Hash
}

// tree is a directory of the ledger. It is never changed once it is made.
//
// Invariant: sorted as Git sorts, names are unique.
type tree []item

// compareItems orders as Git does: a directory's name counts as if it ended with a slash.
func compareItems(a, b item) int {
	n := min(len(a.name), len(b.name))
	if c := strings.Compare(a.name[:n], b.name[:n]); c != 0 {
		return c
	}
	return cmp.Compare(a.after(n), b.after(n))
}

// after returns the byte at a place of the name as Git sees it; 0 is the end.
func (i item) after(n int) byte {
	switch {
	case n < len(i.name):
		return i.name[n]
	case i.dir:
		return '/'
	}
	return 0
}

func (t tree) find(name string) (item, bool) {
	for _, dir := range []bool{false, true} {
		want := item{name: name, dir: dir}
		at, ok := slices.BinarySearchFunc(t, want, compareItems)
		if ok {
			return t[at], true
		}
	}
	return item{}, false
}

func (t tree) encode() []byte {
	size := 0
	for _, i := range t {
		size += len("100644 ") + len(i.name) + 1 + len(i.id)
	}
	b := make([]byte, 0, size)
	for _, i := range t {
		mode := "100644 "
		if i.dir {
			mode = "40000 "
		}
		b = append(b, mode...)
		b = append(b, i.name...)
		b = append(b, 0)
		b = append(b, i.id[:]...)
	}
	return b
}

func parseTree(data []byte) (tree, error) {
	var t tree
	for len(data) > 0 {
		mode, rest, ok := bytes.Cut(data, []byte(" "))
		name, rest, ok2 := bytes.Cut(rest, []byte{0})
		if !ok || !ok2 || len(rest) < len(schema.Hash{}) {
			return nil, fmt.Errorf("tree is cut off")
		}
		i := item{name: string(name), dir: string(mode) == "40000"}
		if i.name == "" || strings.Contains(i.name, "/") {
			return nil, fmt.Errorf("tree: name %q", name)
		}
		if !i.dir && string(mode) != "100644" {
			return nil, fmt.Errorf("tree: %q has mode %q", name, mode)
		}
		copy(i.id[:], rest)
		data = rest[len(i.id):]
		if len(t) > 0 && compareItems(t[len(t)-1], i) >= 0 {
			return nil, fmt.Errorf("tree: %q is not in its place", name)
		}
		t = append(t, i)
	}
	return t, nil
}

// write puts a blob at a path; the zero id takes away what is there.
type write struct {
	path string
	id   schema.Hash
}

// with returns the tree after the writes of one directory: kids maps names to what replaces them.
func (t tree) with(kids []item) tree {
	slices.SortFunc(kids, compareItems)
	out := make(tree, 0, len(t)+len(kids))
	k := 0
	for _, old := range t {
		for k < len(kids) && compareItems(kids[k], old) < 0 {
			out = appendItem(out, kids[k])
			k++
		}
		if k < len(kids) && compareItems(kids[k], old) == 0 {
			out = appendItem(out, kids[k])
			k++
			continue
		}
		out = append(out, old)
	}
	for ; k < len(kids); k++ {
		out = appendItem(out, kids[k])
	}
	return out
}

func appendItem(t tree, i item) tree {
	if i.id.IsZero() {
		return t
	}
	return append(t, i)
}
