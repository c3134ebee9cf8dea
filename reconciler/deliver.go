package reconciler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// visit is what a pass does at one target: it compares, decides, and writes what differs. Questions and writes run beside
// those of other targets, decisions one at a time.
type visit struct {
	name   string
	target integrations.Target
	parts  [][]job
	d      deliveries
	ended  bool
}

// deliver visits all targets at once: one that does not answer holds none of the others up. What comes of it is joined by the
// names of the targets. The error is that of recording what others came to while one took long.
func (p *pass) deliver(ctx context.Context, report *Report, jobs map[string][]job, d *deliveries) (early error) {
	var visits []*visit
	var works []work
	for _, name := range slices.Sorted(maps.Keys(jobs)) {
		v := &visit{name: name, parts: p.partsOf(name, jobs[name])}
		visits = append(visits, v)
		if v.target = p.cfg.Targets[name]; v.target == nil {
			v.d.errs = append(v.d.errs, fmt.Errorf("target %s of stage %s is not in the operator's file [target-unconfigured]: %w", name, jobs[name][0].state.Stage, integrations.ErrInvalid))
			continue
		}
		if err := p.stillAsked(name); err != nil {
			p.giveUp(v, err) // that is the answer that it is waited for
			continue
		}
		works = append(works, p.compare(ctx, v))
	}
	sideBySide(works, p.cfg.Patience, func() { early = errors.Join(early, p.recordEnded(ctx, report, visits)) })
	p.answered(jobs)
	for _, v := range visits {
		p.heard(v)
		d.add(v.d)
	}
	return early
}

// recordEnded records what the visits came to that have ended, while others go on.
func (p *pass) recordEnded(ctx context.Context, report *Report, visits []*visit) error {
	var entries []ledger.Entry
	for _, v := range visits {
		if errors.Is(errors.Join(v.d.errs...), ErrDoubt) {
			return nil
		}
		if v.ended {
			entries, v.d.entries = append(entries, v.d.entries...), nil
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return p.recordDeliveries(ctx, report, entries)
}

// partsOf cuts the jobs of a target. One that was silent is first asked about a single cell.
func (p *pass) partsOf(name string, jobs []job) [][]job {
	var parts [][]job
	if _, silent := p.silent[name]; len(jobs) > 1 && (silent || p.noMark[name] != nil) {
		parts, jobs = append(parts, jobs[:1]), jobs[1:]
	}
	return slices.AppendSeq(parts, slices.Chunk(jobs, chunk))
}

// ends reports whether the process was told to end: nothing new is begun then.
func (p *pass) ends(ctx context.Context, v *visit) bool {
	if ctx.Err() == nil {
		return false
	}
	v.d.errs = append(v.d.errs, fmt.Errorf("deliver to %s: %w", v.name, ctx.Err()))
	return true
}

// compare asks a target about the next of its cells.
func (p *pass) compare(ctx context.Context, v *visit) work {
	if len(v.parts) == 0 || p.ends(ctx, v) {
		v.ended = true
		return nil
	}
	part := v.parts[0]
	v.parts = v.parts[1:]
	return func() decide {
		asking, span := spanOf(ctx, "compare", v.name, len(part))
		found := integrations.ReadMany(asking, v.target, releases(part))
		span.end(firstError(found))
		return func() work { return p.compared(ctx, v, part, found) }
	}
}

// compared asks once more where a target was taken up again: what differs there may be what sluice wrote under former settings.
func (p *pass) compared(ctx context.Context, v *visit, jobs []job, results []integrations.Result) work {
	asked := p.formers(ctx, jobs, results)
	if len(asked) == 0 {
		return p.judgeFound(ctx, v, jobs, results)
	}
	return func() decide {
		asking, span := spanOf(ctx, "compare", v.name, len(asked))
		askFormers(asking, v.target, asked)
		span.end(nil)
		return func() work {
			byFormer(asked, jobs, results)
			return p.judgeFound(ctx, v, jobs, results)
		}
	}
}

// judgeFound decides about what was found, and writes what differs.
func (p *pass) judgeFound(ctx context.Context, v *visit, jobs []job, results []integrations.Result) work {
	var differ, again []job
	before := len(v.d.entries)
	for i, found := range results {
		if p.observes(jobs[i].state) {
			p.observed(jobs[i], found, &v.d)
			continue
		}
		if err := refusedPlace(v.name, jobs[i].release, found); err != nil {
			p.failed(jobs[i], err, &v.d)
			continue
		}
		p.tellForeign(jobs[i], found.Observation)
		switch {
		case found.Equal:
			p.settled(jobs[i], &v.d)
			if found.Outdated && p.ledger.Head().Signer != nil {
				again = append(again, jobs[i])
			}
		case found.Holder == integrations.Us && found.Seq > jobs[i].release.Seq:
			// Another reconciler is ahead of the ledger as it is known here: nothing of this is drift.
			v.d.errs = append(v.d.errs, fmt.Errorf("deliver %s: entry %d is there, this is entry %d: %w", jobs[i].key().cell, found.Seq, jobs[i].release.Seq, ErrMoved))
		default:
			if p.heals(ctx, &jobs[i], found.Observation, &v.d) {
				if differ == nil {
					differ = make([]job, 0, len(jobs)-i) // jobs are large: growing would copy them over and over
				}
				differ = append(differ, jobs[i])
			}
		}
	}
	if v.silentAtLast(results) {
		return p.giveUp(v, results[len(results)-1].Err)
	}
	if len(differ)+len(again) == 0 {
		return p.compare(ctx, v)
	}
	p.note(v.d.entries[before:])
	return p.write(ctx, v, differ, again)
}

// refusedPlace is why nothing of a place is compared: it could not be read, or it has another owner, whose content is no drift of ours.
func refusedPlace(target string, want integrations.Release, found integrations.Result) error {
	if found.Err != nil || found.Equal {
		return found.Err
	}
	if err := (integrations.Spec{Name: target}).Permit(want, found.Observation); errors.Is(err, integrations.ErrTaken) {
		return err
	}
	return nil
}

// silentAtLast reports whether a target stopped answering, so that there is no use in going on.
func (v *visit) silentAtLast(results []integrations.Result) bool {
	for _, r := range results {
		if !integrations.Silent(r.Err) {
			return false
		}
	}
	return len(results) > 0
}

// giveUp leaves the rest of the cells to the next pass.
func (p *pass) giveUp(v *visit, silent error) work {
	for _, part := range v.parts {
		for _, j := range part {
			p.failed(j, integrations.NotAsked(silent), &v.d)
		}
	}
	v.parts, v.ended = nil, true
	return nil
}

// write writes cells, and those again whose head is signed by a log key that was replaced. Nothing is written beside an older
// checkpoint than that of the ledger which admitted it.
func (p *pass) write(ctx context.Context, v *visit, differ, again []job) work {
	if p.ends(ctx, v) {
		v.ended = true
		return nil
	}
	mark, err := p.keepDue(ctx, v.name)
	if err != nil {
		return p.unkept(ctx, v, differ, err)
	}
	return func() decide {
		ctx, cancel := lasting(ctx, p.cfg.Grace)
		defer cancel()
		writing, span := spanOf(ctx, "write", v.name, len(differ)+len(again))
		err := mark.keep(writing)
		if err != nil && !(mark.alone && errors.Is(err, integrations.ErrFenced)) {
			span.end(err)
			return func() work { return p.unkept(ctx, v, differ, err) }
		}
		wrote := integrations.WriteMany(writing, v.target, releases(differ))
		signed := integrations.WriteMany(writing, v.target, releases(again))
		span.end(errors.Join(firstError(wrote), firstError(signed)))
		return func() work {
			_ = p.keptBy(mark, err)
			p.wrote(v, differ, wrote, again, signed)
			return p.compare(ctx, v)
		}
	}
}

// spanOf begins the span of a question to a target, or of a write there.
func spanOf(ctx context.Context, name, target string, cells int) (context.Context, *span) {
	ctx, begun := part(ctx, name)
	return ctx, begun.text("target", target).count("cells", cells)
}

func firstError(results []integrations.Result) error {
	for _, r := range results {
		if r.Err != nil {
			return r.Err
		}
	}
	return nil
}

// unkept says of cells that they were not written, because the mark beside them was not.
func (p *pass) unkept(ctx context.Context, v *visit, jobs []job, err error) work {
	if errors.Is(err, ErrDoubt) || errors.Is(err, ErrMoved) {
		v.d.errs = append(v.d.errs, fmt.Errorf("deliver to %s: %w", v.name, err))
		return p.compare(ctx, v)
	}
	for _, j := range jobs {
		p.notHealed(j.key())
		p.failed(j, err, &v.d)
	}
	if integrations.Silent(err) {
		return p.giveUp(v, err)
	}
	return p.compare(ctx, v)
}

// wrote records what was read back. Heads that were signed again say what they should: nothing of it is recorded.
func (p *pass) wrote(v *visit, differ []job, wrote []integrations.Result, again []job, signed []integrations.Result) {
	for i, w := range wrote {
		switch {
		case w.Err != nil:
			p.notHealed(differ[i].key())
			p.failed(differ[i], w.Err, &v.d)
		case !differ[i].silent:
			p.applied(differ[i], &v.d)
		}
	}
	for i, w := range signed {
		if w.Err != nil {
			p.failed(again[i], w.Err, &v.d)
		}
	}
}
