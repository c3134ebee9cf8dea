package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// maxMisfits is how many apps are named that a target cannot hold.
const maxMisfits = 20

// sealFits refuses to seal what a target of its stage cannot hold: what is sealed is admitted without a gate, and every delivery
// of it would fail until it is replaced. Of what kind targets are, their names say, or the operator's file.
func sealFits(ctx context.Context, repo *gitrepo.Repo, project schema.Project, config string, sealing reconciler.Sealing) error {
	op, err := traceFlags{config: config}.operator()
	if err != nil {
		return err
	}
	trees := map[schema.Hash]schema.Hash{} // of commits
	var found schema.Diagnostics
	for _, cell := range sealing.Cells {
		stage, ok := project.Stage(cell.Stage)
		if !ok || len(found) >= maxMisfits {
			continue
		}
		if trees[cell.Commit].IsZero() {
			info, err := repo.Commit(ctx, cell.Commit)
			if err != nil {
				return err
			}
			trees[cell.Commit] = info.Tree
		}
		rules := importRules{project: project, stage: stage, operator: ofProject(op, sealing.Anchor)}
		problems, err := sealedFit(ctx, repo, rules, trees[cell.Commit], cell)
		if err != nil {
			return fmt.Errorf("read %s in %s: %w", cell.App, cell.Stage, err)
		}
		found = append(found, problems...)
	}
	if len(found) == 0 {
		return nil
	}
	return &failure{
		code: exitUsage, err: errors.Join(errors.New("a target cannot hold what would be sealed; nothing was signed"), found.Err()),
		hint: "change these apps, or the targets of their stages, and push that first: sluice lint names all of them",
	}
}

// sealedFit holds one cell against the targets of its stage. What cannot be understood is no matter of its size.
func sealedFit(ctx context.Context, repo *gitrepo.Repo, rules importRules, tree schema.Hash, cell ledger.SealedCell) (schema.Diagnostics, error) {
	entry, ok, err := repo.Lookup(ctx, tree, rules.project.CellPath(rules.stage, cell.App))
	if err != nil || !ok {
		return nil, err
	}
	manifest, problems, err := repo.Files(ctx, entry.ID)
	if err != nil || len(problems) > 0 {
		return nil, err
	}
	var files []importFile
	for _, f := range manifest {
		entry, ok, err := repo.Lookup(ctx, entry.ID, f.Path)
		if err != nil || !ok {
			return nil, err
		}
		data, err := repo.Blob(ctx, entry.ID)
		if err != nil {
			return nil, err
		}
		files = append(files, importFile{App: cell.App, Path: f.Path, Mode: f.Mode, Data: data})
	}
	document, unread := schema.NewDocument(documentFiles(files))
	if len(unread) > 0 {
		return nil, nil
	}
	return misfits(rules, releaseOf(rules, cell.App, files, document)), nil
}
