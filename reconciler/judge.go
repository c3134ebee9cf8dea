package reconciler

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// cellJudge walks the positions of one cell on its ref and decides, landing by landing, what may enter.
type cellJudge struct {
	*pass
	cell  schema.Cell
	stage schema.Stage
	path  string // the cell's directory on the ref
	ref   string
	chain []schema.Hash // positions, oldest first; chain[0] is where the cell last held admitted content

	parts parts // how each merge request's part in the cell goes; nil where nobody asks
	split split // merge requests that others keep out

	state  ledger.State
	trees  map[schema.Hash]schema.Hash // commit → the cell's tree
	files  map[schema.Hash]cellFiles   // tree → what is in it
	result []judged
}

// judged is one decision that the pass will record.
type judged struct {
	entry    ledger.Entry
	evidence [][]byte
	manifest []byte // of an admission; part of evidence as well
	own      int    // how many of the entry's first digests of evidence follow from the decision alone
}

// judgeCell decides about everything that stands on the ref for a cell and was not decided yet. It never depends on how
// often was polled: each landing is judged as if the pass had run right after it (RULES R15).
func (p *pass) judgeCell(ctx context.Context, cell schema.Cell, seen, tip schema.Hash, how parts, out split) (decided []judged, err error) {
	ctx, span := phase(ctx, "judge")
	defer func() {
		span.text("stage", string(cell.Stage)).text("app", string(cell.App)).text("outcome", outcome(decided)).end(err)
	}()
	stage, _ := p.rules.project.Stage(cell.Stage)
	c, err := p.cellJudge(ctx, stage, cell.App)
	if err != nil {
		return nil, err
	}
	c.parts, c.split = how, out
	base, err := c.base(ctx, seen)
	if err != nil {
		return nil, err
	}
	if c.chain, err = positions(ctx, p.cfg.Repository, base, tip); err != nil {
		return nil, err
	}
	if err := c.walk(ctx); err != nil {
		return nil, fmt.Errorf("judge %s: %w", c.cell, err)
	}
	return c.result, nil
}

// outcome is what a judgement came to, in one word; empty where it is no news.
func outcome(decided []judged) string {
	if len(decided) == 0 {
		return ""
	}
	return string(decided[len(decided)-1].entry.Kind)
}

// cellJudge prepares the judgement of a cell; its chain is the caller's to find.
func (p *pass) cellJudge(ctx context.Context, stage schema.Stage, app schema.App) (*cellJudge, error) {
	c := newCellJudge(p, stage, app)
	state, _, err := p.ledger.Cell(ctx, c.cell)
	if err != nil {
		return nil, fmt.Errorf("read the ledger's state of %s: %w", c.cell, err)
	}
	if c.state, err = p.revised(ctx, state); err != nil {
		return nil, err
	}
	return c, nil
}

// newCellJudge is a judge that knows nothing of the cell yet.
func newCellJudge(p *pass, stage schema.Stage, app schema.App) *cellJudge {
	return &cellJudge{
		pass: p, cell: schema.Cell{Stage: stage.Name, App: app}, stage: stage, ref: p.rules.project.Ref(stage),
		path:  p.rules.project.CellPath(stage, app),
		trees: map[schema.Hash]schema.Hash{}, files: map[schema.Hash]cellFiles{},
	}
}

// base is the position to judge a cell from. Of a stage that this very pass was told of, what lay in its place before is no
// change in the stage: it is judged as if a pass had run between (RULES R15).
func (c *cellJudge) base(ctx context.Context, seen schema.Hash) (schema.Hash, error) {
	since, added := c.added[c.cell.Stage]
	switch {
	case c.state.Held != nil:
		return c.state.Held.Base, nil
	case c.state.Admitted.Seq > 0:
		return c.beforeAway(ctx, seen)
	case !added:
		return seen, nil
	}
	later, err := c.cfg.Repository.IsAncestor(ctx, seen, since)
	if err != nil || !later {
		return seen, err
	}
	return since, nil
}

// walk goes through the landings in order. base is the last position at which the cell held admitted content; pending is
// what was not let in, above which only a rollback or a return to admitted content gets anywhere.
func (c *cellJudge) walk(ctx context.Context) error {
	base := 0
	delete(c.Reconciler.above, c.cell)
	pending, err := c.unsealed(ctx)
	if err != nil {
		return err
	}
	for i := 1; i < len(c.chain); {
		moved, err := c.moved(ctx, i)
		if err != nil {
			return err
		}
		if !moved {
			i++
			continue
		}
		l, err := c.landingAt(ctx, c.ref, c.chain, i)
		if err != nil {
			return err
		}
		back, err := c.lastAdmitted(ctx, i, l.end)
		if err != nil {
			return err
		}
		if back >= 0 {
			base, pending = back, nil
			c.parts.leave(c.cell)
		}
		if base != l.end {
			if base, pending, err = c.step(ctx, l, base, pending); err != nil {
				return err
			}
		}
		i = l.end + 1
	}
	c.conclude(pending)
	return nil
}

// step judges one landing. Above a pending one it is judged only as a rollback, which replaces what it does not judge.
func (c *cellJudge) step(ctx context.Context, l landing, base int, pending *judged) (int, *judged, error) {
	after := max(base, l.start)
	if pending != nil {
		to, err := c.at(ctx, l.end)
		if err != nil {
			return base, nil, err
		}
		h, err := c.fullHistory(ctx)
		if err != nil {
			return base, nil, err
		}
		if !h.rollsBack(c.admitted().Revision, to.side.Revision) {
			c.parts.note(l, c.chain, c.cell, fateOf(pending.entry.Kind))
			c.passOver(l)
			return base, pending, nil
		}
		after = l.start
	}
	d, err := c.judge(ctx, l, after)
	if err != nil {
		return base, nil, err
	}
	if d.entry.Kind.Admits() {
		c.parts.leave(c.cell)
	}
	c.parts.note(l, c.chain, c.cell, fateOf(d.entry.Kind))
	if !d.entry.Kind.Admits() {
		d.entry.Decision.Landing.Base = c.chain[base]
		return base, d, nil
	}
	if pending != nil && c.state.Held != nil {
		d.entry.Decision.Superseded = c.state.Held.Seq
	}
	c.admit(*d)
	return l.end, nil, nil
}

// passOver remembers what is not judged because of what is below it.
func (c *cellJudge) passOver(l landing) {
	if c.Reconciler.above == nil {
		return // nobody looks
	}
	over := schema.AboveView{Commit: c.chain[l.end]}
	if l.request != nil {
		over.MergeRequest = l.request.IID
	}
	c.Reconciler.above[c.cell] = over
}

// admit takes an admission into the state that later landings of this pass are judged by.
func (c *cellJudge) admit(d judged) {
	c.result = append(c.result, d)
	e := d.entry
	e.At, e.Seq = c.now, c.ledger.Head().Size+int64(len(c.result)) // a stand-in: the ledger gives the real one
	c.state = ledger.Fold(c.state, e)
}

// conclude records what is pending if it is news, or that nothing is left to judge.
func (c *cellJudge) conclude(pending *judged) {
	held := c.state.Held
	switch {
	case pending == nil && held != nil:
		c.result = append(c.result, judged{entry: ledger.Entry{
			Kind: ledger.Observe, Code: ledger.Settled, Stage: c.cell.Stage, App: c.cell.App,
		}})
	case pending == nil:
	case held != nil && sameVerdict(*held, *pending.entry.Decision):
	default:
		c.result = append(c.result, *pending)
	}
}

// unsealed denies content that lay in the cell's place before anything was admitted there: it was never sealed, and no
// landing brought it (RULES R29). It is nil where the first position holds what was admitted.
func (c *cellJudge) unsealed(ctx context.Context) (*judged, error) {
	ok, err := c.holdsAdmitted(ctx, 0)
	if err != nil || ok {
		return nil, err
	}
	return c.judge(ctx, landing{start: 0, end: 0}, 0)
}

// sameVerdict is the equality of RULES R33: an equal verdict is not recorded again.
func sameVerdict(held ledger.Held, d ledger.Decision) bool {
	return held.Change.To.Content == d.Change.To.Content && held.Change.Kind == d.Change.Kind &&
		held.Tip == d.Landing.Tip && held.Verdict.Equal(d.Verdict)
}

func (c *cellJudge) admitted() schema.Side {
	if c.state.Admitted.Seq == 0 {
		return schema.Side{Revision: schema.None, Content: schema.NoContent}
	}
	return schema.Side{Revision: c.state.Admitted.Revision, Content: c.state.Admitted.Content}
}

func (c *cellJudge) history() history {
	return history{project: c.rules.project, cell: c.cell, own: c.state, now: c.now}
}

// fullHistory is history with what the other stages have of the app.
func (c *cellJudge) fullHistory(ctx context.Context) (history, error) {
	h := c.history()
	var err error
	h.others, err = c.otherStages(ctx)
	return h, err
}

func (c *cellJudge) holdsAdmitted(ctx context.Context, i int) (bool, error) {
	have, err := c.at(ctx, i)
	return err == nil && have.side.Content == c.admitted().Content, err
}

// lastAdmitted returns the last position of a stretch at which the cell holds admitted content, -1 if there is none.
func (c *cellJudge) lastAdmitted(ctx context.Context, from, to int) (int, error) {
	for i := to; i >= from; i-- {
		ok, err := c.holdsAdmitted(ctx, i)
		if err != nil {
			return -1, err
		}
		if ok {
			return i, nil
		}
	}
	return -1, nil
}

func (c *cellJudge) moved(ctx context.Context, i int) (bool, error) {
	before, err := c.treeAt(ctx, c.chain[i-1])
	if err != nil {
		return false, err
	}
	after, err := c.treeAt(ctx, c.chain[i])
	return before != after, err
}

func (c *cellJudge) treeAt(ctx context.Context, commit schema.Hash) (schema.Hash, error) {
	if tree, ok := c.trees[commit]; ok {
		return tree, nil
	}
	entry, err := entryAt(ctx, c.cfg.Repository, commit, c.path)
	if err != nil {
		return schema.Hash{}, err
	}
	if !entry.IsZero() && !entry.IsDir() {
		c.files[entry.ID] = notADirectory(entry)
	}
	c.trees[commit] = entry.ID
	return entry.ID, nil
}

func (c *cellJudge) at(ctx context.Context, i int) (cellFiles, error) {
	tree, err := c.treeAt(ctx, c.chain[i])
	if err != nil {
		return cellFiles{}, err
	}
	return c.filesOf(ctx, tree)
}

func (c *cellJudge) filesOf(ctx context.Context, tree schema.Hash) (cellFiles, error) {
	if have, ok := c.files[tree]; ok {
		return have, nil
	}
	have, err := readCell(ctx, c.cfg.Repository, c.rules.project, tree)
	if err == nil {
		c.files[tree] = have
	}
	return have, err
}

// touches reports whether a commit changes the cell: its tree is none of its parents'.
func (c *cellJudge) touches(ctx context.Context, id schema.Hash) (bool, error) {
	info, err := c.cfg.Repository.Commit(ctx, id)
	if err != nil {
		return false, fmt.Errorf("read commit %s: %w", id.Short(), err)
	}
	tree, err := c.treeAt(ctx, id)
	if err != nil {
		return false, err
	}
	if len(info.Parents) == 0 {
		return !tree.IsZero(), nil
	}
	trees := make([]schema.Hash, len(info.Parents))
	for i, parent := range info.Parents {
		if trees[i], err = c.treeAt(ctx, parent); err != nil {
			return false, err
		}
	}
	return !slices.Contains(trees, tree), nil
}
