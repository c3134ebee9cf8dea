package reconciler

import (
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// history is what the ledger says that a change's kind follows from: the cell's own state and that of the same app in
// every other stage.
type history struct {
	project schema.Project
	cell    schema.Cell
	own     ledger.State
	others  map[schema.StageName]ledger.State
	now     time.Time
}

// classify says what moving the cell from one side to another is (DESIGN §4). It follows from digests and the ledger
// alone. localChanged says that stage-local files differ.
func (h history) classify(from, to schema.Side, localChanged bool) schema.Change {
	c := schema.Change{From: from, To: to, Tune: localChanged}
	switch {
	case to.Revision == from.Revision:
		c.Kind = schema.Tune
		h.alone(&c)
	case h.rollsBack(from.Revision, to.Revision):
		c.Kind = schema.Rollback
	case lifecycle.Enters(h.project, h.cell.Stage):
		if c.Kind = schema.Edit; h.tainted(to.Revision) {
			c.Code = "tainted"
		}
	default:
		h.promotion(&c)
	}
	return c
}

// rollsBack reports whether the rollback gate serves the revision: it passed its full gate here and is neither withdrawn,
// archived nor tainted (RULES R17, R18). Where changes widen step by step that is more than to begin: all had it (R21).
func (h history) rollsBack(from, to schema.Revision) bool {
	served := false
	for _, a := range h.own.Revisions {
		if a.Revision != to {
			continue
		}
		if a.Flagged(ledger.Withdrawn) || a.Flagged(ledger.Archived) {
			return false
		}
		served = served || a.Full && (!h.widens() || !a.LiveAt.IsZero())
	}
	return served && from != to && !h.tainted(to) && lifecycle.Leaves(h.project, h.cell.Stage, lifecycle.Rollback)
}

// widens reports whether what is promoted here begins with some of the instances.
func (h history) widens() bool {
	stage, _ := h.project.Stage(h.cell.Stage)
	return stage.Gray != nil && len(stage.Gray.Steps) > 0 && stage.Mode != schema.Observe
}

// tainted reports whether any stage marks the revision: it is no source for anything then (RULES R18).
func (h history) tainted(rev schema.Revision) bool {
	if h.own.IsTainted(rev) {
		return true
	}
	for _, state := range h.others {
		if state.IsTainted(rev) {
			return true
		}
	}
	return false
}

func marked(admissions []ledger.Admission, rev schema.Revision, f ledger.Flag) bool {
	for _, a := range admissions {
		if a.Revision == rev && a.Flagged(f) {
			return true
		}
	}
	return false
}

// promotion looks for the revision in the stages before: admitted and live there, and not taken back (RULES R11).
func (h history) promotion(c *schema.Change) {
	c.Kind, c.Code = schema.Override, "override"
	for _, stage := range lifecycle.Sources(h.project, lifecycle.Promote, h.cell.Stage) {
		state := h.others[stage]
		a, ok := lastAdmission(state.Revisions, c.To.Revision)
		if !ok || c.To.Revision == schema.None && a.Seq != state.Admitted.Seq {
			continue // an app that is back is absent no more, whatever was before
		}
		if why := h.refuses(stage, a); why != "" {
			c.Code = why
			continue
		}
		c.Kind, c.Code, c.Source = schema.Promote, "", source(stage, state, a, h.now)
		if c.To.Revision == schema.None && lifecycle.Leaves(h.project, h.cell.Stage, lifecycle.Retire) {
			c.Kind = schema.Retire
		}
		return
	}
	switch {
	case c.Code != "override":
	case c.To.Revision == schema.None && !h.heldBefore():
		h.leaves(c)
	case h.tainted(c.To.Revision):
		c.Code = "tainted"
	case marked(h.own.Revisions, c.To.Revision, ledger.Archived):
		c.Code = "archived"
	}
}

// refuses says why an admission in a stage before is no source; empty where it is one. Of a stage where nothing is written,
// policies say that nothing is live there (schema.Source.Observed).
func (h history) refuses(stage schema.StageName, a ledger.Admission) schema.Code {
	switch {
	case a.Flagged(ledger.Withdrawn):
		return "withdrawn"
	case h.tainted(a.Revision):
		return "tainted"
	case a.Flagged(ledger.Archived):
		return "archived"
	case a.LiveAt.IsZero() && h.project.Mode(stage) != schema.Observe:
		return "not-live"
	}
	return ""
}

func lastAdmission(admissions []ledger.Admission, rev schema.Revision) (ledger.Admission, bool) {
	for i := len(admissions) - 1; i >= 0; i-- {
		if admissions[i].Revision == rev {
			return admissions[i], true
		}
	}
	return ledger.Admission{}, false
}

func source(stage schema.StageName, state ledger.State, a ledger.Admission, now time.Time) *schema.Source {
	s := &schema.Source{Stage: stage, Seq: a.Seq, LiveAt: a.LiveAt, LiveSeq: a.LiveSeq, LetIn: a.LetIn, Content: a.Content, Soaked: a.SoakedAt(now), SoakingSince: a.SoakingSince}
	if a.Seq == state.Admitted.Seq {
		for _, target := range a.Required {
			if _, down := state.Down[target]; down {
				s.Down = true
			}
		}
	}
	return s
}

// carried are the people whose edits a promotion brings: those of every revision that the source stage admitted since
// the one the target has (RULES R22).
func carried(target ledger.State, from ledger.State, upTo int64) []string {
	since := int64(0)
	for _, a := range from.Revisions {
		if a.Revision == target.Admitted.Revision && target.Admitted.Seq > 0 && a.Seq < upTo {
			since = a.Seq
		}
	}
	seen := map[string]bool{}
	var out []string
	for _, a := range from.Revisions {
		if a.Seq <= since || a.Seq > upTo {
			continue
		}
		for _, who := range a.Authors {
			if !seen[who] {
				seen[who] = true
				out = append(out, who)
			}
		}
	}
	return out
}
