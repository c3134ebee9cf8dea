package reconciler

import (
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// Candidate is what an app could get in a stage by a promotion: what one of the stages before has now.
type Candidate struct {
	Cell     schema.Cell
	From     schema.StageName
	Revision schema.Revision
	Seq      int64       // admission in From
	Commit   schema.Hash // position of From's ref that holds it
	LiveSeq  int64
}

// prospects is what the ledger says of one app in every stage, and of the refs they lie on.
type prospects struct {
	project   schema.Project
	app       schema.App
	states    map[schema.StageName]ledger.State
	suspended map[schema.StageName]ledger.Suspension
	incidents map[string]ledger.Incident // by ref
	now       time.Time
	// asked says that a person asks for it: what soaks still, what was rolled back from, and removing the app are theirs to want.
	asked bool
	// look says that it would only be looked at: what suspends the stage is the gate's to tell.
	look bool
}

// candidate says what a promotion into a stage would bring, or why there is none: a sentence for people.
func (s prospects) candidate(to schema.Stage) (Candidate, string) {
	if why := s.closed(to); why != "" {
		return Candidate{}, why
	}
	var best Candidate
	why := ""
	for _, from := range lifecycle.Sources(s.project, lifecycle.Promote, to.Name) {
		c, reason := s.from(from, to)
		switch {
		case reason != "":
			if best.Seq == 0 {
				why = reason
			}
		case c.Seq > best.Seq:
			best, why = c, ""
		}
	}
	if best.Seq == 0 && why == "" {
		why = fmt.Sprintf("no stage leads to %s", to.Name)
	}
	return best, why
}

// closed says why nothing is proposed to a stage, whatever the stages before have.
func (s prospects) closed(to schema.Stage) string {
	own := s.states[to.Name]
	switch {
	case lifecycle.Enters(s.project, to.Name):
		return fmt.Sprintf("%s is where edits enter: nothing is promoted into it", to.Name)
	case own.Held != nil:
		return fmt.Sprintf("a change of %s waits in %s already (entry #%d)", s.app, to.Name, own.Held.Seq)
	case s.pinned(to.Name) && !s.look:
		return fmt.Sprintf("%s is suspended in %s", s.app, to.Name)
	case own.Admitted.Flagged(ledger.Unreviewed) && !s.asked:
		return fmt.Sprintf("what broke the glass in %s was not reviewed yet", to.Name)
	}
	if i, ok := s.incidents[s.project.Ref(to)]; ok {
		return fmt.Sprintf("the branch of %s was refused (entry #%d)", to.Name, i.Seq)
	}
	return ""
}

func (s prospects) pinned(stage schema.StageName) bool {
	whole, ok := s.suspended[stage]
	return ok && s.holds(&whole) || s.holds(s.states[stage].Suspended)
}

func (s prospects) holds(p *ledger.Suspension) bool {
	return p != nil && p.Until != nil && s.now.Before(*p.Until)
}

// from says whether what a stage has now may go to the next one, and why not.
func (s prospects) from(from schema.StageName, to schema.Stage) (Candidate, string) {
	state, own := s.states[from], s.states[to.Name]
	a := state.Admitted
	c := Candidate{Cell: schema.Cell{Stage: to.Name, App: s.app}, From: from, Revision: a.Revision, Seq: a.Seq, Commit: a.Commit, LiveSeq: a.LiveSeq}
	switch {
	case a.Seq == 0 || own.Admitted.Seq == 0 && a.Revision == schema.None:
		return c, fmt.Sprintf("%s has no %s", from, s.app)
	case own.Admitted.Seq > 0 && a.Revision == own.Admitted.Revision:
		return c, fmt.Sprintf("%s has %s already, as %s has", to.Name, a.Revision, from)
	case s.project.Mode(from) == schema.Observe && !to.Mode.Weak():
		return c, fmt.Sprintf("%s only observes: nothing is written there, so %s is not live", from, a.Revision)
	case a.LiveAt.IsZero() && s.project.Mode(from) != schema.Observe:
		return c, fmt.Sprintf("%s is not live in %s yet", a.Revision, from)
	case source(from, state, a, s.now).Down:
		return c, fmt.Sprintf("%s cannot be verified in %s at the moment", a.Revision, from)
	case s.pinned(from):
		return c, fmt.Sprintf("%s is suspended in %s", s.app, from)
	}
	if why := s.outOfUse(from, a); why != "" {
		return c, why
	}
	return c, s.backwards(from, to, a)
}

// outOfUse says why a revision is no source for anything.
func (s prospects) outOfUse(from schema.StageName, a ledger.Admission) string {
	for _, state := range s.states {
		if state.IsTainted(a.Revision) {
			return fmt.Sprintf("%s is tainted", a.Revision)
		}
	}
	switch {
	case a.Flagged(ledger.Withdrawn):
		return fmt.Sprintf("%s was rolled back from in %s", a.Revision, from)
	case a.Flagged(ledger.Archived):
		return fmt.Sprintf("%s is archived in %s", a.Revision, from)
	case a.LetIn != "":
		return fmt.Sprintf("%s was let into %s by its mode alone (%s)", a.Revision, from, a.LetIn)
	case a.Flagged(ledger.Unreviewed):
		return fmt.Sprintf("%s broke the glass in %s and was not reviewed yet", a.Revision, from)
	}
	return ""
}

// backwards keeps to what goes forward by itself: the rest is a person's to ask for (RULES R17).
func (s prospects) backwards(from schema.StageName, to schema.Stage, a ledger.Admission) string {
	own := s.states[to.Name]
	before, ran := lastAdmission(own.Revisions, a.Revision)
	switch {
	case ran && before.Flagged(ledger.Withdrawn) && s.asked:
		return ""
	case ran && before.Flagged(ledger.Withdrawn):
		return fmt.Sprintf("%s was rolled back from in %s", a.Revision, to.Name)
	case ran:
		return fmt.Sprintf("%s ran in %s before: going back to it is a rollback", a.Revision, to.Name)
	case s.asked:
		return ""
	case a.Revision == schema.None:
		return fmt.Sprintf("%s left %s: removing it from %s is asked for by a person", s.app, from, to.Name)
	case !brought(s.states[from].Revisions, a.Revision):
		return fmt.Sprintf("%s was sealed in %s: the first step is asked for by a person", a.Revision, from)
	case own.Admitted.Kind == schema.Override && a.Seq < own.Admitted.Seq:
		return fmt.Sprintf("%s in %s is older than what broke the glass in %s", a.Revision, from, to.Name)
	case !s.soaked(from, to, a):
		return fmt.Sprintf("%s has not soaked in %s yet", a.Revision, from)
	}
	return ""
}

// brought reports whether a change brought a revision to a stage. What genesis sealed lies there since before, and may differ
// from stage to stage for many apps.
func brought(admissions []ledger.Admission, rev schema.Revision) bool {
	for _, a := range admissions {
		if a.Revision == rev && a.Kind != "" && a.Kind != schema.Tune {
			return true
		}
	}
	return false
}

// soaked asks the soak policies of the stage's gate, the same that the judge asks.
func (s prospects) soaked(from schema.StageName, to schema.Stage, a ledger.Admission) bool {
	src := source(from, s.states[from], a, s.now)
	if s.project.Mode(from) == schema.Observe {
		asIfLive(src, s.states[from], to.Mode, s.now)
	}
	facts := policies.Facts{Now: s.now, Change: schema.Change{Kind: schema.Promote, Source: src}}
	for _, spec := range to.Gates.Promote {
		if spec.Name != "soak" {
			continue
		}
		policy, err := policies.New(spec)
		if err != nil || policy.Evaluate(facts).Outcome != schema.Allow {
			return false
		}
	}
	return true
}

// stillRight says why a revision that was proposed to a stage must not go there any more; it is empty where it may, though
// perhaps not now.
func (s prospects) stillRight(to schema.Stage, rev schema.Revision) string {
	own := s.states[to.Name]
	if own.Admitted.Seq > 0 && own.Admitted.Revision == rev {
		return fmt.Sprintf("%s has it (entry #%d)", to.Name, own.Admitted.Seq)
	}
	if a, ok := lastAdmission(own.Revisions, rev); ok && a.Flagged(ledger.Withdrawn) {
		return fmt.Sprintf("it was rolled back from in %s", to.Name)
	}
	why := fmt.Sprintf("no stage that leads to %s has it", to.Name)
	for _, from := range lifecycle.Sources(s.project, lifecycle.Promote, to.Name) {
		a, ok := lastAdmission(s.states[from].Revisions, rev)
		if !ok {
			continue
		}
		if why = s.outOfUse(from, a); why == "" {
			return ""
		}
	}
	return why
}
