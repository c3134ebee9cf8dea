package reconciler

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// pass is what one pass knows: one moment, one view of the refs, one ledger, one set of rules.
type pass struct {
	*Reconciler
	now    time.Time
	refs   map[string]schema.Hash // of the configuration repository; nil when they could not be fetched
	ledger *ledger.Ledger
	rules  *rules

	landings  map[schema.Hash]landingsAnswer // the forge's answers of this pass
	approvals *[]approvalTag                 // by signature, once they were read
	// guardRails are those at the forge, once a gate asked for them.
	guardRails *guardsAnswer
	// instances are what runs where, once a gate asked for it.
	instances map[schema.Cell]*schema.Consumers
	open      *openedAnswer                  // of the forge's open merge requests, once they were asked for
	merged    int                            // merge requests that this pass merged
	statuses  map[int64]*schema.MergeRequest // by number, with their jobs, once a gate asked for them

	stretches map[stretch]int // how many apps change in each, once a gate asked

	marks  map[string][]byte // by target, the checkpoints that they keep; those that did not answer are not in it
	forged int               // marks that no log key signed
	noMark map[string]error  // of targets that did not answer when they were asked for theirs

	driftTold map[deliveryKey]schema.Digest // drift that the ledger told last, once it was asked for

	sealed map[int64]map[schema.Cell]ledger.SealedCell // by the entry that did, once they were asked for

	// added are the stages that a control change of this pass brought, with the commit that did.
	added map[schema.StageName]schema.Hash

	// regrouped is the entry before which revisions are computed again, where that is later than the ledger says.
	regrouped int64
}

type landingsAnswer struct {
	requests []schema.MergeRequest
	err      error
}

func (r *Reconciler) newPass() *pass {
	return &pass{
		Reconciler: r, now: r.cfg.Now().UTC().Truncate(time.Millisecond), landings: map[schema.Hash]landingsAnswer{},
		added: map[schema.StageName]schema.Hash{},
	}
}

// begin fetches, opens the ledger and reads the rules in force. A pass is returned beside an error when the targets can
// still be kept equal to what was admitted.
func (r *Reconciler) begin(ctx context.Context) (*pass, error) {
	p := r.newPass()
	before := r.known
	fetchErr := p.fetch(ctx)
	if errors.Is(fetchErr, ErrDoubt) {
		return nil, fetchErr
	}
	if r.known == nil && fetchErr != nil {
		r.recall(ctx)
		if r.known == nil {
			return nil, fetchErr
		}
	}
	if r.known == nil {
		if err := p.genesis(ctx); err != nil {
			return nil, err
		}
	}
	p.ledger = r.known
	rules, err := r.rulesInForce(ctx, p.ledger)
	if err != nil {
		return nil, err
	}
	p.rules = rules
	if err := p.checkSigner(); err != nil {
		return nil, err
	}
	if fetchErr == nil {
		if err := p.askFirst(ctx); err != nil {
			r.forget(before)
			return nil, err
		}
	}
	if err := errors.Join(p.useKeys(), p.keepAll(ctx)); err != nil {
		return nil, err
	}
	if fetchErr != nil {
		return p, fetchErr
	}
	return p, errors.Join(r.writeMark(p.ledger.Tip()), p.checkClock())
}

// forget goes back to the ledger that was known before one that a witness refused, with all that was learned from that.
func (r *Reconciler) forget(before *ledger.Ledger) {
	r.known, r.rules, r.kept = before, nil, map[string]string{}
}

// fetch reads the refs and the ledger's tip. The ledger may only grow: a tip that does not extend the last good one is
// doubt. Where a target knows more it looks once more: another reconciler may have been at work between the two looks.
func (p *pass) fetch(ctx context.Context) (err error) {
	ctx, span := phase(ctx, "fetch")
	defer func() { span.end(err) }()
	err = p.fetchOnce(ctx)
	if errors.Is(err, errMarkAhead) {
		err = p.fetchOnce(ctx)
	}
	return err
}

func (p *pass) fetchOnce(ctx context.Context) error {
	refs, err := p.cfg.Repository.Fetch(ctx)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", p.cfg.Name, err)
	}
	ledgerRefs := refs
	if p.cfg.Ledger != p.cfg.Repository {
		if ledgerRefs, err = p.cfg.Ledger.Fetch(ctx); err != nil {
			return fmt.Errorf("fetch the ledger: %w", err)
		}
	}
	if err := p.extend(ctx, ledgerRefs[p.cfg.LedgerRef]); err != nil {
		return err
	}
	p.refs = refs
	return nil
}

// extend replaces the known ledger by the one at tip if that is a later state of the same.
func (p *pass) extend(ctx context.Context, tip schema.Hash) error {
	r := p.Reconciler
	mark, err := r.readMark()
	if err != nil {
		return err
	}
	if r.known != nil && r.known.Tip() == tip {
		return p.holdMarks(ctx, r.known)
	}
	if !mark.IsZero() && mark != tip {
		ok := false
		if !tip.IsZero() {
			if ok, err = r.cfg.Ledger.IsAncestor(ctx, mark, tip); err != nil {
				return fmt.Errorf("compare the ledger with the last one seen: %w", err)
			}
		}
		if !ok {
			return &ledger.Doubt{Code: ledger.LogRollback, Err: fmt.Errorf("ledger at %s does not extend %s, the last one seen", short(tip), mark.Short())}
		}
	}
	if tip.IsZero() {
		return nil // not sealed yet
	}
	opened, err := r.openLedger(ctx, tip)
	if err != nil {
		return err
	}
	if err := p.holdMarks(ctx, opened); err != nil {
		return err
	}
	r.known = opened
	if !r.watched.asked {
		return nil // it is not remembered before a witness could have refused it
	}
	return r.writeMark(tip)
}

// recall opens the ledger where this machine last saw it, so that a start goes on repairing drift while the repository is
// away. What another reconciler admitted meanwhile is safe: targets refuse what is older than they have.
func (r *Reconciler) recall(ctx context.Context) {
	mark, err := r.readMark()
	if err == nil && !mark.IsZero() {
		var opened *ledger.Ledger
		if opened, err = r.openLedger(ctx, mark); err == nil {
			r.known = opened
		}
	}
	if err != nil && ctx.Err() == nil {
		r.cfg.Log.Warn("the ledger last seen was not opened", "error", err)
	}
}

func (r *Reconciler) openLedger(ctx context.Context, tip schema.Hash) (*ledger.Ledger, error) {
	project, err := ledger.Origin(ctx, r.cfg.Ledger, tip)
	if err != nil {
		return nil, fmt.Errorf("open the ledger at %s: %w", short(tip), err)
	}
	opened, err := ledger.Open(ctx, r.cfg.Ledger, tip, r.ledgerOptions(project))
	return opened, r.explainSigner(ctx, tip, err)
}

// checkClock refuses to decide with a clock that runs before the ledger (RULES R37).
func (p *pass) checkClock() error {
	head := p.ledger.Head()
	return clockAfter(p.now, head.Size, head.At)
}

func clockAfter(now time.Time, seq int64, last time.Time) error {
	if !now.Before(last) {
		return nil
	}
	return fmt.Errorf("clock reads %s, which is before entry #%d of %s: %w", now.Format(time.RFC3339), seq, last.Format(time.RFC3339), ErrClock)
}

// The high-water mark is the last ledger tip this machine saw. Losing the file loses the memory of one machine, no proof.
func (r *Reconciler) markFile() string { return filepath.Join(r.cfg.StateDir, "ledger-seen") }

func (r *Reconciler) readMark() (schema.Hash, error) {
	if err := r.marked(); err != nil {
		return schema.Hash{}, err
	}
	data, err := os.ReadFile(r.markFile())
	if errors.Is(err, os.ErrNotExist) {
		return schema.Hash{}, nil
	}
	if err != nil {
		return schema.Hash{}, fmt.Errorf("read the last ledger position seen: %w", err)
	}
	h, err := schema.ParseHash(strings.TrimSpace(string(data)))
	if err != nil {
		return schema.Hash{}, fmt.Errorf("read %s: %w", r.markFile(), err)
	}
	return h, nil
}

func (r *Reconciler) writeMark(tip schema.Hash) error {
	if mark, err := r.readMark(); tip.IsZero() || err == nil && mark == tip {
		return nil
	}
	return r.putMark(tip)
}

// markSoon is writeMark while the pass goes on. A crash meanwhile leaves the mark before, which the ledger extends.
func (r *Reconciler) markSoon(tip schema.Hash) {
	before := r.marking
	r.marking = make(chan error, 1)
	go func(done chan<- error) {
		var err error
		if before != nil {
			err = <-before
		}
		done <- errors.Join(err, r.putMark(tip))
	}(r.marking)
}

// marked waits until the mark is on the disk.
func (r *Reconciler) marked() error {
	if r.marking == nil {
		return nil
	}
	err := <-r.marking
	r.marking = nil
	return err
}

func (r *Reconciler) putMark(tip schema.Hash) error {
	if err := replaceFile(r.markFile(), []byte(tip.String()+"\n")); err != nil {
		return fmt.Errorf("remember the ledger position: %w", err)
	}
	return nil
}

func short(h schema.Hash) string {
	if h.IsZero() {
		return "nothing"
	}
	return h.Short()
}
