// Package reconciler decides which changes may enter a stage and keeps targets equal to what was let in.
//
// [Reconciler.Pass] runs the two loops once: Admit judges what is new in Git and records the verdicts in the ledger,
// Converge makes the targets equal to what the ledger says was admitted. README.md says why they are two.
package reconciler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/journal"
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

// Reconciler runs the loops of one project. Pass must not be called by two goroutines at once; View may be.
type Reconciler struct {
	cfg      Config
	known    *ledger.Ledger // last one opened and found good; never replaced by one that does not extend it
	rules    *rules         // control files in force, by ledger entry
	spool    *spool
	down     map[deliveryKey]time.Time // since when a target did not answer, until the ledger says so
	full     time.Time                 // last full comparison of the targets
	fullTook time.Duration             // how long it took
	made     releaseCache
	tags     tagCache
	told     map[string]bool // what was logged and is still true
	faults   map[string]bool // what went wrong in the last pass that said so
	// refused are branches of ours whose merge request, the number, a person closed.
	refused    map[string]int64
	unproposed map[schema.Cell]unproposed
	// outrun are our own branches, by the head, that the forge cannot merge any more: the target went on.
	outrun map[string]schema.Hash
	// proposing and merging say whose turn it was last.
	proposing, merging turns
	// distrusted is the control entry under which was looked for what rests on compromised keys.
	distrusted int64
	// archiveAt is when is looked next for what is to be archived.
	archiveAt time.Time
	watched   witnesses
	notes     *announced                            // what was said below merge requests; nil until it is read
	guarded   *schema.Guards                        // as last looked at for people
	fleet     map[schema.Cell]*schema.InstancesView // who runs what, as last seen for people
	counting  int                                   // how far the sweep that reads it is
	counted   time.Time                             // when that began
	kept      map[string]string                     // by target, the checkpoint there that the known ledger was found to hold
	former    []formerProject                       // project files that were in force, by the rules' entry
	looked    map[schema.StageName]int64            // by stage, the control entry since which its place was looked through
	// revisedAs are revisions that were recorded under other patterns, by manifest; revisedSince is whose patterns hold.
	revisedAs    map[schema.Digest]schema.Revision
	revisedSince int64
	marking      chan error // see markSoon; nil when nothing is under way
	view         atomic.Pointer[schema.View]
	spans        *spans
	past         *journal.Fold // what the page tells of the past
	pulse        schema.Pulse
	// inForce is rules for the goroutines that watch.
	inForce atomic.Pointer[rules]

	silent    map[string]silence // by target, those that did not answer
	questions questions
	fights    map[deliveryKey]fight
	differs   map[deliveryKey]int           // keys that would change where nothing is written
	reported  map[deliveryKey]schema.Digest // drift that is told and left
	strangers map[deliveryKey]string        // keys beside ours that were logged

	mu        sync.Mutex // guards dirty and contested
	dirty     map[schema.Cell]bool
	contested map[schema.Cell]bool
}

// New checks the configuration and fills the defaults.
func New(cfg Config) (*Reconciler, error) {
	switch {
	case cfg.Repository == nil:
		return nil, errors.New("reconciler: no repository")
	case cfg.Forge == nil:
		return nil, errors.New("reconciler: no forge")
	case cfg.LogKey == nil:
		return nil, errors.New("reconciler: no log key")
	case cfg.Anchor == "":
		return nil, errors.New("reconciler: no trust anchor")
	case cfg.StateDir == "":
		return nil, errors.New("reconciler: no state directory")
	}
	if cfg.Ledger == nil {
		cfg.Ledger = cfg.Repository
	}
	if cfg.LedgerRef == "" {
		cfg.LedgerRef = "refs/heads/sluice/ledger"
	}
	if cfg.Interval <= 0 {
		cfg.Interval = 30 * time.Second
	}
	if cfg.Patience <= 0 {
		cfg.Patience = max(cfg.Interval, 10*time.Second)
	}
	if cfg.Grace <= 0 {
		cfg.Grace = defaultGrace
	}
	if cfg.GuardsEvery == 0 {
		cfg.GuardsEvery = defaultGuardsEvery
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s, err := openSpool(cfg.StateDir)
	if err != nil {
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	r := &Reconciler{
		cfg: cfg, spool: s, down: map[deliveryKey]time.Time{}, told: map[string]bool{}, refused: map[string]int64{}, unproposed: map[schema.Cell]unproposed{}, outrun: map[string]schema.Hash{}, proposing: turns{}, merging: turns{}, dirty: map[schema.Cell]bool{}, kept: map[string]string{},
		looked: map[schema.StageName]int64{}, fleet: map[schema.Cell]*schema.InstancesView{}, fights: map[deliveryKey]fight{}, differs: map[deliveryKey]int{}, reported: map[deliveryKey]schema.Digest{},
		strangers: map[deliveryKey]string{}, silent: map[string]silence{}, contested: map[schema.Cell]bool{},
	}
	r.questions.back = make(chan struct{}, 1)
	r.spans = &spans{tracer: cfg.Tracer, project: cfg.Name, now: &atomic.Pointer[trace]{}}
	r.cfg.Log = traced(r.cfg.Log, r.spans.now)
	r.recallCosigned()
	return r, nil
}

// Report says what one pass found and did; Run and the command turn it into logs and an exit code.
type Report struct {
	Entries  []ledger.Entry // appended, in order
	Held     int            // cells that are held or denied, control included
	Drifted  int            // cells that differed from what was admitted
	Refused  int            // refs that did not move forward
	Failed   int            // deliveries that failed
	AdmitErr error          // admission could not be decided
	ApplyErr error          // a target could not be made equal
}

// Err joins what went wrong.
func (r Report) Err() error { return errors.Join(r.AdmitErr, r.ApplyErr) }

// Pass runs both loops once. Converge runs even if Admit could not find out, unless the ledger is in doubt.
func (r *Reconciler) Pass(ctx context.Context) Report {
	ctx, whole := r.spans.whole(ctx, "pass")
	report := r.pass(ctx)
	if err := r.marked(); err != nil {
		report.ApplyErr = errors.Join(report.ApplyErr, err)
	}
	whole.count("entries", len(report.Entries)).count("held", report.Held).count("drifted", report.Drifted).count("failed", report.Failed)
	took := whole.end(report.Err())
	level := slog.LevelDebug // most passes find nothing new
	if len(report.Entries) > 0 {
		level = slog.LevelInfo
	}
	r.cfg.Log.Log(ctx, level, "passed", "entries", len(report.Entries), "held", report.Held, "drifted", report.Drifted, "failed", report.Failed,
		"duration_ms", took.Milliseconds())
	return report
}

func (r *Reconciler) pass(ctx context.Context) Report {
	var report Report
	p, err := r.begin(ctx)
	if err != nil {
		report.AdmitErr = err
		if p == nil {
			r.publish(ctx, nil, report)
			return report
		}
	} else if err := p.rotate(ctx, &report); err != nil {
		report.AdmitErr = err
	} else if err := p.admit(ctx, &report); err != nil {
		report.AdmitErr = err
	} else if err := p.widen(ctx, &report); err != nil {
		report.AdmitErr = err
	} else if err := p.archive(ctx, &report); err != nil {
		report.AdmitErr = err
	}
	if errors.Is(report.AdmitErr, ErrDoubt) {
		r.publish(ctx, nil, report)
		return report
	}
	if errors.Is(report.AdmitErr, ErrMoved) {
		return report // somebody else decided: what this pass knows is old, the next one looks again
	}
	report.Drifted += p.forged
	report.ApplyErr = p.converge(ctx, &report)
	if err == nil && report.ApplyErr == nil {
		report.ApplyErr = p.askWitnesses(ctx)
	}
	report.Held = p.held(ctx)
	p.afterwards(ctx, report.AdmitErr == nil)
	r.publish(ctx, p, report)
	return report
}

// afterwards is what sluice asks of the forge, and says there, beside its decisions. All of it together has the time that
// passes until the next look: a forge that hangs keeps neither that nor the repair of drift waiting.
func (p *pass) afterwards(ctx context.Context, decided bool) {
	ctx, span := phase(ctx, "afterwards")
	defer span.end(nil) // what goes wrong there is no pass's failure
	ctx, cancel := p.soon(ctx)
	defer cancel()
	p.countInstances(ctx)
	p.lookAtGuards(ctx)
	if decided {
		p.propose(ctx)
		p.mergeAll(ctx)
	}
	p.announce(ctx)
}

// soon ends about when the next pass is due.
func (p *pass) soon(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, p.cfg.Patience)
}

// held counts the cells that wait or were refused, the control cell included.
func (p *pass) held(ctx context.Context) int {
	n := 0
	if p.ledger.Head().Control.Held != nil {
		n++
	}
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return n // the loops have said so
	}
	for i := range states {
		if s := &states[i]; s.Held != nil && p.rules.has(*s) {
			n++
		}
	}
	return n
}

// Wake asks the next pass to compare a cell's targets even if no full comparison is due.
func (r *Reconciler) Wake(cell schema.Cell) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dirty[cell] = true
}

func (r *Reconciler) takeDirty() map[schema.Cell]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.dirty
	r.dirty = map[schema.Cell]bool{}
	return taken
}
