package reconciler

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// cut is a commit that is to be made on top of a ref's tip: it changes one cell and nothing else (RULES R8).
type cut struct {
	cell    schema.Cell
	ref     string
	tip     schema.Hash // its parent
	tree    schema.Hash
	dir     schema.Hash     // the cell's tree
	objects []schema.Object // trees that the repository may lack
	before  cellFiles
	after   schema.Manifest
}

// reason is why something is not proposed now, for people; it is no failure.
type reason string

func (r reason) Error() string { return string(r) }

// admittedTree reads from Git what an admission let into a cell, from where the stage lay then.
func (p *pass) admittedTree(ctx context.Context, cell schema.Cell, a ledger.Admission) (schema.Manifest, error) {
	if a.Content == schema.NoContent {
		return nil, nil
	}
	project, err := p.projectAt(ctx, a.Seq)
	if err != nil {
		return nil, err
	}
	stage, ok := project.Stage(cell.Stage)
	if !ok {
		return nil, fmt.Errorf("entry #%d: the project had no stage %s", a.Seq, cell.Stage)
	}
	entry, err := entryAt(ctx, p.cfg.Repository, a.Commit, project.CellPath(stage, cell.App))
	if err != nil {
		return nil, fmt.Errorf("what entry #%d admitted: %w", a.Seq, err)
	}
	files, problems, err := p.cfg.Repository.Files(ctx, entry.ID)
	if err != nil {
		return nil, fmt.Errorf("what entry #%d admitted: %w", a.Seq, err)
	}
	if len(problems) > 0 || files.Content() != a.Content {
		return nil, fmt.Errorf("commit %s does not hold what entry #%d admitted", a.Commit.Short(), a.Seq)
	}
	return files, nil
}

// done reports whether the reason is that nothing is left to do.
func (r reason) done() bool { return strings.HasSuffix(string(r), haveAlready) }

const haveAlready = " has these files already, merged or admitted"

// cutAt puts promoted files in place of those that a cell has at the tip of its stage's ref; its stage-local ones stay. The
// cell has to hold there what was admitted: nothing is built on what waits.
func (p *pass) cutAt(ctx context.Context, j *cellJudge, files schema.Manifest) (cut, error) {
	tip := p.refs[j.ref]
	if tip.IsZero() {
		return p.cutTo(ctx, j, nil)
	}
	before, err := j.filesAt(ctx, tip)
	if err != nil {
		return cut{}, err
	}
	local := p.rules.project.StageLocal
	c, err := p.cutTo(ctx, j, append(files.Promoted(local), before.manifest.Local(local)...))
	if err == nil && before.side.Content != j.admitted().Content {
		err = reason(fmt.Sprintf("%s holds something for %s that was not admitted: nothing is built on top of it", branchName(j.ref), j.cell))
	}
	return c, err
}

// cutTo gives a cell these files and no others.
func (p *pass) cutTo(ctx context.Context, j *cellJudge, all schema.Manifest) (cut, error) {
	c := cut{cell: j.cell, ref: j.ref, tip: p.refs[j.ref]}
	if c.tip.IsZero() {
		return c, reason(fmt.Sprintf("there is no branch %s yet to merge into", branchName(j.ref)))
	}
	var err error
	if c.before, err = j.filesAt(ctx, c.tip); err != nil {
		return c, err
	}
	if c.after, err = schema.NewManifest(all); err != nil {
		return c, err
	}
	if c.after.Content() == c.before.side.Content {
		return c, reason(fmt.Sprintf("%s, on %s,%s", j.cell, branchName(j.ref), haveAlready))
	}
	return c, c.make(ctx, p.cfg.Repository, j.path)
}

// make makes the trees.
func (c *cut) make(ctx context.Context, repo Repository, path string) error {
	info, err := repo.Commit(ctx, c.tip)
	if err != nil {
		return fmt.Errorf("read commit %s: %w", c.tip.Short(), err)
	}
	g := &grafter{repo: repo}
	if c.dir, err = g.plant(c.after); err != nil {
		return fmt.Errorf("files of %s: %w", c.cell, err)
	}
	if c.tree, err = g.graft(ctx, info.Tree, path, c.dir); err != nil {
		return fmt.Errorf("files of %s: %w", c.cell, err)
	}
	if c.tree.IsZero() {
		c.tree = g.tree(nil)
	}
	c.objects = g.objects
	return nil
}

// onTop reports whether a commit's parent is the tip.
func (c cut) onTop(ctx context.Context, repo Repository, head schema.Hash) bool {
	info, err := repo.Commit(ctx, head)
	return err == nil && len(info.Parents) == 1 && info.Parents[0] == c.tip
}

// fits reports whether a commit that was made before is what the cut would make: the same files, on top of a position at
// which the cell was as it is at the tip.
func (c cut) fits(ctx context.Context, j *cellJudge, head schema.Hash) (bool, error) {
	tree, err := j.treeAt(ctx, head)
	if err != nil || tree != c.dir {
		return false, err
	}
	bases, err := j.cfg.Repository.MergeBases(ctx, c.tip, head)
	if err != nil || len(bases) == 0 {
		return false, err
	}
	for _, base := range bases {
		at, err := j.treeAt(ctx, base)
		if err != nil || at != c.before.tree {
			return false, err
		}
	}
	return true, nil
}
