package reconciler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// Targets keep the newest signed checkpoint of the ledger beside what they serve. A pass reads these marks before it
// decides or writes anything, and refuses a ledger that is shorter, or another: whoever cuts its tail off would have to
// change every target too, even where this machine has lost what it saw (THREATS 99, RULES R36). A target that does not
// answer is no evidence either way.

// errMarkAhead: a mark is larger than the ledger. Another reconciler may have written it between two of our questions.
var errMarkAhead = errors.New("a target keeps a checkpoint of a longer ledger")

// keepers are the names of the targets that keep checkpoints, sorted.
func (r *Reconciler) keepers() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r.cfg.Targets)) {
		if _, ok := r.cfg.Targets[name].(integrations.Keeper); ok {
			names = append(names, name)
		}
	}
	return names
}

// readMarks asks all targets at once, so that one that does not answer holds nobody up for longer than itself, and that in
// one pass alone. The error is of those that did not.
func (p *pass) readMarks(ctx context.Context, project string) error {
	var mu sync.Mutex
	var group sync.WaitGroup
	marks, silent, noMark := map[string][]byte{}, []error(nil), map[string]error{}
	for _, name := range p.keepers() {
		ask := p.asking(ctx, name, project)
		group.Go(func() {
			mark, err := ask()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				if integrations.Silent(err) {
					noMark[name] = err
				}
				silent = append(silent, fmt.Errorf("read the ledger's checkpoint at target %s: %w", name, err))
				return
			}
			marks[name] = mark
		})
	}
	group.Wait()
	p.marks, p.noMark = marks, noMark
	for name := range noMark {
		p.unanswered(name, p.silent[name].cells)
	}
	return errors.Join(silent...)
}

// tellUnread logs that checkpoints of the ledger could not be read, once while the reason stays the same.
func (p *pass) tellUnread(err error) {
	if p.unreadMarks == err.Error() {
		return
	}
	p.unreadMarks = err.Error()
	text := "the ledger is compared with no checkpoint that targets keep: none could be read"
	if len(p.marks) > 0 {
		text = "the ledger is compared with the checkpoints of the other targets alone"
	}
	p.cfg.Log.Warn(text, "error", err)
}

// holdMarks checks that the ledger went through every checkpoint that a target keeps.
func (p *pass) holdMarks(ctx context.Context, l *ledger.Ledger) error {
	if err := p.readMarks(ctx, l.Head().Project); err != nil {
		p.tellUnread(err)
	} else {
		p.unreadMarks = ""
	}
	p.forged = 0
	for _, name := range slices.Sorted(maps.Keys(p.marks)) {
		mark := p.marks[name]
		if p.kept[name] == string(mark) {
			continue // the ledger only grows, so what it held once it holds
		}
		before := p.kept[name]
		delete(p.kept, name)
		if mark == nil {
			p.missingMark(name, before)
			continue
		}
		c, err := p.openMark(ctx, l, mark)
		if err != nil {
			p.forged++
			p.cfg.Log.Error("a target's checkpoint of the ledger is not signed by a log key; it is replaced, and proves nothing", "target", name, "code", "mark-altered", "error", err)
			continue
		}
		if err := l.Holds(ctx, c); err != nil {
			if c.Size > l.Checkpoint().Size {
				err = errors.Join(errMarkAhead, err)
			}
			return fmt.Errorf("compare the ledger with the checkpoint that target %s keeps: %w", name, err)
		}
		p.kept[name] = string(mark)
	}
	return nil
}

// missingMark counts a mark that this process knows to have been there.
func (p *pass) missingMark(name, before string) {
	if before == "" {
		return
	}
	p.forged++
	p.cfg.Log.Error("a target's checkpoint of the ledger was deleted; it is put back", "target", name, "code", "mark-altered")
}

// openMark reads a mark by the log keys that are known here and, if none of them signed it, by those that the trust in
// force names: a target that was away may still have the mark of a key that was replaced.
func (r *Reconciler) openMark(ctx context.Context, l *ledger.Ledger, mark []byte) (ledger.Checkpoint, error) {
	c, err := openCheckpoint(mark, l.Head().Project, r.logKeys())
	if err == nil {
		return c, nil
	}
	named, trustErr := namedLogKeys(ctx, l)
	if trustErr != nil {
		return ledger.Checkpoint{}, errors.Join(err, trustErr)
	}
	return openCheckpoint(mark, l.Head().Project, named)
}

func openCheckpoint(signed []byte, project string, lines []string) (ledger.Checkpoint, error) {
	keys, err := ledger.ParseLogKeys(lines)
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	return ledger.OpenCheckpoint(signed, project, keys)
}

// neverSealed refuses to begin a ledger that a target knows already: its branch is gone (THREATS 99). A project begins once,
// so this waits until every target has answered.
func (p *pass) neverSealed(ctx context.Context, s Sealing) error {
	silent := p.readMarks(ctx, s.Project)
	for name, mark := range p.marks {
		c, err := openCheckpoint(mark, s.Project, append(p.logKeys(), s.logKeys...))
		if err == nil && c.Size > 0 {
			return &ledger.Doubt{Code: ledger.LogRollback, Err: fmt.Errorf("there is no ledger, target %s keeps a checkpoint of %d entries", name, c.Size)}
		}
	}
	return silent
}
