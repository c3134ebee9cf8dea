package reconciler

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// Config is what one project's reconciler works with. Every field without a default is required.
type Config struct {
	Name       string // the repository as people know it, without credentials
	Repository Repository
	// Ledger is the repository that holds the ledger; Repository when it is nil.
	Ledger    Repository
	LedgerRef string // full name; refs/heads/sluice/ledger by default
	Forge     Forge
	Requests  string // address of the forge's merge requests, before their number; empty shows no links
	Guards    Guards // how the forge guards the project; nil: nobody looks, and a gate that asks for it stays shut
	// GuardsEvery is how often people are shown anew how the project is guarded: ten minutes by default, negative never.
	GuardsEvery time.Duration
	Statuses    Statuses // which jobs ran; nil: nobody looked, and a gate that asks for some stays shut
	Targets     map[string]integrations.Target
	Anchor      schema.Digest // digest of trust version 1, from the operator; nothing in the repository can replace it
	LogKey      ledger.Signer
	// NextLogKey, if given, takes LogKey's place as soon as the trust in force names both (RULES R23).
	NextLogKey ledger.Signer
	// HeadKeys are what the targets sign heads with; the reconciler tells them when the log key was replaced. Nil: they
	// go on as they were opened.
	HeadKeys *integrations.LogKeys
	// Witnesses are asked to cosign the ledger's checkpoints, if the trust root names them.
	Witnesses []Witness
	// Election, if given, lets one of several processes work at a time.
	Election Election
	StateDir string // for the spool and the ledger's high-water mark
	// Proposer opens merge requests for promotions, with commits that BotKey signs. Without either, nobody does.
	Proposer Proposer
	BotKey   CommitSigner
	// Merger merges them where a stage says so. Nil: people do.
	Merger Merger
	// Interval is the time between polls; it also says when a silent target counts as down (twice the interval).
	Interval time.Duration
	// Jitter is added to it at random, up to so much, so that many projects do not poll at once.
	Jitter time.Duration
	// CompareEvery is the time between full comparisons of the targets. By default they take at most a twentieth of the
	// time and are at most five minutes apart, so a small project is compared on every pass.
	CompareEvery time.Duration
	// Patience is how long all that is asked of the forge beside decisions may take in a pass, and how long what was done at
	// other targets waits for a slow one until it is recorded: Interval by default, and ten seconds where that is less.
	Patience time.Duration
	// Grace is how long what is being written or recorded may go on after Run was told to end: ten seconds by default.
	Grace  time.Duration
	Now    func() time.Time // time.Now by default
	Log    *slog.Logger     // discards by default
	Tracer Tracer           // is told what passes did and how long it took; nil: nobody is

	Announcer Announcer // is told what to say below merge requests; nil: nothing is said
	Page      string    // address of the status page as people reach it; empty if there is none
}

// Repository is a mirror of a Git repository: what the loops need of it.
type Repository interface {
	ledger.Objects
	Mirror
	History
	Trees
}

// Mirror exchanges objects and refs with the remote.
type Mirror interface {
	// Fetch updates the mirror and returns every branch and sluice tag by full name. After an error nothing changed. A crash
	// before the next one may be as if it had not been.
	Fetch(ctx context.Context) (map[string]schema.Hash, error)
	// FetchCommit makes sure that a commit and its history are here, asking for the refs first.
	FetchCommit(ctx context.Context, id schema.Hash, refs ...string) error
	// Push sends objects and moves ref from old to new, or does nothing. ErrMoved is wrapped when ref is not at old. Afterwards it
	// lasts at the remote, and the mirror can read the objects.
	Push(ctx context.Context, ref string, old, new schema.Hash, objects []schema.Object) error
	// Write puts objects into the mirror alone.
	Write(ctx context.Context, objects []schema.Object) error
	// RemoteRef asks the remote where a ref is now; zero if it has none.
	RemoteRef(ctx context.Context, ref string) (schema.Hash, error)
}

// History answers questions about the graph of commits.
type History interface {
	Commit(ctx context.Context, id schema.Hash) (schema.CommitInfo, error)
	IsAncestor(ctx context.Context, a, b schema.Hash) (bool, error)
	MergeBases(ctx context.Context, a, b schema.Hash) ([]schema.Hash, error)
	// FirstParents walks from tip along first parents down to and including stop; found is false if stop is not met.
	FirstParents(ctx context.Context, tip, stop schema.Hash, limit int) (chain []schema.Hash, found bool, err error)
	// Between returns commits reachable from include and not from exclude, parents before children.
	Between(ctx context.Context, exclude []schema.Hash, include ...schema.Hash) ([]schema.Hash, error)
}

// Trees reads trees and files.
type Trees interface {
	Tree(ctx context.Context, id schema.Hash) ([]schema.TreeEntry, error)
	Lookup(ctx context.Context, tree schema.Hash, path string) (schema.TreeEntry, bool, error)
	Diff(ctx context.Context, oldTree, newTree schema.Hash, visit func(schema.TreeChange) error) error
	Files(ctx context.Context, tree schema.Hash) (schema.Manifest, []schema.Problem, error)
	Blob(ctx context.Context, id schema.Hash) ([]byte, error)
}

// Forge is the witness of merge requests. It can block, and it never alone lets a change in.
type Forge interface {
	// Landings returns the merged merge requests into targetRef that the forge relates to the commit, in full.
	Landings(ctx context.Context, commit schema.Hash, targetRef string) ([]schema.MergeRequest, error)
	// Opened lists the open merge requests.
	Opened(ctx context.Context) ([]schema.MergeRequest, error)
}

// Announcer says below merge requests what a change would do and what it waits for, for people who never use sluice. No
// verdict depends on it. Its errors may say by Code() schema.Code that it may not write this, by OfToken() bool that it may write nothing.
type Announcer interface {
	// MergeRequest returns one in full, whatever its state.
	MergeRequest(ctx context.Context, iid int64) (schema.MergeRequest, error)
	// Note makes a text the body of the one note of ours, and returns its number.
	Note(ctx context.Context, n schema.StickyNote) (int64, error)
	// Status says the same of a commit in one word, and writes nothing where the forge shows that already.
	Status(ctx context.Context, s schema.CommitStatus) error
}

// Errors that callers act on.
var (
	// ErrDoubt means that the ledger itself is in doubt: both loops stop, drift repair too (RULES R36).
	ErrDoubt = ledger.ErrDoubt
	// ErrMoved is wrapped by a push whose ref was moved by somebody else.
	ErrMoved = schema.ErrMoved
	// ErrUnknownOutcome is wrapped by a push that may or may not have arrived.
	ErrUnknownOutcome = schema.ErrUnknownOutcome
	// ErrNotSealed means that there is no genesis entry and no valid request for one.
	ErrNotSealed = errors.New("the project is not sealed yet")
	// ErrClock means that this machine's clock cannot be right (RULES R37).
	ErrClock = errors.New("the clock cannot be right")
)
