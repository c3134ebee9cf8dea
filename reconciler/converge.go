package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// deliveryKey names one cell at one target.
type deliveryKey struct {
	cell   schema.Cell
	target string
}

// converge makes the targets equal to what was admitted and records what was read back. A failing target never blocks the
// others; while the ledger cannot be reached, what happened is spooled and drift repair goes on (RULES R34).
func (p *pass) converge(ctx context.Context, report *Report) error {
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's state: %w", err)
	}
	full := p.full.IsZero() || p.now.Sub(p.full) >= p.cfg.CompareEvery
	dirty := p.takeDirty()
	var d deliveries
	for _, state := range states {
		cell := schema.Cell{Stage: state.Stage, App: state.App}
		stage, ok := p.rules.project.Stage(cell.Stage)
		if !ok || state.Admitted.Seq == 0 {
			continue
		}
		watched := full || dirty[cell] || dirty[schema.Cell{Stage: cell.Stage}]
		for _, target := range stage.Targets {
			if watched || p.pending(state, target.Name) {
				p.deliver(ctx, state, target, &d)
			}
		}
	}
	if full {
		p.full = p.now
	}
	report.Drifted, report.Failed = d.drifted, d.failed
	return errors.Join(append(d.errs, p.recordDeliveries(ctx, report, d.entries))...)
}

// deliveries are what converging one pass comes to.
type deliveries struct {
	entries []ledger.Entry
	drifted int
	failed  int
	errs    []error
}

// pending reports whether the admitted content was not read back from the target yet.
func (p *pass) pending(state ledger.State, target string) bool {
	return state.Live[target].Seq != state.Admitted.Seq || !p.down[deliveryKey{schema.Cell{Stage: state.Stage, App: state.App}, target}].IsZero()
}

// deliver compares one cell at one target and writes it if it differs.
func (p *pass) deliver(ctx context.Context, state ledger.State, target schema.StageTarget, d *deliveries) {
	if !deliverable(state) {
		return
	}
	key := deliveryKey{schema.Cell{Stage: state.Stage, App: state.App}, target.Name}
	t, ok := p.cfg.Targets[target.Name]
	if !ok {
		d.errs = append(d.errs, fmt.Errorf("target %s of stage %s is not in the operator's file: %w", target.Name, state.Stage, integrations.ErrInvalid))
		return
	}
	release, err := p.release(ctx, state, target)
	if err != nil {
		d.errs = append(d.errs, err)
		return
	}
	found, err := t.Read(ctx, release)
	if err == nil && found.Equal {
		p.settled(state, key, d)
		return
	}
	if err == nil {
		p.noteDrift(state, key, found, d)
		if _, err = t.Write(ctx, release); err == nil {
			p.applied(state, key, d)
			return
		}
	}
	p.failed(state, target, key, err, d)
}

// deliverable leaves out cells that never had promoted files: stage-local files may wait prepared (RULES R2).
func deliverable(state ledger.State) bool {
	if state.Admitted.Revision != schema.None {
		return true
	}
	for _, a := range state.Revisions {
		if a.Revision != schema.None {
			return true
		}
	}
	return false
}

// settled records the read-back if the ledger does not know it: after a crash nothing is written again, and the time of the
// apply is that of this reading.
func (p *pass) settled(state ledger.State, key deliveryKey, d *deliveries) {
	delete(p.down, key)
	_, down := state.Down[key.target]
	if state.Live[key.target].Seq == state.Admitted.Seq && !down {
		return
	}
	p.applied(state, key, d)
}

func (p *pass) applied(state ledger.State, key deliveryKey, d *deliveries) {
	delete(p.down, key)
	e := deliveryEntry(ledger.Apply, state, key.target)
	e.Delivery.Result = ledger.ResultOK
	d.entries = append(d.entries, e)
}

// noteDrift records what differed, if it was equal before; the first delivery of a release is no drift.
func (p *pass) noteDrift(state ledger.State, key deliveryKey, found integrations.Observation, d *deliveries) {
	if state.Live[key.target].Seq != state.Admitted.Seq {
		return
	}
	d.drifted++
	e := deliveryEntry(ledger.Drift, state, key.target)
	e.Delivery.Found = found.Digest
	for _, k := range found.Keys {
		e.Delivery.Keys = append(e.Delivery.Keys, ledger.DriftKey(k))
	}
	d.entries = append(d.entries, e)
}

// failed records a delivery that did not succeed, once for each reason. A target that only does not answer is given two
// intervals before the cells that were live there count as unverified (RULES R12).
func (p *pass) failed(state ledger.State, target schema.StageTarget, key deliveryKey, err error, d *deliveries) {
	if ctxEnded(err) {
		d.errs = append(d.errs, err)
		return
	}
	d.failed++
	code := integrations.Code(err)
	d.errs = append(d.errs, fmt.Errorf("deliver %s: %w", key.cell, err))
	since, known := p.down[key]
	if !known {
		p.down[key], since = p.now, p.now
	}
	if was, ok := state.Down[key.target]; ok && was.Code == code {
		return
	}
	live := state.Live[key.target].Seq == state.Admitted.Seq
	switch {
	case !live:
		e := deliveryEntry(ledger.Apply, state, key.target)
		e.Code, e.Delivery.Result = code, ledger.ResultFailed
		d.entries = append(d.entries, e)
	case target.Required && p.now.Sub(since) >= 2*p.cfg.Interval:
		e := deliveryEntry(ledger.TargetDown, state, key.target)
		e.Code = code
		d.entries = append(d.entries, e)
	}
}

func deliveryEntry(kind ledger.Kind, state ledger.State, target string) ledger.Entry {
	return ledger.Entry{
		Kind: kind, Stage: state.Stage, App: state.App,
		Delivery: &ledger.Delivery{Target: target, Admission: state.Admitted.Seq, Content: state.Admitted.Content},
	}
}

// recordDeliveries appends what happened, or spools it while the ledger cannot be reached.
func (p *pass) recordDeliveries(ctx context.Context, report *Report, entries []ledger.Entry) error {
	entries = p.spool.news(entries)
	if len(entries) == 0 && p.spool.len() == 0 {
		return nil
	}
	err := p.record(ctx, report, entries, nil)
	if err == nil {
		return nil
	}
	if spoolErr := p.spool.add(p.now, entries); spoolErr != nil {
		return errors.Join(err, spoolErr)
	}
	return err
}

func ctxEnded(err error) bool {
	return errors.Is(err, context.Canceled)
}
