package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) diffCommand() *cobra.Command {
	var f cloneFlags
	c := &cobra.Command{
		Use: "diff FROM TO [APP...]", Short: "Compare stages or revisions, key by key", Args: cobra.MinimumNArgs(2),
		Long: `diff compares what two stages were admitted to have, or what two Git revisions hold in each stage. It prints keys, not
lines of text, and exits with 1 when there is a difference.`,
		Example: `  sluice diff staging production payments
  sluice diff main~1 main`,
		RunE: func(c *cobra.Command, args []string) error { return a.diff(c.Context(), f, args[0], args[1], args[2:]) },
	}
	f.add(c)
	return c
}

// side is one end of a comparison of an app: its files with the words that name it.
type side struct {
	name  string
	files map[string][]byte
}

// appDiff is the difference of one app between two sides.
type appDiff struct {
	App   schema.App  `json:"app"`
	Stage string      `json:"stage,omitempty"` // of a comparison of revisions
	From  string      `json:"from"`
	To    string      `json:"to"`
	Edits []diff.Edit `json:"edits"`
	Equal int         `json:"equal"`
}

func (a *app) diff(ctx context.Context, f cloneFlags, from, to string, only []string) error {
	project, err := a.openClone(ctx, f)
	if err != nil {
		return err
	}
	defer project.Close()
	view, err := reconciler.NewView(ctx, project.Ledger, project.Project)
	if err != nil {
		return err
	}
	for _, app := range only {
		if err := checkApp(view, app); err != nil {
			return err
		}
	}
	fromStage, toStage := slices.Contains(view.Stages, schema.StageName(from)), slices.Contains(view.Stages, schema.StageName(to))
	var diffs []appDiff
	switch {
	case fromStage && toStage:
		diffs, err = stageDiffs(ctx, project, view, schema.StageName(from), schema.StageName(to), only)
	case !fromStage && !toStage:
		diffs, err = revisionDiffs(ctx, project, from, to, only)
	case fromStage:
		err = oddSide(from, to, view.Stages)
	default:
		err = oddSide(to, from, view.Stages)
	}
	if err != nil {
		return err
	}
	return a.printDiffs(diffs)
}

// oddSide is what to say of the side that is no stage where the other one is.
func oddSide(stage, other string, stages []schema.StageName) error {
	hint := schema.DidYouMean(other, words(stages))
	if hint == "" {
		hint = "name two stages (" + strings.Join(words(stages), ", ") + ") or two Git revisions"
	}
	return &failure{code: exitUsage, err: fmt.Errorf("%s is a stage and %s is not", stage, other), hint: hint}
}

// stageDiffs compares what the ledger admitted to two stages.
func stageDiffs(ctx context.Context, c *clone, view schema.View, from, to schema.StageName, only []string) ([]appDiff, error) {
	apps := only
	if len(apps) == 0 {
		for _, app := range view.Apps {
			apps = append(apps, string(app.App))
		}
	}
	var out []appDiff
	for _, app := range apps {
		a, err := admittedSide(ctx, c, schema.Cell{Stage: from, App: schema.App(app)})
		if err != nil {
			return nil, err
		}
		b, err := admittedSide(ctx, c, schema.Cell{Stage: to, App: schema.App(app)})
		if err != nil {
			return nil, err
		}
		out = append(out, compare(schema.App(app), "", a, b))
	}
	return out, nil
}

func admittedSide(ctx context.Context, c *clone, cell schema.Cell) (side, error) {
	state, ok, err := c.Ledger.Cell(ctx, cell)
	if err != nil {
		return side{}, err
	}
	if !ok || state.Admitted.Seq == 0 {
		return side{name: fmt.Sprintf("%s (nothing)", cell.Stage)}, nil
	}
	stage, _ := c.Project.Stage(cell.Stage)
	files, err := filesAt(ctx, c.repo, state.Admitted.Commit, c.Project.CellPath(stage, cell.App))
	return side{name: fmt.Sprintf("%s %s", cell.Stage, state.Admitted.Revision), files: files}, err
}

// revisionDiffs compares every cell that differs between two revisions of the branch that holds the stages.
func revisionDiffs(ctx context.Context, c *clone, from, to string, only []string) ([]appDiff, error) {
	a, err := resolve(ctx, c.repo, c.refs, from)
	if err != nil {
		return nil, err
	}
	b, err := resolve(ctx, c.repo, c.refs, to)
	if err != nil {
		return nil, err
	}
	cells, err := reconciler.ChangedCells(ctx, gitrepo.Mirror{Repo: c.repo}, c.Project, a, b)
	if err != nil {
		return nil, err
	}
	var out []appDiff
	for _, cell := range cells {
		if len(only) > 0 && !slices.Contains(only, string(cell.App)) {
			continue
		}
		stage, _ := c.Project.Stage(cell.Stage)
		path := c.Project.CellPath(stage, cell.App)
		before, err := filesAt(ctx, c.repo, a, path)
		if err != nil {
			return nil, err
		}
		after, err := filesAt(ctx, c.repo, b, path)
		if err != nil {
			return nil, err
		}
		out = append(out, compare(cell.App, string(cell.Stage), side{from, before}, side{to, after}))
	}
	return out, nil
}

func filesAt(ctx context.Context, repo *gitrepo.Repo, commit schema.Hash, path string) (map[string][]byte, error) {
	info, err := repo.Commit(ctx, commit)
	if err != nil {
		return nil, err
	}
	entry, ok, err := repo.Lookup(ctx, info.Tree, path)
	if err != nil || !ok {
		return nil, err
	}
	manifest, problems, err := repo.Files(ctx, entry.ID)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %s", path, problems[0])
	}
	files := map[string][]byte{}
	for _, f := range manifest {
		if files[f.Path], err = repo.Blob(ctx, f.Blob); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func compare(app schema.App, stage string, from, to side) appDiff {
	edits, equal := diff.Keys(from.files, to.files)
	return appDiff{App: app, Stage: stage, From: from.name, To: to.name, Edits: diff.Mask(edits), Equal: equal}
}

func (a *app) printDiffs(diffs []appDiff) error {
	if diffs == nil {
		diffs = []appDiff{}
	}
	differs := false
	for _, d := range diffs {
		differs = differs || len(d.Edits) > 0
	}
	if a.json() {
		if err := json.NewEncoder(a.out).Encode(diffs); err != nil {
			return err
		}
	} else {
		for _, d := range diffs {
			printDiff(a.out, d)
		}
		if !differs {
			fmt.Fprintln(a.out, "no difference")
		}
	}
	if differs {
		return answer{exitNo}
	}
	return nil
}

func printDiff(w io.Writer, d appDiff) {
	if len(d.Edits) == 0 {
		return
	}
	place := string(d.App)
	if d.Stage != "" {
		place += " in " + d.Stage
	}
	fmt.Fprintf(w, "%s  %s .. %s  %d of %d keys differ\n", schema.Printable(place), d.From, d.To, len(d.Edits), len(d.Edits)+d.Equal)
	width := 0
	for _, e := range d.Edits {
		width = max(width, len(e.Key))
	}
	for _, e := range d.Edits {
		fmt.Fprintf(w, "  %s %-*s  %s\n", map[string]string{"add": "+", "remove": "-", "replace": "~"}[e.Op], width, schema.Printable(e.Key), editText(e))
	}
}

func editText(e diff.Edit) string {
	place := ""
	if e.Position.Line > 0 {
		place = "   " + e.Position.String()
	}
	switch e.Op {
	case "add":
		return schema.Printable(e.To) + place
	case "remove":
		return schema.Printable(e.From) + place
	}
	return schema.Printable(e.From) + " -> " + schema.Printable(e.To) + place
}
