package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) diffCommand() *cobra.Command {
	var f cloneFlags
	c := &cobra.Command{
		Use: "diff FROM TO [APP...]", Short: "Compare stages or revisions, key by key", Args: cobra.MinimumNArgs(2),
		Long: `diff compares what two stages were admitted to have, or what two Git revisions hold in each stage. A stage may be that of
another time: STAGE@TIME (RFC 3339, a date, or how long ago), STAGE@REVISION for a revision that it had, and STAGE@live for what its targets
were last read back with. It prints keys, not lines of text, and exits with 1 when there is a difference.`,
		Example: `  sluice diff staging production payments
  sluice diff production@24h production payments
  sluice diff production@live production
  sluice diff main~1 main
  sluice diff staging production payments -o markdown`,
		Annotations: map[string]string{formats: "text, json or markdown"},
		RunE:        func(c *cobra.Command, args []string) error { return a.diff(c.Context(), f, args[0], args[1], args[2:]) },
	}
	f.add(c)
	return c
}

// side is one end of a comparison of an app: its files with the words that name it.
type side struct {
	name  string
	files map[string][]byte
	known bool // of a stage: something was admitted by then, be it that the app left
}

// appDiff is the difference of one app between two sides.
type appDiff struct {
	App   schema.App  `json:"app"`
	Stage string      `json:"stage,omitempty"` // of a comparison of revisions
	From  string      `json:"from"`
	To    string      `json:"to"`
	Edits []diff.Edit `json:"edits"`
	Equal int         `json:"equal"`
	none  bool        // neither side has the app
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
	fromStage, toStage := isStage(view, from), isStage(view, to)
	var diffs []appDiff
	switch {
	case fromStage && toStage:
		if err = datable(ctx, project.Ledger, len(only) > 0, from, to); err != nil {
			return err
		}
		diffs, err = stageDiffs(ctx, project, view, from, to, only)
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
func stageDiffs(ctx context.Context, c *clone, view schema.View, from, to string, only []string) ([]appDiff, error) {
	apps := only
	if len(apps) == 0 {
		for _, app := range view.Apps {
			apps = append(apps, string(app.App))
		}
	}
	var out []appDiff
	known := false
	for _, app := range apps {
		a, err := admittedSide(ctx, c, from, schema.App(app))
		if err != nil {
			return nil, err
		}
		b, err := admittedSide(ctx, c, to, schema.App(app))
		if err != nil {
			return nil, err
		}
		known = known || a.known || b.known
		out = append(out, compare(schema.App(app), "", a, b))
	}
	if !known {
		return nil, usageError(fmt.Errorf("nothing was admitted to %s or to %s, so there is nothing to compare", from, to))
	}
	return out, nil
}

// datable refuses what no stage can be compared at: a time before the ledger begins, of which nothing is known, and a revision
// without the app that has it.
func datable(ctx context.Context, l *ledger.Ledger, named bool, sides ...string) error {
	for _, text := range sides {
		_, when, dated := strings.Cut(text, "@")
		if !dated || when == "live" {
			continue
		}
		if strings.HasPrefix(when, "r:") {
			if !named {
				return &failure{code: exitUsage, err: fmt.Errorf("%s: a revision is that of one app, and none is named", text), hint: fmt.Sprintf("sluice diff %s APP", strings.Join(sides, " "))}
			}
			continue
		}
		at, err := readMoment("@", when)
		if err != nil {
			continue // said of the app
		}
		first, _, err := l.Entry(ctx, 1)
		if err != nil {
			return err
		}
		if at.Before(first.At) {
			return &failure{code: exitUnprovable, err: fmt.Errorf("%s: what was there is not known before entry #1, of %s", text, first.At.UTC().Format(time.RFC3339)), hint: "compare Git revisions: what lies before the seal is history, not proof"}
		}
	}
	return nil
}

// isStage reports whether a side is a stage, be it at another time.
func isStage(view schema.View, side string) bool {
	name, _, _ := strings.Cut(side, "@")
	return slices.Contains(view.Stages, schema.StageName(name))
}

// admittedSide is what the ledger admitted to a stage: "production", "production@24h", "production@live", "production@r:57ba02cc".
func admittedSide(ctx context.Context, c *clone, text string, app schema.App) (side, error) {
	name, when, dated := strings.Cut(text, "@")
	cell := schema.Cell{Stage: schema.StageName(name), App: app}
	state, ok, err := c.Ledger.Cell(ctx, cell)
	if err != nil {
		return side{}, err
	}
	admitted := state.Admitted
	if dated {
		if admitted, err = admissionAt(state, when); err != nil {
			return side{}, usageError(fmt.Errorf("%s of %s: %w", text, app, err))
		}
	}
	if !ok || admitted.Seq == 0 {
		return side{name: text + " (nothing)"}, nil
	}
	stage, _ := c.Project.Stage(cell.Stage)
	files, err := filesAt(ctx, c.repo, admitted.Commit, c.Project.CellPath(stage, cell.App))
	return side{name: fmt.Sprintf("%s %s", text, admitted.Revision), files: files, known: true}, err
}

// admissionAt finds an admission of a cell: that of a time, or how long ago; the one that every target was last read back with; or the
// newest of a revision. The state has the newest of them; what is older is not guessed.
func admissionAt(state ledger.State, when string) (ledger.Admission, error) {
	if when == "live" {
		return liveAdmission(state)
	}
	is := func(a ledger.Admission) bool { return a.Revision.String() == when }
	if !strings.HasPrefix(when, "r:") {
		at, err := readMoment("@", when)
		if err != nil {
			return ledger.Admission{}, err
		}
		if at.After(now()) {
			return ledger.Admission{}, errors.New("that is in the future")
		}
		is = func(a ledger.Admission) bool { return !a.At.After(at) }
	}
	for _, a := range slices.Backward(state.Revisions) {
		if is(a) {
			return a, nil
		}
	}
	if len(state.Revisions) < ledger.MaxRevisions && !strings.HasPrefix(when, "r:") {
		return ledger.Admission{}, nil // nothing was admitted yet
	}
	return ledger.Admission{}, fmt.Errorf("none of the newest %d admissions is it; sluice history lists all", len(state.Revisions))
}

// liveAdmission is what every target of a cell was last read back with.
func liveAdmission(state ledger.State) (ledger.Admission, error) {
	if len(state.Live) == 0 {
		if state.Admitted.LiveAt.IsZero() {
			return ledger.Admission{}, nil
		}
		return state.Admitted, nil
	}
	seqs := map[int64]bool{}
	for _, live := range state.Live {
		seqs[live.Seq] = true
	}
	for _, a := range state.Revisions {
		if seqs[a.Seq] && len(seqs) == 1 {
			return a, nil
		}
	}
	return ledger.Admission{}, fmt.Errorf("its targets do not all hold the same; sluice status %s shows each", state.App)
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
		out = append(out, compare(cell.App, string(cell.Stage), side{name: from, files: before}, side{name: to, files: after}))
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
	return appDiff{App: app, Stage: stage, From: from.name, To: to.name, Edits: diff.Mask(edits), Equal: equal, none: from.files == nil && to.files == nil}
}

func (a *app) printDiffs(diffs []appDiff) error {
	if diffs == nil {
		diffs = []appDiff{}
	}
	differs, none := false, len(diffs) > 0
	for _, d := range diffs {
		differs, none = differs || len(d.Edits) > 0, none && d.none
	}
	switch a.output {
	case "json":
		if err := a.encode(diffs); err != nil {
			return err
		}
	case "markdown":
		if _, err := io.WriteString(a.out, diffMarkdown(diffs)); err != nil {
			return err
		}
	default:
		for _, d := range diffs {
			printDiff(a.out, d)
		}
		switch {
		case none:
			fmt.Fprintln(a.out, "no difference: none in both")
		case !differs:
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
