package gitlabtest

import (
	"bytes"

	"github.com/sluice-gitops/sluice/schema"
)

const folderMode = "40000"

// rawEntry is an entry of a tree, but for its name.
type rawEntry struct{ mode, id string }

// entries reads a loose tree; the tree "" has none. It says false where only git can read it.
func (r repository) entries(tree string) (map[string]rawEntry, bool) {
	out := map[string]rawEntry{}
	if tree == "" {
		return out, true
	}
	kind, data, ok := r.object(tree)
	for len(data) > 0 {
		head, rest, cut := bytes.Cut(data, []byte{0})
		mode, name, named := bytes.Cut(head, []byte{' '})
		if !cut || !named || len(rest) < len(schema.Hash{}) {
			return nil, false
		}
		id := schema.Hash(rest[:len(schema.Hash{})])
		out[string(name)] = rawEntry{string(mode), id.String()}
		data = rest[len(id):]
	}
	return out, ok && kind == schema.TreeObject
}

// filesBetween counts the files that differ between two trees. It says false where one is gone, which may be half of a rename,
// and where only git can read.
func (r repository) filesBetween(from, to string) (n int, plain bool) {
	before, ok := r.entries(from)
	after, okay := r.entries(to)
	if !ok || !okay {
		return 0, false
	}
	for name := range before {
		if _, stays := after[name]; !stays {
			return 0, false
		}
	}
	for name, is := range after {
		was, there := before[name]
		switch {
		case was == is:
		case there && (was.mode == folderMode) != (is.mode == folderMode):
			return 0, false
		case is.mode == folderMode:
			below, plain := r.filesBetween(was.id, is.id)
			if n += below; !plain {
				return 0, false
			}
		default:
			n++
		}
	}
	return n, true
}
