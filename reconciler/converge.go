package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// deliveryKey names one cell at one target.
type deliveryKey struct {
	cell   schema.Cell
	target string
}

// chunk is how many cells a target is asked about at once: a target that writes neighbours together wants to see all of a
// stage, whatever their order.
const chunk = 1 << 16

// maxCompareGap is the longest time between two full comparisons, whatever they cost.
const maxCompareGap = 5 * time.Minute

// converge makes the targets equal to what was admitted and records what was read back. A failing target never blocks the
// others; while the ledger cannot be reached, what happened is spooled and drift repair goes on (RULES R34).
func (p *pass) converge(ctx context.Context, report *Report) (err error) {
	ctx, span := phase(ctx, "converge")
	defer func() { span.end(err) }()
	began, full := p.cfg.Now(), p.fullIsDue()
	dirty := p.takeDirty()
	states, err := p.comparable(ctx, full, dirty)
	if err != nil {
		for cell := range dirty {
			p.Wake(cell)
		}
		return err
	}
	defer p.spool.keepNoted() // what this pass could not tell
	var d deliveries
	jobs := p.plan(ctx, states, full, dirty, &d)
	p.forgetDiffers(jobs, full)
	p.forgetUnread(jobs, full)
	p.unmade(&d)
	if err := errors.Join(d.errs...); errors.Is(err, ErrDoubt) {
		return err // whatever comes after could be another ledger's
	}
	early := p.deliver(ctx, report, jobs, &d)
	if err := errors.Join(d.errs...); errors.Is(err, ErrDoubt) {
		return err
	}
	if full {
		p.full, p.fullTook = p.now, p.cfg.Now().Sub(began)
		p.comparedNow(jobs)
	}
	report.Drifted, report.Failed = report.Drifted+d.drifted, d.failed
	return errors.Join(append(d.errs, early, p.recordDeliveries(ctx, report, d.entries))...)
}

// fullIsDue spends at most a twentieth of the time on comparing everything, and compares at least every five minutes;
// between, what watching woke and what is pending is compared.
func (p *pass) fullIsDue() bool {
	gap := p.cfg.CompareEvery
	if gap == 0 {
		gap = min(20*p.fullTook, maxCompareGap)
	}
	since := p.now.Sub(p.full)
	return p.full.IsZero() || since < 0 || since >= gap // a clock that was set back does not put it off
}

// job is one cell at one target.
type job struct {
	state   ledger.State
	target  schema.StageTarget
	release integrations.Release
	taken   int64 // the control entry by which the target was taken up last
	silent  bool  // what comes of it is not recorded: it is a fight that the ledger knows of
	ours    bool  // what differs is what sluice itself wrote before the target was taken up
}

func (j job) key() deliveryKey {
	return deliveryKey{schema.Cell{Stage: j.state.Stage, App: j.state.App}, j.target.Name}
}

// comparable are the cells of which some may have to be compared: all of them, or where only what is pending counts, these.
func (p *pass) comparable(ctx context.Context, full bool, dirty map[schema.Cell]bool) ([]*ledger.State, error) {
	stages := p.stages()
	if !full && len(dirty) == 0 && len(p.down) == 0 {
		return p.sieves.pending.pick(ctx, p.ledger, p.rules.seq, func(s *ledger.State) bool {
			return slices.ContainsFunc(stages[s.Stage].Targets, func(t schema.StageTarget) bool { return p.behind(s, t.Name) })
		})
	}
	shards, err := p.ledger.Shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the ledger's state: %w", err)
	}
	var out []*ledger.State
	for _, shard := range shards {
		for i := range shard.States {
			out = append(out, &shard.States[i])
		}
	}
	return out, nil
}

func (p *pass) stages() map[schema.StageName]schema.Stage {
	stages := map[schema.StageName]schema.Stage{}
	for _, s := range p.rules.project.Stages {
		stages[s.Name] = s
	}
	return stages
}

// toCompare is a cell and the targets at which it has to be compared.
type toCompare struct {
	state   *ledger.State
	targets []schema.StageTarget
}

// plan lists what has to be compared, by target.
func (p *pass) plan(ctx context.Context, states []*ledger.State, full bool, dirty map[schema.Cell]bool, d *deliveries) map[string][]job {
	var cells []toCompare
	stages := p.stages()
	for _, state := range states {
		stage, ok := stages[state.Stage]
		if !ok || state.Admitted.Seq == 0 {
			continue
		}
		if due := p.due(state, stage, full, dirty); len(due) > 0 && p.rules.has(*state) && deliverable(*state) {
			cells = append(cells, toCompare{state, due})
		}
	}
	jobs := map[string][]job{}
	for part := range slices.Chunk(cells, maxAhead) {
		p.payloadsAhead(ctx, part)
		for _, cell := range part {
			p.planOne(ctx, cell, len(cells), jobs, d)
		}
	}
	return jobs
}

// planOne adds one of so many cells.
func (p *pass) planOne(ctx context.Context, cell toCompare, cells int, jobs map[string][]job, d *deliveries) {
	for _, target := range cell.targets {
		one := job{state: *cell.state, target: target, taken: p.ledger.Head().Control.TakenUp(cell.state.Stage, target.Name)}
		var err error
		if one.release, err = p.release(ctx, *cell.state, target); err != nil {
			d.unmade = append(d.unmade, unmade{one, err})
			continue
		}
		if jobs[target.Name] == nil {
			jobs[target.Name] = make([]job, 0, cells) // they are large: growing would copy them over and over
		}
		jobs[target.Name] = append(jobs[target.Name], one)
	}
}

// due are the targets of a cell that have to be compared.
func (p *pass) due(state *ledger.State, stage schema.Stage, full bool, dirty map[schema.Cell]bool) []schema.StageTarget {
	if p.observes(*state) && !full {
		return nil // nothing is pending where nothing is written; what would change is compared now and then
	}
	if full || len(dirty) > 0 && (dirty[schema.Cell{Stage: state.Stage, App: state.App}] || dirty[schema.Cell{Stage: state.Stage}]) {
		return stage.Targets
	}
	var out []schema.StageTarget
	for _, target := range stage.Targets {
		if p.pending(state, target.Name) {
			out = append(out, target)
		}
	}
	return out
}

// deliveries are what converging one pass comes to.
type deliveries struct {
	entries []ledger.Entry
	drifted int
	failed  int
	errs    []error
	silent  int // of failed, those that nobody answered about
	unmade  []unmade
}

func (d *deliveries) add(more deliveries) {
	d.entries, d.errs = append(d.entries, more.entries...), append(d.errs, more.errs...)
	d.drifted, d.failed, d.silent = d.drifted+more.drifted, d.failed+more.failed, d.silent+more.silent
}

// pending reports whether the admitted content was not read back from the target yet.
func (p *pass) pending(state *ledger.State, target string) bool {
	return p.behind(state, target) ||
		len(p.down) > 0 && !p.down[deliveryKey{schema.Cell{Stage: state.Stage, App: state.App}, target}].IsZero()
}

// behind reports whether the ledger does not know what was admitted last as live at the target, since that was taken up.
func (p *pass) behind(state *ledger.State, target string) bool {
	return state.Live[target].Seq != state.Delivered() || !state.Applied(p.ledger.Head().Control, target)
}

// note puts the drift that was found on disk before it is put back: a crash between the repair and its record loses nothing.
func (p *pass) note(entries []ledger.Entry) {
	drift := slices.DeleteFunc(slices.Clone(entries), func(e ledger.Entry) bool { return e.Kind != ledger.Drift })
	if err := p.spool.note(drift); err != nil {
		p.cfg.Log.Warn("the drift that is put back now is not on disk; a crash before it is recorded loses it", "error", err)
	}
}

func releases(jobs []job) []integrations.Release {
	out := make([]integrations.Release, len(jobs))
	for i, j := range jobs {
		out[i] = j.release
	}
	return out
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
func (p *pass) settled(j job, d *deliveries) {
	if !p.quiet(j.key()) {
		return
	}
	_, down := j.state.Down[j.target.Name]
	live := j.state.Live[j.target.Name]
	if j.release.Applied && live.Seq == j.state.Delivered() && live.Drifted == 0 && !down && !p.spool.repairs(j.key()) {
		delete(p.down, j.key())
		return
	}
	p.applied(j, d)
}

func (p *pass) applied(j job, d *deliveries) {
	delete(p.down, j.key())
	delete(p.reported, j.key())
	e := deliveryEntry(ledger.Apply, j)
	e.Delivery.Result = ledger.ResultOK
	d.entries = append(d.entries, e)
}

// failed records a delivery that did not succeed, once for each reason. A target that only does not answer is given two
// intervals before the cells that were live there count as unverified (RULES R12). That a place has another owner is certain at once.
func (p *pass) failed(j job, err error, d *deliveries) {
	if errors.Is(err, context.Canceled) {
		d.errs = append(d.errs, err)
		return
	}
	d.failed++
	if integrations.Silent(err) {
		d.silent++
	}
	why := failureOf(err, j)
	d.errs = append(d.errs, fmt.Errorf("deliver %s: %w", j.key().cell, err))
	if p.observes(j.state) {
		return // it was only compared
	}
	p.unread[j.key()] = why
	since, known := p.down[j.key()]
	if !known {
		p.down[j.key()], since = p.now, p.now
	}
	if was, ok := j.state.Down[j.target.Name]; ok && why.told(was, j.state.Delivered()) {
		return
	}
	if p.othersReach(j, since) {
		return
	}
	live := j.release.Applied && j.state.Live[j.target.Name].Seq == j.state.Delivered()
	switch {
	case !live:
		e := deliveryEntry(ledger.Apply, j)
		e.Code, e.Delivery.Result, e.Delivery.Refused = why.code, ledger.ResultFailed, why.refused
		d.entries = append(d.entries, e)
	case why.code == integrations.CodeTaken || j.target.Required && p.now.Sub(since) >= 2*p.cfg.Interval:
		e := deliveryEntry(ledger.TargetDown, j)
		e.Code, e.Delivery.Refused = why.code, why.refused
		d.entries = append(d.entries, e)
	}
}

// othersReach reports whether another reconciler read a cell back since this one lost it: the target is not away then, this one's way
// there is, and the two would record the opposite of each other without end. Should the other one have gone meanwhile it is told after
// all, once as much time passed as lay between this one's loss and the other's last word. So the entries grow by the logarithm of the
// time, also where the other is still there. The ledger's times never go back, so whose clock is ahead makes no difference.
func (p *pass) othersReach(j job, since time.Time) bool {
	live := j.state.Live[j.target.Name]
	if live.Seq != j.state.Delivered() || live.Drifted != 0 || live.At.Before(since) || p.now.Equal(since) {
		return false
	}
	return p.now.Sub(live.At) < max(2*p.cfg.Interval, live.At.Sub(since))
}

func deliveryEntry(kind ledger.Kind, j job) ledger.Entry {
	return ledger.Entry{
		Kind: kind, Stage: j.state.Stage, App: j.state.App,
		Delivery: &ledger.Delivery{Target: j.target.Name, Admission: j.state.Delivered(), Content: j.state.Admitted.Content, Taken: j.taken},
	}
}

// recordDeliveries appends what happened, or spools it while the ledger cannot be reached.
func (p *pass) recordDeliveries(ctx context.Context, report *Report, entries []ledger.Entry) error {
	told := entries
	entries = p.spool.news(entries)
	for range 3 {
		if len(entries) == 0 && p.spool.len() == 0 {
			return nil
		}
		at := p.clock()
		err := p.recordAt(ctx, at, report, withoutNow(entries, at), nil)
		if err == nil {
			return p.spool.unnote(told)
		}
		if !errors.Is(err, ErrMoved) {
			return errors.Join(err, p.spool.add(at, entries))
		}
		if entries, err = p.afterOthers(ctx, entries); err != nil {
			return err
		}
	}
	return fmt.Errorf("record %d deliveries: %w", len(entries), ErrMoved)
}

// clock is the time, and never before what this pass or the ledger calls now.
func (p *pass) clock() time.Time {
	at := p.cfg.Now().UTC().Truncate(time.Millisecond)
	for _, floor := range []time.Time{p.now, p.ledger.Head().At} {
		if at.Before(floor) {
			at = floor
		}
	}
	return at
}

// withoutNow leaves out of entries that are recorded as soon as they were observed when that was.
func withoutNow(entries []ledger.Entry, at time.Time) []ledger.Entry {
	out := slices.Clone(entries)
	for i, e := range out {
		if e.ObservedAt != nil && !e.ObservedAt.Before(at) {
			out[i].ObservedAt = nil
		}
	}
	return out
}

// afterOthers reads the ledger that another reconciler wrote meanwhile and leaves out what it has told already.
func (p *pass) afterOthers(ctx context.Context, entries []ledger.Entry) ([]ledger.Entry, error) {
	if err := p.fetch(ctx); err != nil {
		return nil, err
	}
	p.ledger = p.known
	drifted := map[deliveryKey]bool{}
	var out []ledger.Entry
	for _, e := range entries {
		state, _, err := p.ledger.Cell(ctx, e.Cell())
		if err != nil {
			return nil, fmt.Errorf("read the ledger's state of %s: %w", e.Cell(), err)
		}
		key := deliveryKey{e.Cell(), e.Delivery.Target}
		drifted[key] = drifted[key] || e.Kind == ledger.Drift
		_, down := state.Down[e.Delivery.Target]
		told := e.Kind == ledger.Apply && e.Delivery.Result == ledger.ResultOK && !drifted[key] && !down &&
			state.Live[e.Delivery.Target].Seq == e.Delivery.Admission && state.Live[e.Delivery.Target].Taken == e.Delivery.Taken && state.Live[e.Delivery.Target].Drifted == 0
		if state.Delivered() == e.Delivery.Admission && !told {
			out = append(out, e)
		}
	}
	return out, nil
}
