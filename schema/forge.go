package schema

import "time"

// MergeRequest is what the forge says of a merge request. The forge is a witness: it can block, and what it says is frozen
// into the entry that rests on it.
type MergeRequest struct {
	Host      string     `json:"host"`
	ProjectID int64      `json:"project_id"`
	IID       int64      `json:"iid"`
	Title     string     `json:"title"`
	URL       string     `json:"url,omitempty"`
	State     string     `json:"state"` // opened, closed, locked, merged
	Draft     bool       `json:"draft,omitempty"`
	Author    Account    `json:"author"`
	MergedBy  Account    `json:"merged_by,omitzero"`
	CreatedAt time.Time  `json:"created_at"`
	MergedAt  time.Time  `json:"merged_at,omitzero"`
	SourceRef string     `json:"source_ref"` // full ref name
	TargetRef string     `json:"target_ref"` // full ref name
	Head      Hash       `json:"head"`
	MergeSHA  Hash       `json:"merge_commit,omitempty"`
	SquashSHA Hash       `json:"squash_commit,omitempty"`
	Versions  []Version  `json:"versions"`  // newest first
	Approvals []Approval `json:"approvals"` // as the forge tells them; counted by our own rule only
	// Statuses are the jobs on the head, where a gate asked for them; judged by our own rule only.
	Statuses []JobStatus `json:"statuses,omitempty"`
	// UpdatedAt moves with nearly all that happens to it; it is a hint to look again, and no evidence.
	UpdatedAt time.Time `json:"-"`
	AsOf      time.Time `json:"as_of,omitzero"` // the forge's clock when it answered; zero if it did not say (RULES R37)
	Raw       []Raw     `json:"-"`              // the answers this was read from
}

// Version is one push to a merge request's source branch.
type Version struct {
	ID        int64     `json:"id"`
	Head      Hash      `json:"head"`
	Base      Hash      `json:"base"`  // merge base with the target
	Start     Hash      `json:"start"` // target tip when it was made
	CreatedAt time.Time `json:"created_at"`
}

// Account is a forge user, named by number: names can be given to somebody else.
type Account struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
	State    string `json:"state,omitempty"` // active, blocked, deactivated
	Bot      bool   `json:"bot,omitempty"`
	// AccessLevel is the project membership level as the forge numbers it (30 Developer, 40 Maintainer); 0 is no member.
	AccessLevel int `json:"access_level,omitempty"`
}

// Approval is one approval that the forge shows. At is zero when the forge does not say when it was given.
type Approval struct {
	By Account   `json:"by"`
	At time.Time `json:"at,omitzero"`
}

// JobStatus is what one job said of a commit, or what was reported as one. Of a job that ran again the highest ID counts.
type JobStatus struct {
	ID     int64  `json:"id"`
	Commit Hash   `json:"commit"`
	Ref    string `json:"ref"` // as the forge names it: a branch, or refs/merge-requests/N/head
	Name   string `json:"name"`
	State  string `json:"state"`
}

// Raw is one answer of the forge, kept as evidence.
type Raw struct {
	Request string `json:"request"` // method and path, no host, no credential
	Body    []byte `json:"-"`
	Digest  Digest `json:"digest"`
}

// StickyNote is the one note that is kept below a merge request.
type StickyNote struct {
	MergeRequest int64
	ID           int64  // as it was told last; 0 if it is not known
	Marker       string // its first line, by which it is found again, together with its author
	Body         string // with the marker
}

// CommitStatus is what is said of a commit beside its pipelines.
type CommitStatus struct {
	Commit      Hash
	Ref         string // full name of a ref that has the commit
	Name        string
	State       string // pending, success, failed
	Description string // at most 255 letters
	URL         string // where more is told; empty if nowhere
}
