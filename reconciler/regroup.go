package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// regrouping is what a control change does to cells that were admitted: which files make a revision, and which directories
// are apps.
type regrouping struct {
	regroups  bool                // other files make a revision
	altered   []schema.Cell       // cells whose digest or name changes
	held      []schema.Cell       // those of them that are held
	sealed    []ledger.SealedCell // cells with new names, holding what was admitted under the old ones
	manifests [][]byte            // of sealed
	lost      []string            // why something admitted would be admitted no more, or something else would be
}

// regroup works out what the next rules do to the cells. Nothing is admitted by it: a cell with a new name is sealed only
// with what the cells in its place were admitted with, and only if Git holds exactly that (RULES R9).
func (c *controlJudge) regroup(ctx context.Context, next *rules) (regrouping, error) {
	var g regrouping
	was, is := c.rules.project, next.project
	g.regroups = !slices.Equal(was.StageLocal, is.StageLocal)
	renames := was.Apps.Depth != is.Apps.Depth || !slices.Equal(was.Apps.Patterns, is.Apps.Patterns)
	if !g.regroups && !renames {
		return g, nil
	}
	states, err := c.ledger.Cells(ctx)
	if err != nil {
		return g, fmt.Errorf("read the ledger's state: %w", err)
	}
	for _, stage := range was.Stages {
		if _, stays := is.Stage(stage.Name); !stays {
			continue
		}
		here := inStage(states, stage.Name, was.Apps)
		if err := c.regroupRevisions(ctx, &g, stage, here, is); err != nil {
			return g, err
		}
		if renames {
			if err := c.regroupApps(ctx, &g, here, next, stage.Name); err != nil {
				return g, err
			}
		}
	}
	g.altered, g.held = uniqueCells(g.altered), uniqueCells(g.held)
	return g, nil
}

func inStage(states []ledger.State, stage schema.StageName, rule schema.AppsRule) []ledger.State {
	var out []ledger.State
	for _, s := range states {
		if s.Stage == stage && (appRule{rule}).isApp(string(s.App)) {
			out = append(out, s)
		}
	}
	return out
}

// regroupRevisions finds the cells whose revision is of other files than before, in what was admitted or in what is held.
func (c *controlJudge) regroupRevisions(ctx context.Context, g *regrouping, stage schema.Stage, states []ledger.State, next schema.Project) error {
	if !g.regroups {
		return nil
	}
	for _, s := range states {
		cell := schema.Cell{Stage: s.Stage, App: s.App}
		m, err := c.manifestOf(ctx, s.Admitted)
		if err != nil {
			return fmt.Errorf("%s: %w", cell, err)
		}
		altered := m.Revision(c.rules.project.StageLocal) != m.Revision(next.StageLocal)
		if s.Held != nil {
			tree, err := subtree(ctx, c.cfg.Repository, s.Held.Tip, c.rules.project.CellPath(stage, s.App))
			if err != nil {
				return err
			}
			files, err := readCell(ctx, c.cfg.Repository, c.rules.project, tree)
			if err != nil {
				return err
			}
			altered = altered || files.manifest.Revision(c.rules.project.StageLocal) != files.manifest.Revision(next.StageLocal)
		}
		if altered {
			g.alter(cell, s.Held != nil)
		}
	}
	return nil
}

func (g *regrouping) alter(cell schema.Cell, held bool) {
	g.altered = append(g.altered, cell)
	if held {
		g.held = append(g.held, cell)
	}
}

// regroupApps moves the admitted files of a stage to the apps that they belong to by the next rule.
func (c *controlJudge) regroupApps(ctx context.Context, g *regrouping, states []ledger.State, next *rules, name schema.StageName) error {
	before, heldNow := map[schema.App]schema.Manifest{}, map[schema.App]bool{}
	for _, s := range states {
		m, err := c.manifestOf(ctx, s.Admitted)
		if err != nil {
			return fmt.Errorf("%s in %s: %w", s.App, s.Stage, err)
		}
		before[s.App], heldNow[s.App] = m, s.Held != nil
	}
	after, stray, err := regroupFiles(before, next.project.Apps)
	if err != nil {
		return fmt.Errorf("apps of %s: %w", name, err)
	}
	for _, path := range stray {
		g.lost = append(g.lost, fmt.Sprintf("%s in %s would belong to no app", path, name))
	}
	for app, m := range before {
		if after[app].Content() != m.Content() || !(appRule{next.project.Apps}).isApp(string(app)) {
			g.alter(schema.Cell{Stage: name, App: app}, heldNow[app])
		}
	}
	for _, app := range slices.Sorted(maps.Keys(after)) {
		if was, ok := before[app]; ok && was.Content() == after[app].Content() {
			continue
		}
		if err := c.sealRegrouped(ctx, g, schema.Cell{Stage: name, App: app}, after[app], next); err != nil {
			return err
		}
	}
	return nil
}

// regroupFiles deals the files of a stage's apps out to the apps of another rule. stray are those that would belong to none,
// by their paths below the stage.
func regroupFiles(before map[schema.App]schema.Manifest, rule schema.AppsRule) (after map[schema.App]schema.Manifest, stray []string, err error) {
	files := map[schema.App][]schema.File{}
	for app, m := range before {
		for _, f := range m {
			path := string(app) + "/" + f.Path
			to, ok := rule.AppOf(path)
			if !ok {
				stray = append(stray, path)
				continue
			}
			f.Path = path[len(to)+1:]
			files[to] = append(files[to], f)
		}
	}
	after = map[schema.App]schema.Manifest{}
	for app, list := range files {
		if after[app], err = schema.NewManifest(list); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", app, err)
		}
	}
	slices.Sort(stray)
	return after, stray, nil
}

// sealRegrouped seals a cell with a new name, if it never had another content and Git holds what was admitted.
func (c *controlJudge) sealRegrouped(ctx context.Context, g *regrouping, cell schema.Cell, m schema.Manifest, next *rules) error {
	g.altered = append(g.altered, cell)
	stage, _ := next.project.Stage(cell.Stage)
	state, _, err := c.ledger.Cell(ctx, cell)
	if err != nil {
		return fmt.Errorf("read the ledger's state of %s: %w", cell, err)
	}
	if state.Admitted.Seq > 0 {
		if state.Admitted.Content != m.Content() {
			g.lost = append(g.lost, fmt.Sprintf("%s was admitted with other files by entry #%d", cell, state.Admitted.Seq))
		}
		return nil
	}
	if _, err := schema.ParseApp(string(cell.App)); err != nil {
		g.lost = append(g.lost, err.Error())
		return nil
	}
	seen := c.ledger.Refs().Seen[next.project.Ref(stage)]
	tree, err := subtree(ctx, c.cfg.Repository, seen, next.project.CellPath(stage, cell.App))
	if err != nil {
		return err
	}
	files, err := readCell(ctx, c.cfg.Repository, next.project, tree)
	if err != nil {
		return err
	}
	if len(files.problems) > 0 || files.side.Content != m.Content() {
		g.lost = append(g.lost, fmt.Sprintf("%s holds files that were never admitted", cell))
		return nil
	}
	encoded := m.Encode()
	g.manifests = append(g.manifests, encoded)
	g.sealed = append(g.sealed, ledger.SealedCell{
		Stage: cell.Stage, App: cell.App, Revision: files.side.Revision, Content: files.side.Content,
		Manifest: schema.DigestOf(encoded), Commit: seen, Required: required(stage),
	})
	return nil
}

// manifestOf reads the files of an admission; none for a cell that was never admitted.
func (p *pass) manifestOf(ctx context.Context, a ledger.Admission) (schema.Manifest, error) {
	if a.Seq == 0 || a.Content == schema.NoContent {
		return nil, nil
	}
	encoded, err := p.ledger.EvidenceOf(ctx, a.Seq, a.Manifest)
	if err != nil {
		return nil, fmt.Errorf("manifest admitted by entry #%d: %w", a.Seq, err)
	}
	return schema.ParseManifest(encoded)
}

func uniqueCells(cells []schema.Cell) []schema.Cell {
	slices.SortFunc(cells, func(a, b schema.Cell) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.App, b.App))
	})
	return slices.Compact(cells)
}
