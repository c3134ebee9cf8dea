// Package reconciler decides which changes may enter a stage and keeps targets equal to what was let in.
//
// [Reconciler.Pass] runs the two loops once: Admit judges what is new in Git and records the verdicts in the ledger,
// Converge makes the targets equal to what the ledger says was admitted. README.md says why they are two.
package reconciler

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/journal"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
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
	// forgeless says in what way the forge was not read in the last pass that asked; empty where it was.
	forgeless string
	undecided undecided
	above     map[schema.Cell]schema.AboveView // what the judge passed over last, by the cell with a held change below it
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
	plain        *schema.View // what the ledger alone says, of the tip that was shown last
	spans        *spans
	past         *journal.Fold // what the page tells of the past
	pulse        schema.Pulse
	// inForce is rules for the goroutines that watch.
	inForce atomic.Pointer[rules]
	ruled   chan struct{} // closed when the first are known

	silent     map[string]silence      // by target, those that did not answer
	unread     map[deliveryKey]failure // why a cell that was compared last was not read or written at a target
	comparedAt time.Time               // when everything was compared last, at those targets that answered
	questions  questions
	fights     map[deliveryKey]fight
	differs    map[deliveryKey]int           // keys that would change where nothing is written
	reported   map[deliveryKey]schema.Digest // drift that is told and left
	strangers  map[deliveryKey][]string      // keys beside ours that were found last
	// unreadMarks is why checkpoints at targets could not be read, as it was logged last.
	unreadMarks string

	sieves sieves

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
		cfg: cfg, spool: s, down: map[deliveryKey]time.Time{}, told: map[string]bool{}, refused: map[string]int64{}, unproposed: map[schema.Cell]unproposed{}, undecided: undecided{}, above: map[schema.Cell]schema.AboveView{}, outrun: map[string]schema.Hash{}, proposing: turns{}, merging: turns{}, dirty: map[schema.Cell]bool{}, kept: map[string]string{},
		looked: map[schema.StageName]int64{}, fleet: map[schema.Cell]*schema.InstancesView{}, fights: map[deliveryKey]fight{}, differs: map[deliveryKey]int{}, reported: map[deliveryKey]schema.Digest{},
		strangers: map[deliveryKey][]string{}, silent: map[string]silence{}, unread: map[deliveryKey]failure{}, contested: map[schema.Cell]bool{},
	}
	r.ruled = make(chan struct{})
	r.questions.back = make(chan struct{}, 1)
	r.spans = &spans{tracer: cfg.Tracer, project: cfg.Name, now: &atomic.Pointer[trace]{}}
	r.cfg.Log = traced(r.cfg.Log, r.spans.now)
	r.recallCosigned()
	return r, nil
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
