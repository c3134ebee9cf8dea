package schema

import (
	"errors"
	"fmt"
	"time"
)

// The modes of a tree's entries beside those of plain files ([Regular], [Executable]).
const (
	TreeMode    Mode = "40000"
	SymlinkMode Mode = "120000"
	GitlinkMode Mode = "160000" // a submodule; its ID is a commit elsewhere
)

// CommitInfo is what walking history needs of a commit. It is read leniently: a commit that the signature check will
// refuse still has parents. A commit is judged by its raw bytes.
type CommitInfo struct {
	ID      Hash
	Tree    Hash
	Parents []Hash
	Time    time.Time // what the committer says; orders a walk and proves nothing
}

// TreeEntry is one name in a tree. The zero TreeEntry is none.
type TreeEntry struct {
	Name string
	Mode Mode
	ID   Hash
}

// IsDir reports whether the entry is a tree.
func (e TreeEntry) IsDir() bool { return e.Mode == TreeMode }

// IsZero reports whether there is no entry.
func (e TreeEntry) IsZero() bool { return e.Mode == "" }

// TreeChange is one path that differs between two trees. Old or New is zero where the path is in one of them only.
type TreeChange struct {
	Path string
	Old  TreeEntry
	New  TreeEntry
}

// String reads `"x": symbolic link [unsupported-entry]`.
func (p Problem) String() string { return fmt.Sprintf("%q: %s [%s]", p.Path, p.Detail, p.Code) }

// What a push may come to beside success; the mirror says it and the loops act on it.
var (
	// ErrMoved says that the ref was not where the push expected it; nothing was written.
	ErrMoved = errors.New("ref has moved")
	// ErrUnknownOutcome says that the connection was lost after a push was sent: read the ref again to know.
	ErrUnknownOutcome = errors.New("outcome of the push unknown")
)
