package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// Draft is one commit on top of a stage's ref that promotes an app, or rolls it back. Nothing is written by making one.
type Draft struct {
	Cell     schema.Cell
	From     schema.StageName // of a promotion
	Revision schema.Revision
	// Was is what the cell has now, and Entry the admission whose files are brought.
	Was   schema.Revision
	Entry int64
	// SourceRef is the branch to push it to, TargetRef the one it is for.
	SourceRef, TargetRef string
	Parent, Tree         schema.Hash
	Objects              []schema.Object // trees that the repository may lack
	Edits                []diff.Edit
	Change               schema.Change
	// Verdict is the gate's, of all that a clone can know: what it says of signatures and of the merge request is left out.
	Verdict        schema.Verdict
	Title, Message string
	Description    string
	dir, before    schema.Hash
}

// Refused says why there is no such draft, what to do about it, and whether there is nothing to do.
type Refused struct {
	Why, Hint string
	Done      bool
}

func (r *Refused) Error() string { return r.Why }

// Drafting is where drafts are made: a clone, where its refs are, and who asks.
type Drafting struct {
	Clone *Clone
	// Beside reads the clone with objects that are not in it.
	Beside func(func(schema.Hash) (schema.ObjectKind, []byte, bool)) Repository
	Refs   map[string]schema.Hash // branches by full name, as the remote has them
	Asker  string                 // principal; cannot approve it. Empty: not known
	Now    time.Time
	// Look says that nothing will be proposed: what a suspension keeps out is drafted too, and the gate says so.
	Look bool
}

// Promotion makes the draft that brings to a stage what a stage before it has.
func (d Drafting) Promotion(ctx context.Context, cell schema.Cell) (Draft, error) {
	p, j, err := d.judge(ctx, cell)
	if err != nil {
		return Draft{}, err
	}
	apps, err := p.prospects(ctx)
	if err != nil {
		return Draft{}, err
	}
	app, ok := apps[cell.App]
	if !ok {
		return Draft{}, &Refused{Why: fmt.Sprintf("nothing was ever admitted of %s", cell.App), Hint: "sluice status lists the apps; git fetch first if it is new"}
	}
	app.asked, app.look = true, d.Look
	c, why := app.candidate(j.stage)
	if why != "" {
		return Draft{}, refusedPromotion(app, j, why)
	}
	made, err := p.cutCandidate(ctx, j, c)
	if err != nil {
		return Draft{}, refusedCut(cell, err)
	}
	out := Draft{
		Cell: cell, From: c.From, Revision: c.Revision, Entry: c.Seq, SourceRef: PromotionRef(cell, c.Revision),
		Title: PromotionTitle(c), Message: commitMessage(c),
	}
	if out.Edits, err = p.editsOf(ctx, made); err != nil {
		return Draft{}, err
	}
	out.Description = promotionText(c, j.state.Admitted, out.Edits) + fmt.Sprintf("\nStage-local files of %s stay as they are.\n", cell.Stage)
	return out, d.finish(ctx, p, j, made, &out)
}

// Rollback makes the draft that goes back to a revision that was admitted before: the one before the current one where to is
// empty. What is admitted now, by its name, takes back what waits on top of it. withLocal brings its stage-local files too.
func (d Drafting) Rollback(ctx context.Context, cell schema.Cell, to string, withLocal bool) (Draft, error) {
	p, j, err := d.judge(ctx, cell)
	if err != nil {
		return Draft{}, err
	}
	h, err := j.fullHistory(ctx)
	if err != nil {
		return Draft{}, err
	}
	goal, err := h.goal(to)
	if err != nil {
		return Draft{}, err
	}
	made, err := p.cutRollback(ctx, j, goal, withLocal)
	if err != nil {
		return Draft{}, refusedCut(cell, err)
	}
	out := Draft{
		Cell: cell, Revision: goal.Revision, Entry: goal.Seq, SourceRef: RollbackRef(cell, goal.Revision),
		Title:   fmt.Sprintf("Roll %s in %s back to %s", cell.App, cell.Stage, goal.Revision),
		Message: fmt.Sprintf("Roll %s in %s back to %s\n\nWhat entry #%d of the ledger admitted there.\n", cell.App, cell.Stage, goal.Revision, goal.Seq),
	}
	if out.Edits, err = p.editsOf(ctx, made); err != nil {
		return Draft{}, err
	}
	out.Description = rollbackText(out, j.state.Admitted)
	return out, d.finish(ctx, p, j, made, &out)
}

// goal finds the admission to go back to.
func (h history) goal(to string) (ledger.Admission, error) {
	now := h.own.Admitted
	if to == "" {
		if a, ok := h.before(); ok {
			return a, nil
		}
		if why, ok := h.retiredGoals(); ok {
			return ledger.Admission{}, why
		}
		return ledger.Admission{}, &Refused{
			Why:  fmt.Sprintf("%s was never admitted with another revision to go back to", h.cell),
			Hint: fmt.Sprintf("sluice history %s shows what was; what lies before the seal is history, not proof", h.cell.App),
		}
	}
	a, ok := admissionNamed(h.own.Revisions, to)
	switch {
	case !ok:
		return a, &Refused{
			Why:  fmt.Sprintf("%s was never admitted in %s, as far as its rollback goals reach: what lies before the seal is history, not proof", to, h.cell.Stage),
			Hint: fmt.Sprintf("sluice history %s --stage %s shows what was admitted", h.cell.App, h.cell.Stage),
		}
	case a.Revision != now.Revision && !h.rollsBack(now.Revision, a.Revision):
		return a, &Refused{
			Why:  fmt.Sprintf("%s is no rollback goal in %s: %s", a.Revision, h.cell.Stage, h.noGoal(a)),
			Hint: fmt.Sprintf("going forward to it again takes the whole gate: sluice promote %s --to %s", h.cell.App, h.cell.Stage),
		}
	}
	return a, nil
}

// retiredGoals says that all there was to go back to is archived, and why.
func (h history) retiredGoals() (*Refused, bool) {
	n, now := 0, h.own.Admitted.Revision
	for _, a := range h.own.Revisions {
		if a.Revision != now && a.Revision != schema.None && a.Flagged(ledger.Archived) {
			n++
		}
	}
	if n == 0 {
		return nil, false
	}
	why := "another revision took its place longer ago than the rollback window"
	if now == schema.None {
		why = fmt.Sprintf("%s has retired", h.cell.App)
	}
	return &Refused{
		Why:  fmt.Sprintf("%s has no rollback goal: what was admitted there is archived [archived], since %s", h.cell, why),
		Hint: "the same files come back through the first stage and its promotions; sluice explain archived",
	}, true
}

// before is the last admission that the current one can be rolled back to.
func (h history) before() (ledger.Admission, bool) {
	for _, a := range slices.Backward(h.own.Revisions) {
		if h.rollsBack(h.own.Admitted.Revision, a.Revision) {
			return a, true
		}
	}
	return ledger.Admission{}, false
}

// admissionNamed finds the last admission of a revision by the beginning of its digest, as people see it: "r:57ba02cc".
func admissionNamed(admissions []ledger.Admission, name string) (ledger.Admission, bool) {
	digits := strings.TrimPrefix(strings.TrimPrefix(name, "r:"), "sha256:")
	for _, a := range slices.Backward(admissions) {
		if len(digits) >= 4 && strings.HasPrefix(schema.Digest(a.Revision).Hex(), digits) {
			return a, true
		}
	}
	return ledger.Admission{}, false
}

func (h history) noGoal(a ledger.Admission) string {
	switch {
	case h.tainted(a.Revision):
		return "it is tainted"
	case marked(h.own.Revisions, a.Revision, ledger.Withdrawn):
		return "it was rolled back from"
	case marked(h.own.Revisions, a.Revision, ledger.Archived):
		return "it is archived"
	}
	return "it never passed its whole gate there"
}

// cutRollback puts back what an admission brought, also on top of what waits. The stage-local files are those admitted now.
func (p *pass) cutRollback(ctx context.Context, j *cellJudge, goal ledger.Admission, withLocal bool) (cut, error) {
	files, err := p.admittedTree(ctx, j.cell, goal)
	if err != nil {
		return cut{}, err
	}
	local := files
	if !withLocal {
		if local, err = p.admittedTree(ctx, j.cell, j.state.Admitted); err != nil {
			return cut{}, err
		}
	}
	patterns := p.rules.project.StageLocal
	return p.cutTo(ctx, j, append(files.Promoted(patterns), local.Local(patterns)...))
}

// judge prepares the cell; a stage that edits enter has no promotions, and can be rolled back.
func (d Drafting) judge(ctx context.Context, cell schema.Cell) (*pass, *cellJudge, error) {
	p := d.Clone.pass(d.Beside(nil), d.Now)
	p.refs = d.Refs
	stage, ok := p.rules.project.Stage(cell.Stage)
	if !ok {
		return nil, nil, fmt.Errorf("stage %s: the project has none", cell.Stage)
	}
	j, err := p.cellJudge(ctx, stage, cell.App)
	return p, j, err
}

// finish asks the gate, with a commit of nobody's that holds the tree.
func (d Drafting) finish(ctx context.Context, p *pass, j *cellJudge, made cut, out *Draft) error {
	out.TargetRef, out.Parent, out.Tree, out.Objects, out.Was = made.ref, made.tip, made.tree, made.objects, j.admitted().Revision
	out.dir, out.before = made.dir, made.before.tree
	unsigned := schema.NewObject(schema.CommitObject, made.commit("nobody <nobody@invalid>", d.Now.Unix(), out.Message))
	beside := map[schema.Hash]schema.Object{unsigned.ID: unsigned}
	for _, o := range made.objects {
		beside[o.ID] = o
	}
	q := d.Clone.pass(d.Beside(func(id schema.Hash) (schema.ObjectKind, []byte, bool) {
		o, ok := beside[id]
		return o.Kind, o.Data, ok
	}), d.Now)
	q.refs = d.Refs
	judge := newCellJudge(q, j.stage, j.cell.App)
	judge.state, judge.chain = j.state, []schema.Hash{made.tip, unsigned.ID}
	g, err := judge.gather(ctx, landing{start: 0, end: 1}, 0)
	if err != nil {
		return err
	}
	if d.Asker != "" {
		g.facts.Excluded = append(slices.Clone(g.facts.Excluded), d.Asker)
	}
	out.Change = g.facts.Change
	out.Verdict = withoutPolicies(judge.evaluate(g.facts), "merge-request", "signed", "duties")
	return nil
}

// withoutPolicies leaves out what only the merge request itself answers.
func withoutPolicies(v schema.Verdict, names ...string) schema.Verdict {
	var parts []schema.Verdict
	for _, part := range v.Parts {
		if len(part.Parts) > 0 && part.Policy == v.Policy || part.Policy == "gate" {
			part = withoutPolicies(part, names...)
		}
		if !slices.Contains(names, part.Policy) {
			parts = append(parts, part)
		}
	}
	return schema.All(v.Policy, parts...)
}

// Fits reports whether a commit that somebody pushed before is what the draft would make.
func (d Drafting) Fits(ctx context.Context, draft Draft, head schema.Hash) (bool, error) {
	_, j, err := d.judge(ctx, draft.Cell)
	if err != nil {
		return false, err
	}
	made := cut{tip: draft.Parent, dir: draft.dir, before: cellFiles{tree: draft.before}}
	return made.fits(ctx, j, head)
}

func refusedCut(cell schema.Cell, err error) error {
	var why reason
	if !errors.As(err, &why) {
		return err
	}
	return &Refused{
		Why: string(why), Done: why.done(),
		Hint: fmt.Sprintf("sluice why %s %s shows what is there", cell.App, cell.Stage),
	}
}

func refusedPromotion(app prospects, j *cellJudge, why string) error {
	cell := j.cell
	out := &Refused{Why: why, Hint: fmt.Sprintf("sluice why %s %s shows what stands in the way", cell.App, cell.Stage)}
	for _, from := range lifecycle.Sources(app.project, lifecycle.Promote, cell.Stage) {
		a := app.states[from].Admitted
		switch {
		case strings.Contains(why, " already, as "):
			out.Done = true
		case a.Seq > 0 && strings.Contains(why, "is a rollback"):
			out.Hint = fmt.Sprintf("sluice rollback %s --stage %s --to %s", cell.App, cell.Stage, a.Revision)
		case a.Seq > 0 && a.LiveAt.IsZero():
			out.Hint = fmt.Sprintf("sluice why %s %s shows what stands in the way there", cell.App, from)
		}
	}
	return out
}

func rollbackText(d Draft, now ledger.Admission) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s goes back to %s, which entry #%d of the ledger admitted there. It has %s now.", d.Cell, d.Revision, d.Entry, had(now))
	keysText(line, d.Edits)
	line("")
	line("Look at it:")
	line("")
	line("    git fetch origin")
	line("    sluice history %s", d.Cell.App)
	line("    sluice why %s %s", d.Cell.App, d.Cell.Stage)
	return b.String()
}
