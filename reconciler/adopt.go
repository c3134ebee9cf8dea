package reconciler

import (
	"context"
	"maps"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// adopt takes over what a stage, or one app in it, has: what its mode alone let in is as good as sealed from here on, and where
// the admins say so it replaces what targets hold without our marker (RULES R25, R30). What came after they looked, and
// what is marked, is not part of it.
func (p *pass) adopt(ctx context.Context, a asked) ([]judged, error) {
	stage, err := p.inProject(a)
	if err != nil {
		return nil, err
	}
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return nil, err
	}
	var entries []ledger.Entry
	for _, s := range states {
		if s.Stage != a.Cell.Stage || a.Cell.App != "" && s.App != a.Cell.App || !p.rules.has(s) || !Adoptable(s, stage, p.ledger.Head().Control, a.Overwrite, a.Seen.Size) {
			continue
		}
		e := a.entry(ledger.Observe)
		e.App, e.Code = s.App, ledger.Adopted
		if in := p.ledger.Head().Control; a.Overwrite && unapplied(s, stage, in) {
			e.Code, e.Order.Taken = ledger.Overwritten, lastTaken(stage, in)
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil, refused(signing.CodeRequestRefused, "there is nothing to adopt: no app that a mode alone let in, none that is to be written over, as far as they saw")
	}
	return a.judged(entries...), nil
}

// Adoptable reports whether an adoption of a stage that was made when the ledger had seen entries changes anything about a cell.
func Adoptable(s ledger.State, stage schema.Stage, in ledger.ControlState, overwrite bool, seen int64) bool {
	if s.Admitted.Seq == 0 || s.Admitted.Seq > seen || s.Admitted.Flagged(ledger.Tainted) || s.Admitted.Flagged(ledger.Unreviewed) {
		return false
	}
	return s.Admitted.LetIn != "" || overwrite && unapplied(s, stage, in)
}

// unapplied reports whether some target of the stage has had nothing of the cell by us since it was taken up, and the admins have
// not let it be overwritten.
func unapplied(s ledger.State, stage schema.Stage, in ledger.ControlState) bool {
	return slices.ContainsFunc(stage.Targets, func(t schema.StageTarget) bool {
		return !s.Applied(in, t.Name) && !s.Overwrites(in, t.Name)
	})
}

// lastTaken is when a target of the stage was taken up last.
func lastTaken(stage schema.Stage, in ledger.ControlState) (last int64) {
	for _, t := range stage.Targets {
		last = max(last, in.TakenUp(stage.Name, t.Name))
	}
	return last
}

// takesUp lists what a control change has written that was not written before: targets of stages that observed or were not there,
// and targets that a stage did not have, or has elsewhere. What lies there without our marker is not ours any more by what the
// ledger says of the time before (RULES R29, R30).
func takesUp(was, is schema.Project) map[schema.StageName][]string {
	out := map[schema.StageName][]string{}
	for _, stage := range is.Stages {
		before, _ := was.Stage(stage.Name)
		if stage.Mode == schema.Observe {
			continue
		}
		for _, t := range stage.Targets {
			i := slices.IndexFunc(before.Targets, func(b schema.StageTarget) bool { return b.Name == t.Name })
			if before.Mode == schema.Observe || i < 0 || !maps.Equal(before.Targets[i].Settings, t.Settings) {
				out[stage.Name] = append(out[stage.Name], t.Name)
			}
		}
		slices.Sort(out[stage.Name])
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
