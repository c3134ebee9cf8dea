package schema

import "time"

// Kind says what a change is. It follows from content digests and the ledger, never from labels or branch names.
type Kind string

// The kinds of change (DESIGN §4). Unclassified is the zero value and is never admitted.
const (
	Unclassified Kind = ""
	Edit         Kind = "edit"     // new content in the first stage
	Promote      Kind = "promote"  // content admitted and live in an allowed predecessor
	Rollback     Kind = "rollback" // content admitted in this stage before
	Tune         Kind = "tune"     // only stage-local files change
	Retire       Kind = "retire"   // the app's absence reaches the last stage
	Override     Kind = "override" // anything else; denied
)

// Side is one end of a change.
type Side struct {
	Revision Revision `json:"revision"`
	Content  Content  `json:"content"`
}

// Change is what a landing does to one cell.
type Change struct {
	Kind   Kind    `json:"kind"`
	Tune   bool    `json:"tune,omitempty"` // stage-local files change as well (or alone, when Kind is Tune)
	From   Side    `json:"from"`
	To     Side    `json:"to"`
	Source *Source `json:"source,omitempty"` // promote: where the revision comes from
	Code   Code    `json:"code,omitempty"`   // override: why it is none of the allowed kinds; or one of those below
	// Files say where each file comes from that changes, where files are promoted alone; Source is the youngest of them then.
	Files []FileSource `json:"files,omitempty"`
}

// What is said of a change of an allowed kind that no stage before has a part in.
const (
	LocalAlone    Code = "local-alone"    // a tune: the app was promoted nowhere that leads here
	NothingBefore Code = "nothing-before" // a promotion or retirement of the app's absence: no stage before has the app
)

// LeavesAlone reports whether the change removes an app that no stage before has, so that no absence comes from there.
func (c Change) LeavesAlone() bool {
	return c.Code == NothingBefore && c.Source == nil && c.To.Revision == None
}

// FileSource is the stage and admission that one promoted file was taken from.
type FileSource struct {
	Path    string    `json:"path"` // relative to the app
	Stage   StageName `json:"stage"`
	Seq     int64     `json:"seq"`               // ledger sequence of the newest admission there that has it, or has it no more
	Removed bool      `json:"removed,omitempty"` // what is promoted is that it is gone
}

// Source is the stage and admission that a promoted revision was taken from.
type Source struct {
	Stage  StageName     `json:"stage"`
	Seq    int64         `json:"seq"`               // ledger sequence of the admission there
	LiveAt time.Time     `json:"live_at,omitempty"` // when it became live there
	Soaked time.Duration `json:"-"`                 // time it has been live there, up to the decision
	// SoakingSince is when the running stretch of soak began; zero while soak does not accrue.
	SoakingSince time.Time `json:"-"`
	Down         bool      `json:"-"` // a required target there cannot be verified at the moment
	LiveSeq      int64     `json:"-"` // ledger sequence of the entry that made it live there
	Observed     bool      `json:"-"` // nothing is written there, so nothing is live, and the stage that it goes to enforces
	LetIn        StageMode `json:"-"` // the mode there that alone let it in; empty where its gate did
	Content      Content   `json:"-"` // what is admitted there: stage-local files make it differ from what is promoted
}

// Landing is how a change arrived on a stage's ref, and how far its content is bound to what people signed.
type Landing struct {
	Ref    string  `json:"ref"`    // full name of the stage's ref
	Base   Hash    `json:"base"`   // position of the ref at which the cell last held admitted content
	Start  Hash    `json:"start"`  // position of the ref just before the landing
	Tip    Hash    `json:"tip"`    // position of the ref that the landing produced
	Method Method  `json:"method"` // how Tip was made
	Head   Hash    `json:"head"`   // the commit people signed whose subtree is the cell's; zero if there is none
	Bound  Binding `json:"bound"`
}

// Method is how a landing was made.
type Method string

// The ways in which commits reach a stage's ref.
const (
	Direct      Method = "direct" // pushed, no merge request
	FastForward Method = "fast-forward"
	MergeCommit Method = "merge"
	Squash      Method = "squash"
	Rebase      Method = "rebase" // rebased by the forge before it landed
)

// Binding says whether the landed subtree is the one that was signed. The zero Binding is not bound.
type Binding struct {
	OK    bool     `json:"ok"`
	Code  Code     `json:"code,omitempty"`  // rebase-needed, evil-merge, squash-mismatch, history-shape, evidence-missing
	Paths []string `json:"paths,omitempty"` // files that differ, relative to the app
}

// CommitVerdict is what the signature check says of one commit.
type CommitVerdict struct {
	Commit    Hash       `json:"commit"`
	Code      Code       `json:"code"` // "ok" or why not
	Principal string     `json:"principal,omitempty"`
	Key       string     `json:"key,omitempty"`      // fingerprint
	Algorithm string     `json:"alg,omitempty"`      // for example ssh-ed25519
	SignedAt  time.Time  `json:"signed_at,omitzero"` // what the signature says; for SSH the committer's time, a sanity bound only
	Payload   Digest     `json:"payload,omitempty"`  // digest of the signed bytes; equal for malleated twins
	Detail    string     `json:"-"`                  // for people; never compared
	Author    Identity   `json:"author"`
	Committer Identity   `json:"-"`
	CoAuthors []Identity `json:"-"`
	Subject   string     `json:"-"` // first line of the message, unverified text
}

// OK reports whether a known person or robot signed the commit.
func (v CommitVerdict) OK() bool { return v.Code == "ok" }

// Identity is a name and an address as somebody wrote them into a commit: a claim, not a proof.
type Identity struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}
