package schema

import "time"

// GivenApproval is an approval with what Git says of the version it was given on, for one cell. It is counted, or not,
// by the approvals policy.
type GivenApproval struct {
	By Account   `json:"by"`
	At time.Time `json:"at,omitzero"` // zero: the forge does not say
	// Version is the newest version when it was given; zero if none was older than At (an equal time is not older).
	Version int64 `json:"version,omitempty"`
	Head    Hash  `json:"head,omitzero"` // head of that version
	// From and To are the cell's content at the merge base and at the head of that version.
	From Content `json:"from,omitempty"`
	To   Content `json:"to,omitempty"`
}

// Problem is a file of a cell that cannot be configuration: a symbolic link, two paths that collide, a broken tree.
type Problem struct {
	Path   string `json:"path"` // relative to the app
	Code   Code   `json:"code"`
	Detail string `json:"detail,omitempty"`
}
