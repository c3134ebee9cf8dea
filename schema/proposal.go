package schema

import "errors"

// Proposal is a merge request that sluice opens in its own name.
type Proposal struct {
	SourceRef, TargetRef string // full names
	Head                 Hash
	Title, Description   string // Markdown in which no text of people acts
	Labels               []string
	Reviewers            []int64 // accounts of the forge
}

// What a forge may come to beside success when it opens or merges one; the forge's client says it and the reconciler acts on it.
var (
	// ErrTryLater: the forge is not ready for it. It is looked at again.
	ErrTryLater = errors.New("not ready yet")
	// ErrNotMergeable: the forge does not merge it as it is, and waiting alone does not help.
	ErrNotMergeable = errors.New("the forge does not merge it")
)
