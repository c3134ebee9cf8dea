package reconciler

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	// freeHeals is how often within fightWindow a cell is put back at once. Whoever changes it more often than that is not
	// an accident, and neither the ledger nor the target gains by racing with them.
	freeHeals   = 3
	fightWindow = time.Hour
	firstWait   = time.Minute
	longestWait = 15 * time.Minute
)

// CodeContested says that somebody else keeps writing to what sluice keeps equal.
const CodeContested schema.Code = "drift-contested"

// CodeDrift says that a target was changed and not put back.
const CodeDrift schema.Code = "drift"

// fight is when a cell was put back at a target, oldest first. It is one machine's memory: after a start it begins anew, but
// for what the ledger says.
type fight []time.Time

// recent forgets what is too long ago to be the same fight.
func (f fight) recent(now time.Time) fight {
	return slices.DeleteFunc(slices.Clone(f), func(t time.Time) bool { return now.Sub(t) >= fightWindow || t.After(now) })
}

// contested reports whether the next repair has to wait.
func (f fight) contested() bool { return len(f) >= freeHeals }

// next is when the cell may be put back again: at once, then after a wait that doubles.
func (f fight) next() time.Time {
	if !f.contested() {
		return time.Time{}
	}
	wait := firstWait << min(len(f)-freeHeals, 10)
	return f[len(f)-1].Add(min(wait, longestWait))
}

// heals decides whether a cell that differs is written now, and records what it found out.
func (p *pass) heals(ctx context.Context, j *job, found integrations.Observation, d *deliveries) bool {
	if j.ours {
		return true // a control change has it written otherwise: nobody changed it
	}
	live := j.state.Live[j.target.Name].Seq
	if !j.release.Applied && !found.Ours() {
		live = 0 // others may have taken the place over: what it has is theirs until the admins say otherwise
	}
	if live != j.state.Delivered() {
		if replaced(live, found) {
			d.drifted++
			p.tellDrift(ctx, *j, found, d)
		}
		return true // the first delivery of a release is no drift by itself
	}
	d.drifted++
	if j.target.Report {
		p.tellDrift(ctx, *j, found, d)
		return false
	}
	f := p.fights[j.key()].recent(p.now)
	contested := j.state.Down[j.target.Name].Code == CodeContested
	if j.state.Live[j.target.Name].Drifted != 0 && !contested {
		p.tellDrift(ctx, *j, found, d) // it was not put back: that it is still so is neither news nor a fight
		return true
	}
	if contested && len(f) == 0 {
		f = fight{p.now, p.now, p.now} // it was so before this process began
	}
	if !f.contested() && !contested {
		d.entries = append(d.entries, p.driftEntry(*j, found))
		p.fights[j.key()] = append(f, p.now)
		return true
	}
	p.contest(*j, d)
	heal := missing(found) || !p.now.Before(f.next())
	if heal {
		f = append(f, p.now)
		j.silent = true
	}
	p.fights[j.key()] = f
	return heal
}

// missing reports whether nothing is where readers look and nothing else was changed. Nobody's writing is lost by putting that back,
// and readers have nothing until then, so it waits for no fight.
func missing(found integrations.Observation) bool {
	return found.Holder == integrations.Nobody &&
		!slices.ContainsFunc(found.Keys, func(d integrations.Difference) bool { return d.Op == integrations.Changed })
}

// notHealed takes back that a cell was put back: whoever changed it once did not change it again.
func (p *pass) notHealed(key deliveryKey) {
	if f := p.fights[key]; len(f) > 0 && f[len(f)-1].Equal(p.now) {
		p.fights[key] = f[:len(f)-1]
	}
}

// replaced reports whether others put something in the place of what was read back there as entry live, which a newer release
// is about to be written over. Without it that would be gone before anybody was told. An empty place is not: stages move.
func replaced(live int64, found integrations.Observation) bool {
	switch found.Holder {
	case integrations.Altered, integrations.Stranger:
		return live != 0
	case integrations.Us:
		return found.Seq < live
	}
	return false
}

// contest records once that somebody else keeps writing; until they stop, nothing more of it goes into the ledger.
func (p *pass) contest(j job, d *deliveries) {
	key := j.key()
	if _, known := p.down[key]; !known {
		p.down[key] = p.now
	}
	p.setContested(key.cell, true)
	if j.state.Down[j.target.Name].Code == CodeContested {
		return
	}
	e := deliveryEntry(ledger.TargetDown, j)
	e.Code = CodeContested
	d.entries = append(d.entries, e)
}

// quiet reports whether a cell that is equal now counts as equal: after a fight, once nobody wrote for as long as the next
// repair would have waited.
func (p *pass) quiet(key deliveryKey) bool {
	f := p.fights[key]
	if f.contested() && p.now.Before(f.next()) && !p.now.Before(f[len(f)-1]) {
		return !p.isContested(key.cell)
	}
	p.setContested(key.cell, false)
	return true
}

// tellDrift records drift that is not healed as such, but left as it is or written over by the next release: once for each state
// that was found.
func (p *pass) tellDrift(ctx context.Context, j job, found integrations.Observation, d *deliveries) {
	e := p.driftEntry(j, found)
	now := deliveryDigest(e)
	last, known := p.reported[j.key()]
	if first := j.state.Live[j.target.Name].Drifted; !known && first != 0 {
		last = p.toldLast(ctx, j.key(), first)
	}
	p.reported[j.key()] = now
	if last != now {
		d.entries = append(d.entries, e)
	}
}

// deliveryDigest names what a drift entry says.
func deliveryDigest(e ledger.Entry) schema.Digest {
	text, err := json.Marshal(e.Delivery)
	if err != nil {
		return ""
	}
	return schema.DigestOf(text)
}

// driftEntry tells what is found now: the pass began earlier, and the ledger may be reached much later.
func (p *pass) driftEntry(j job, found integrations.Observation) ledger.Entry {
	e := deliveryEntry(ledger.Drift, j)
	at := p.clock()
	e.ObservedAt = &at
	e.Delivery.Found = found.Digest
	for _, k := range found.Keys {
		e.Delivery.Keys = append(e.Delivery.Keys, ledger.DriftKey(k))
	}
	return e
}

// tellForeign keeps for the page keys that we never wrote, and logs each set of them once.
func (p *pass) tellForeign(j job, found integrations.Observation) {
	if slices.Equal(p.strangers[j.key()], found.Foreign) {
		return
	}
	delete(p.strangers, j.key())
	if len(found.Foreign) == 0 {
		return
	}
	p.strangers[j.key()] = found.Foreign
	p.cfg.Log.Warn("found keys that sluice never wrote", "stage", string(j.state.Stage), "app", string(j.state.App), "target", j.target.Name,
		"count", len(found.Foreign), "first", found.Foreign[0])
}

// setContested and isContested are for the goroutines that watch: what is fought over does not hurry the next pass.
func (r *Reconciler) setContested(cell schema.Cell, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if yes {
		r.contested[cell] = true
	} else {
		delete(r.contested, cell)
	}
}

func (r *Reconciler) isContested(cell schema.Cell) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.contested[cell]
}
