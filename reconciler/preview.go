package reconciler

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// Step is a change that is proposed and not merged, as a checkout has it.
type Step struct {
	Base schema.Hash // commit that the change is on top of
	Head schema.Hash // commit whose content is proposed; in a merged-results pipeline the forge's throw-away merge
	// Signed is the commit that people pushed: its commits since Base are those whose signatures count.
	Signed schema.Hash
	// Target is where the branch is that it is for, if that is known and on top of Base.
	Target schema.Hash
	// Tips are where the stages' own branches are, as far as the checkout knows. Only a guess without a ledger needs them.
	Tips map[schema.StageName]schema.Hash
}

// Previewer judges steps by the rules in force with what a checkout has (RULES R40): no forge, no target, and where the
// ledger's branch was not fetched, no ledger.
type Previewer struct {
	Project schema.Project
	Trust   schema.Trust
	Files   map[string][]byte // the control files in force
	clone   *Clone            // nil without a ledger
	rules   *rules
}

// Previewer judges by the ledger and the rules that it has in force.
func (c *Clone) Previewer() *Previewer {
	return &Previewer{Project: c.Project, Trust: c.Trust, Files: c.Files, clone: c, rules: c.rules}
}

// NewPreviewer judges by control files alone. What a change is can only be guessed then, from what the branches hold.
func NewPreviewer(files map[string][]byte) (*Previewer, error) {
	rules, err := newRules(files)
	if err != nil {
		return nil, err
	}
	return &Previewer{Project: rules.project, Trust: rules.trust, Files: files, rules: rules}, nil
}

// Preview is what a step would change in one cell. Its verdict is the gate's on facts without a merge request, approvals and
// targets: what it says of these nobody has judged.
type Preview struct {
	Cell      schema.Cell
	Path, Ref string
	Change    schema.Change
	// Hint says that the kind of change was guessed without a ledger; what follows from it is no verdict.
	Hint bool
	// Mode is that of the stage where it does not enforce.
	Mode    schema.StageMode
	Entry   int64 // of the ledger, that the cell's admitted content rests on; 0 if none
	Verdict schema.Verdict
	// Pending says that the base does not hold what was admitted: something on the branch waits, and this would be on top of it.
	Pending bool
	// Above is what was not let in on the branch and lies below it: it would not be judged. Nil where there is nothing of the kind.
	Above *schema.HeldView
	// Moved says that somebody else changed the cell since the people's commits left it, so that what lands is not what they
	// signed (RULES R6).
	Moved         bool
	Before, After map[string][]byte // the cell's files, by path relative to the app
	Commits       []schema.CommitVerdict
}

func (v *Previewer) pass(repo Repository, now time.Time) *pass {
	if v.clone != nil {
		return v.clone.pass(repo, now)
	}
	return &pass{Reconciler: &Reconciler{cfg: Config{Repository: repo}}, now: now, rules: v.rules}
}

// Cell judges what a step changes in a cell.
func (v *Previewer) Cell(ctx context.Context, repo Repository, cell schema.Cell, step Step, now time.Time) (Preview, error) {
	stage, ok := v.Project.Stage(cell.Stage)
	if !ok {
		return Preview{}, fmt.Errorf("stage %s: the project has none", cell.Stage)
	}
	out, err := v.preview(ctx, v.pass(repo, now), stage, cell, step)
	if err != nil {
		return Preview{}, fmt.Errorf("preview %s: %w", cell, err)
	}
	return out, nil
}

func (v *Previewer) preview(ctx context.Context, p *pass, stage schema.Stage, cell schema.Cell, step Step) (Preview, error) {
	c, h, from, err := v.prepare(ctx, p, stage, cell, step)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Cell: cell, Path: c.path, Ref: c.ref, Hint: v.clone == nil}
	if stage.Mode.Weak() {
		out.Mode = stage.Mode
	}
	before, err := c.filesAt(ctx, step.Base)
	if err != nil {
		return out, err
	}
	after, err := c.filesAt(ctx, step.Head)
	if err != nil {
		return out, err
	}
	if out.Before, err = c.contents(ctx, before); err != nil {
		return out, err
	}
	if out.After, err = c.contents(ctx, after); err != nil {
		return out, err
	}
	if out.Moved, err = c.movedUnder(ctx, step); err != nil {
		return out, err
	}
	if out.Above, err = c.heldBelow(ctx, step, after); err != nil {
		return out, err
	}
	b, err := c.withCommits(ctx, c, bound{}, step.Base, step.Signed)
	if err != nil {
		return out, err
	}
	var unproven []schema.Problem
	if out.Change, unproven, err = c.classified(ctx, h, from, after); err != nil {
		return out, err
	}
	out.Commits, out.Pending = b.commits, before.side.Content != c.admitted().Content
	if v.clone != nil {
		out.Entry = c.state.Admitted.Seq
	}
	f, err := v.facts(ctx, c, h, &out, after, step)
	if err != nil {
		return out, err
	}
	f.Before, f.After, f.Was, f.Unproven = from, after.manifest, out.Before, unproven
	if f.Excluded, err = c.carriedBy(ctx, h, out.Change, from, after.manifest); err != nil {
		return out, err
	}
	if c.asksForApps(out.Change) {
		if f.Apps, err = c.appsCounted(ctx, stage, step.Base, step.Head); err != nil {
			return out, err
		}
	}
	out.Verdict = c.evaluate(f)
	return out, nil
}

// facts are those that a checkout has.
func (v *Previewer) facts(ctx context.Context, c *cellJudge, h history, out *Preview, to cellFiles, step Step) (policies.Facts, error) {
	f := policies.Facts{
		Now: c.now, Cell: c.cell, Ref: c.ref, Commits: out.Commits, Landing: schema.Landing{Tip: step.Signed}, Trust: c.rules.trust,
		Problems: c.problems(to), Files: out.After, Schemas: c.rules.files, Misfits: c.misfits(out.After, to),
		Admitted: c.state.Admitted.Seq, Retirement: c.rules.retirement(c.cell.App),
	}
	if v.clone != nil {
		f.Rollbacks = rollbacksOf(h.project, c.state, h.others)
		var err error
		if f.Unlinked, err = c.noEdge(ctx, h, &out.Change); err != nil {
			return f, err
		}
		if f.Suspended, err = c.suspended(ctx); err != nil {
			return f, err
		}
	}
	f.Change, f.Gate = out.Change, c.rules.gate(c.stage.Name, out.Change.Kind).digest
	if s := out.Change.Source; s != nil {
		f.Live = s.LiveSeq
	}
	return f, nil
}

// prepare finds the cell's history: in the ledger, or as the base has it.
func (v *Previewer) prepare(ctx context.Context, p *pass, stage schema.Stage, cell schema.Cell, step Step) (*cellJudge, history, schema.Manifest, error) {
	if v.clone == nil {
		return v.guess(ctx, p, stage, cell, step)
	}
	c, err := p.cellJudge(ctx, stage, cell.App)
	if err != nil {
		return nil, history{}, nil, err
	}
	from, err := c.admittedManifest(ctx)
	if err != nil {
		return nil, history{}, nil, err
	}
	h, err := c.fullHistory(ctx)
	return c, h, from, err
}

// guess takes what lies in the stages' places for what is admitted and live there. A stage whose branch is not known has
// nothing, so that a promotion from it looks like an override.
func (v *Previewer) guess(ctx context.Context, p *pass, stage schema.Stage, cell schema.Cell, step Step) (*cellJudge, history, schema.Manifest, error) {
	c := newCellJudge(p, stage, cell.App)
	before, err := c.filesAt(ctx, step.Base)
	if err != nil {
		return nil, history{}, nil, err
	}
	c.state = v.guessed(c.cell, before, step.Base, p.now)
	h := c.history()
	h.others = map[schema.StageName]ledger.State{}
	for _, other := range v.Project.Stages {
		at := step.Base
		if v.Project.Layout == schema.BranchLayout {
			at = step.Tips[other.Name]
		}
		if other.Name == stage.Name || at.IsZero() {
			continue
		}
		o := newCellJudge(p, other, cell.App)
		files, err := o.filesAt(ctx, at)
		if err != nil {
			return nil, history{}, nil, err
		}
		h.others[other.Name] = v.guessed(o.cell, files, at, p.now)
	}
	return c, h, before.manifest, nil
}

func (v *Previewer) guessed(cell schema.Cell, files cellFiles, at schema.Hash, now time.Time) ledger.State {
	s := ledger.State{Stage: cell.Stage, App: cell.App}
	if files.side.Revision == schema.None {
		return s
	}
	s.Admitted = ledger.Admission{Seq: 1, Revision: files.side.Revision, Content: files.side.Content, Commit: at, LiveAt: now, LiveSeq: 1}
	s.Revisions = []ledger.Admission{s.Admitted}
	return s
}

func (c *cellJudge) movedUnder(ctx context.Context, step Step) (bool, error) {
	var trees [4]schema.Hash
	for i, commit := range []schema.Hash{step.Base, step.Head, step.Signed, step.Target} {
		var err error
		if trees[i], err = c.treeAt(ctx, commit); err != nil {
			return false, err
		}
	}
	base, head, signed, target := trees[0], trees[1], trees[2], trees[3]
	return signed != head || !step.Target.IsZero() && target != base && target != head, nil
}

// heldBelow is what is held in the cell where a step would land on top of it, and does not lead back to what was admitted before.
func (c *cellJudge) heldBelow(ctx context.Context, step Step, after cellFiles) (*schema.HeldView, error) {
	onto := step.Target
	if onto.IsZero() {
		onto = step.Base
	}
	held := c.state.Held
	if held == nil {
		return nil, nil
	}
	if on, err := c.cfg.Repository.IsAncestor(ctx, held.Tip, onto); err != nil || !on {
		return nil, err
	}
	if on, err := c.onTop(ctx, onto, schema.Change{To: after.side}); err != nil || !on {
		return nil, err
	}
	out := heldView(*held)
	return &out, nil
}

func (c *cellJudge) filesAt(ctx context.Context, commit schema.Hash) (cellFiles, error) {
	tree, err := c.treeAt(ctx, commit)
	if err != nil {
		return cellFiles{}, err
	}
	return c.filesOf(ctx, tree)
}
