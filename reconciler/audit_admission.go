package reconciler

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// admission decides again what an entry let in, by the code that decided it: at its time, against the ledger as it was
// before the append, by the control files in force then, and by the answers of the forge that it recorded. What was in force
// or who held which role later has no part in it.
func (r *replay) admission(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	c, mr, found := r.witnessed(ctx, a, e)
	if len(found) > 0 {
		return found
	}
	again, err := r.decideAgain(ctx, c, e, mr)
	if err != nil {
		return lacking(c.path, err)
	}
	found = append(r.compare(c, e, again), r.goesOn(ctx, a, c, e)...)
	found = append(found, r.lineage(ctx, a, c, e)...)
	found = append(found, r.together(ctx, a, c, e)...)
	c.admit(judged{entry: e, manifest: again.manifest})
	return found
}

// witnessed prepares the judge of an entry's cell with everything that the entry recorded from outside.
func (r *replay) witnessed(ctx context.Context, a *appended, e ledger.Entry) (*cellJudge, *schema.MergeRequest, []ledger.Finding) {
	c, found := r.cell(ctx, a, e)
	if len(found) > 0 {
		return nil, nil, found
	}
	mr, found := r.recorded(ctx, a, e)
	if len(found) > 0 {
		return nil, nil, found
	}
	approvals, err := r.recordedApprovals(ctx, a, e)
	if err != nil {
		return nil, nil, lacking(c.path, err)
	}
	c.pass.approvals = &approvals
	guards, found := r.recordedGuards(ctx, a, e)
	if len(found) > 0 {
		return nil, nil, found
	}
	c.pass.guardRails = &guardsAnswer{found: guards}
	if c.pass.instances, err = r.recordedHealth(ctx, a, e.Decision.Health); err != nil {
		return nil, nil, lacking(c.path, err)
	}
	return c, mr, nil
}

// cell returns the judge of the entry's cell, as the entries of this append have left it so far.
func (r *replay) cell(ctx context.Context, a *appended, e ledger.Entry) (*cellJudge, []ledger.Finding) {
	if c, ok := a.cells[e.Cell()]; ok {
		return c, nil
	}
	in, found := r.inForce(ctx, a, e)
	if len(found) > 0 {
		return nil, found
	}
	stage, ok := in.project.Stage(e.Stage)
	if !ok {
		return nil, mismatch(entryPlace(e), "stage %s is not in the project by the control files of entry #%d", e.Stage, in.seq)
	}
	state, _, err := a.Before.Cell(ctx, e.Cell())
	if err != nil {
		return nil, lacking(entryPlace(e), err)
	}
	p := r.pass(a, e, in)
	if state, err = p.revised(ctx, state); err != nil {
		return nil, lacking(entryPlace(e), err)
	}
	c := &cellJudge{
		pass: p, cell: e.Cell(), stage: stage, ref: in.project.Ref(stage), path: in.project.CellPath(stage, e.App),
		trees: map[schema.Hash]schema.Hash{}, files: map[schema.Hash]cellFiles{}, state: state,
	}
	a.cells[e.Cell()] = c
	return c, nil
}

// inForce returns the rules that a decision names, which have to be those in force before it (RULES R4): by the ledger
// before the append, or by a control entry earlier in the same append.
func (r *replay) inForce(ctx context.Context, a *appended, e ledger.Entry) (*rules, []ledger.Finding) {
	want := a.Before.Head().Control.Seq
	for _, other := range a.Entries {
		if other.Kind == ledger.Control && other.Seq < e.Seq && other.Seq == e.Decision.Control {
			want = other.Seq
		}
	}
	if e.Decision.Control != want {
		return nil, mismatch(entryPlace(e), "judged by the control files of entry #%d, in force were those of #%d", e.Decision.Control, want)
	}
	in, err := r.rulesInForceAt(ctx, a.After, want)
	if err != nil {
		return nil, lacking(entryPlace(e), err)
	}
	return in, nil
}

// decideAgain lays the recorded landing before the judge.
func (r *replay) decideAgain(ctx context.Context, c *cellJudge, e ledger.Entry, mr *schema.MergeRequest) (*judged, error) {
	l, after, err := r.landed(ctx, c, e, mr)
	if err != nil {
		return nil, err
	}
	return c.judge(ctx, l, after)
}

// landed is the recorded landing, and the position from which its commits count.
func (r *replay) landed(ctx context.Context, c *cellJudge, e ledger.Entry, mr *schema.MergeRequest) (l landing, after int, err error) {
	at := e.Decision.Landing
	if c.chain, err = positions(ctx, c.cfg.Repository, at.Start, at.Tip); err != nil {
		return l, 0, err
	}
	l = landing{start: 0, end: len(c.chain) - 1}
	if mr != nil && l.end > 0 {
		placed, ok, err := c.place(ctx, mr, c.chain, l.end)
		if err != nil {
			return l, 0, err
		}
		if ok && placed.start == l.start && placed.end == l.end {
			l.request = mr
		}
	}
	return l, max(slices.Index(c.chain, at.Base), 0), nil
}

// compare holds what was recorded against what came out again. Where it is another answer and objects were lacking, nothing
// is known.
func (r *replay) compare(c *cellJudge, e ledger.Entry, again *judged) []ledger.Finding {
	d := *again.entry.Decision
	d.Superseded = e.Decision.Superseded // told by goesOn: it depends on what else stood on the ref
	var found []ledger.Finding
	switch {
	case again.entry.Kind != e.Kind:
		found = mismatch(c.path, "recorded as %s, judged again it is %s", e.Kind, told(again.entry))
	default:
		if what := difference(*e.Decision, d); what != "" {
			found = mismatch(c.path, "judged again it says otherwise: %s", what)
		}
	}
	if len(found) > 0 && r.repo.lacking != nil {
		return lacking(c.path, r.repo.lacking)
	}
	if len(found) == 0 {
		return r.complete(c.path, e, again)
	}
	return found
}

// told is a decision in a few words: "held [unsigned] [soak]".
func told(e ledger.Entry) string {
	words := []string{string(e.Kind)}
	for _, m := range e.Decision.Verdict.Missing() {
		word := "[" + string(m.Code) + "]"
		if commit := m.Args["commit"]; commit != "" {
			word += " commit " + commit
		}
		if who := m.Args["by"] + m.Args["person"]; who != "" {
			word += " " + who
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// complete asks that the entry carries the evidence that the decision rests on: without it others could not decide again.
func (r *replay) complete(path string, e ledger.Entry, again *judged) []ledger.Finding {
	for _, d := range again.entry.Evidence[:again.own] {
		if !slices.Contains(e.Evidence, d) {
			return lacking(path, fmt.Errorf("the entry does not name evidence that the decision rests on: %s", d))
		}
	}
	return nil
}

// goesOn checks what the judge takes for granted: that the landing goes on from where the ledger saw the cell's ref, and that
// commits were counted from a position at which the cell held what was admitted. Only a rollback may replace what was not
// admitted, and then it names the hold that it makes moot.
func (r *replay) goesOn(ctx context.Context, a *appended, c *cellJudge, e ledger.Entry) []ledger.Finding {
	d := e.Decision
	from := a.Before.Refs().Seen[c.ref]
	held, _, err := a.Before.Cell(ctx, c.cell)
	if err != nil {
		return lacking(c.path, err)
	}
	if held.Held != nil {
		from = held.Held.Base
	}
	if len(c.result) > 0 {
		from = c.state.Admitted.Commit
	}
	if !slices.Contains(c.chain, d.Landing.Base) {
		return mismatch(c.path, "commits were counted from %s, which is no position of the landing", d.Landing.Base.Short())
	}
	if found := r.forward(ctx, c.path, from, d.Landing.Base); len(found) > 0 {
		return found
	}
	if d.Superseded != 0 && (e.Kind != ledger.Rollback || held.Held == nil || d.Superseded != held.Held.Seq) {
		return mismatch(c.path, "it names #%d as the hold that it makes moot", d.Superseded)
	}
	base, err := c.at(ctx, slices.Index(c.chain, d.Landing.Base))
	if err != nil {
		return lacking(c.path, err)
	}
	if base.side.Content != c.admitted().Content && (e.Kind != ledger.Rollback || d.Landing.Base != d.Landing.Start) {
		if r.repo.lacking != nil {
			return lacking(c.path, r.repo.lacking)
		}
		return mismatch(c.path, "at %s, from where commits were counted, the cell did not hold what was admitted", d.Landing.Base.Short())
	}
	return r.moved(ctx, a, e)
}

// forward asks that a position comes after another one in Git.
func (r *replay) forward(ctx context.Context, path string, from, to schema.Hash) []ledger.Finding {
	if from.IsZero() {
		return nil
	}
	ok, err := r.repo.IsAncestor(ctx, from, to)
	if err != nil {
		return lacking(path, err)
	}
	if !ok {
		return mismatch(path, "%s does not go on from %s, where the ledger saw it last", to.Short(), from.Short())
	}
	return nil
}

// observed holds an entry that moves a ref to the rule that refs move forward.
func (r *replay) observed(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	switch e.Code {
	case ledger.NonFastForward, ledger.RefMissing:
		return nil
	case ledger.Adopted, ledger.Overwritten:
		return r.ordered(ctx, a, e)
	case ledger.Accepted:
		return r.acceptedRef(ctx, a, e)
	}
	return r.moved(ctx, a, e)
}

func (r *replay) moved(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	if e.Ref == "" {
		return nil
	}
	if seen := a.Before.Refs().Seen[e.Ref]; seen != e.Old {
		return mismatch(e.Ref, "moved from %s, the ledger saw it last at %s", short(e.Old), short(seen))
	}
	if e.New.IsZero() {
		return nil
	}
	if d := e.Decision; d != nil {
		if found := r.forward(ctx, e.Ref, d.Landing.Tip, e.New); len(found) > 0 {
			return found
		}
	}
	return r.forward(ctx, e.Ref, e.Old, e.New)
}
