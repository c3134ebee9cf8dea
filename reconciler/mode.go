package reconciler

import (
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// mode is that of the cell's stage, empty where it enforces. What lay in a stage's place before it was one is no landing, and
// no mode lets it in: it has to be sealed (RULES R29).
func (c *cellJudge) mode(l schema.Landing) schema.StageMode {
	if !c.stage.Mode.Weak() || l.Start == l.Tip {
		return ""
	}
	return c.stage.Mode
}

// passes is what becomes of a verdict in a mode. A weak one lets in all but what cannot be configuration at all, what people
// pinned or marked, and half of what has to come in together.
func passes(v schema.Verdict, mode schema.StageMode) schema.Outcome {
	if v.Outcome == schema.Allow || !mode.Weak() {
		return v.Outcome
	}
	if len(v.Missing()) == 0 || strict(v) {
		return v.Outcome
	}
	return schema.Allow
}

// LetsIn reports whether the mode of the stage lets a change in that a policy does not.
func (v Preview) LetsIn(part schema.Verdict) bool {
	return part.Outcome != schema.Allow && passes(part, v.Mode) == schema.Allow
}

// strict reports whether no mode lets in what a verdict misses. What content misses is strict whoever found it: a target calls what does
// not fit by a name of its own.
func strict(v schema.Verdict) bool {
	if v.Outcome == schema.Allow {
		return false
	}
	switch v.Policy {
	case "content", "suspension", "atomic":
		return true
	}
	return v.Code == "tainted" || slices.ContainsFunc(v.Parts, strict)
}

// onlyObserved reports whether a target is one of stages alone in which nothing is written.
func (r *rules) onlyObserved(target string) bool {
	observed := false
	for _, s := range r.project.Stages {
		if !slices.ContainsFunc(s.Targets, func(t schema.StageTarget) bool { return t.Name == target }) {
			continue
		}
		if s.Mode != schema.Observe {
			return false
		}
		observed = true
	}
	return observed
}

// asIfLive makes a source of what an observed stage admitted, for a stage that does not enforce either: it is as good as live there
// since then, so that its verdict says what enforcement would hold. For one that enforces it stays what it is, not live.
func asIfLive(src *schema.Source, in ledger.State, to schema.StageMode, now time.Time) {
	i := slices.IndexFunc(in.Revisions, func(a ledger.Admission) bool { return a.Seq == src.Seq })
	if i < 0 || !to.Weak() || !src.LiveAt.IsZero() {
		return
	}
	a := in.Revisions[i]
	src.LiveAt, src.LiveSeq, src.SoakingSince, src.Soaked = a.At, a.Seq, a.At, now.Sub(a.At)
}

// observes reports whether nothing is written for a cell.
func (p *pass) observes(s ledger.State) bool { return p.rules.project.Mode(s.Stage) == schema.Observe }
