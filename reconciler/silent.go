package reconciler

import (
	"maps"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// silence is that a target did not answer in the last pass that asked it.
type silence struct {
	since time.Time
	cells int // that were to be compared or written
}

// heard remembers whether a target answered: people are told at once, the ledger after two intervals (RULES R12).
func (p *pass) heard(v *visit) {
	if v.target == nil {
		return
	}
	if v.d.silent == 0 {
		if p.noMark[v.name] == nil {
			delete(p.silent, v.name)
		}
		return
	}
	p.unanswered(v.name, v.d.silent)
}

// answered forgets the silence of targets that told their marks and were asked for nothing else.
func (p *pass) answered(jobs map[string][]job) {
	for name := range p.marks {
		if len(jobs[name]) == 0 {
			delete(p.silent, name)
		}
	}
}

func (r *Reconciler) unanswered(name string, cells int) {
	s, known := r.silent[name]
	if !known {
		s.since = r.cfg.Now().UTC()
	}
	s.cells = cells
	r.silent[name] = s
}

// silentViews lists the targets that do not answer.
func (r *Reconciler) silentViews() []schema.SilentView {
	var out []schema.SilentView
	for _, name := range slices.Sorted(maps.Keys(r.silent)) {
		out = append(out, schema.SilentView{Target: name, Since: r.silent[name].since, Cells: r.silent[name].cells})
	}
	return out
}

// forgetUnread forgets what was not read or written where this pass asks again: of all, if it compares everything.
func (r *Reconciler) forgetUnread(jobs map[string][]job, full bool) {
	if full {
		clear(r.unread)
		return
	}
	for _, some := range jobs {
		for _, j := range some {
			delete(r.unread, j.key())
		}
	}
}

// comparedNow notes that everything was compared, unless there was something to compare and no target could be read.
func (p *pass) comparedNow(jobs map[string][]job) {
	asked, read := false, false
	for _, some := range jobs {
		for _, j := range some {
			asked = true
			read = read || p.unread[j.key()].code == ""
		}
	}
	if read || !asked {
		p.comparedAt = p.now
	}
}
