package schema

import "time"

// CommitInfo is the part of a commit that the shape of history follows from.
type CommitInfo struct {
	ID      Hash
	Tree    Hash
	Parents []Hash
	Time    time.Time // the committer's clock: for display, never for a decision
}

// TreeEntry is one name in a Git tree.
type TreeEntry struct {
	Name string
	Mode string // as in the tree: 40000, 100644, 100755, 120000, 160000
	ID   Hash
}

// IsTree reports whether the entry is a directory.
func (e TreeEntry) IsTree() bool { return e.Mode == "40000" }

// TreeChange is a path that differs between two trees. A side that does not exist has the zero entry.
type TreeChange struct {
	Path string
	Old  TreeEntry
	New  TreeEntry
}
