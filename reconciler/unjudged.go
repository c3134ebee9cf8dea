package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// WithUnjudged adds to a view what the branches hold that no pass has judged: a reconciler that does not run leaves a ledger in which
// all is as intended. tips are the branches as the clone has them, by full name; one that it does not have says nothing. What cannot be
// compared is named, and is no yes.
func WithUnjudged(ctx context.Context, v schema.View, l *ledger.Ledger, repo Repository, project schema.Project, tips map[string]schema.Hash) schema.View {
	refs := l.Refs()
	for ref, tip := range tips {
		seen := refs.Seen[ref]
		if _, refused := refs.Incident[ref]; refused || tip.IsZero() || tip == seen {
			continue
		}
		if err := addUnjudged(ctx, &v, repo, project, ref, seen, tip); err != nil {
			v.Unread = append(v.Unread, fmt.Sprintf("what %s holds and no pass has judged is unknown: %v", ref, err))
		}
	}
	slices.SortFunc(v.Apps, func(a, b schema.AppView) int { return cmp.Compare(a.App, b.App) })
	return v
}

// addUnjudged marks what differs between what was seen of a ref and its tip. A clone whose branch is older than its ledger knows of
// nothing new.
func addUnjudged(ctx context.Context, v *schema.View, repo Repository, project schema.Project, ref string, seen, tip schema.Hash) error {
	if !seen.IsZero() {
		if behind, err := repo.IsAncestor(ctx, tip, seen); behind || err != nil {
			return err
		}
	}
	for _, stage := range project.Stages {
		if project.Ref(stage) != ref {
			continue
		}
		apps, err := unjudged(ctx, repo, project, stage, seen, tip)
		if err != nil {
			return err
		}
		for _, app := range apps {
			v.Apps = withUnjudged(v.Apps, project, schema.Cell{Stage: stage.Name, App: app}, schema.UnjudgedView{Commit: tip})
		}
	}
	if ref != "refs/heads/"+project.Branch {
		return nil
	}
	for _, path := range ControlPaths {
		before, err := entryAt(ctx, repo, seen, path)
		if err != nil {
			return err
		}
		after, err := entryAt(ctx, repo, tip, path)
		if err != nil {
			return err
		}
		if before.ID != after.ID || before.Mode != after.Mode {
			v.Unjudged = &schema.UnjudgedView{Commit: tip}
		}
	}
	return nil
}

// unjudged names the apps of a stage that differ between two commits.
func unjudged(ctx context.Context, repo Repository, project schema.Project, stage schema.Stage, seen, tip schema.Hash) ([]schema.App, error) {
	before, err := subtree(ctx, repo, seen, project.Dir(stage))
	if err != nil {
		return nil, err
	}
	after, err := subtree(ctx, repo, tip, project.Dir(stage))
	if err != nil {
		return nil, err
	}
	return changedApps(ctx, repo, project.Apps, before, after)
}

// withUnjudged marks a cell, of an app that the ledger does not know, too. The cells are the caller's to change.
func withUnjudged(apps []schema.AppView, project schema.Project, cell schema.Cell, what schema.UnjudgedView) []schema.AppView {
	at := slices.IndexFunc(apps, func(a schema.AppView) bool { return a.App == cell.App })
	if at < 0 {
		a := schema.AppView{App: cell.App}
		a.Owner, a.Labels = project.Whose(cell.App)
		for _, stage := range project.Stages {
			a.Cells = append(a.Cells, schema.CellView{Cell: schema.Cell{Stage: stage.Name, App: cell.App}, Ref: project.Ref(stage), Path: project.CellPath(stage, cell.App), State: schema.Absent})
		}
		apps, at = append(slices.Clip(apps), a), len(apps)
	}
	for i := range apps[at].Cells {
		c := &apps[at].Cells[i]
		if c.Cell.Stage != cell.Stage {
			continue
		}
		c.Unjudged = &what
		switch c.State {
		case schema.Absent, schema.Live, schema.Prepared, schema.Retired, schema.Admitted, schema.Observed: // the others are for a person already
			c.State = schema.Unjudged
		}
	}
	return apps
}
