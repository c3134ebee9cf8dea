package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// branchPlaces is the checkout with the branch of each stage beside it, and the project as it is of them: a stage is where its branch is.
type branchPlaces struct {
	fs.FS
	project  schema.Project
	branches map[string]treeFS // by name
}

// Open reads below the name of a branch what the branch has, and all else in the checkout.
func (b branchPlaces) Open(name string) (fs.File, error) {
	for branch, tree := range b.branches {
		if name == branch {
			return tree.Open(".")
		}
		if inside, ok := strings.CutPrefix(name, branch+"/"); ok {
			return tree.Open(inside)
		}
	}
	return b.FS.Open(name)
}

// lintBranches judges the branches of the stages as far as this clone has them, each as it is here, else at the origin, and says which it took.
func (a *app) lintBranches(ctx context.Context, root fs.FS, project schema.Project, op *schema.Operator, source []byte) (schema.Diagnostics, error) {
	repo, refs, err := a.openRepo(ctx)
	if err != nil {
		fmt.Fprintln(a.errs, "sluice: no branch of a stage is judged: this is no clone")
		return nil, nil
	}
	defer repo.Close()
	places := branchPlaces{FS: root, project: project, branches: map[string]treeFS{}}
	places.project.Layout, places.project.Stages = schema.DirectoryLayout, nil
	for _, stage := range project.Stages {
		ref, tip := stageRef(refs, stage.Branch)
		if tip.IsZero() {
			fmt.Fprintf(a.errs, "sluice: %s is not judged: its branch %s is neither here nor at origin\n", stage.Name, stage.Branch)
			continue
		}
		commit, err := repo.Commit(ctx, tip)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", ref, err)
		}
		fmt.Fprintf(a.errs, "sluice: %s is judged as %s has it (%s)\n", stage.Name, ref, tip.Short())
		places.branches[stage.Branch] = treeFS{ctx: ctx, repo: repo, tree: commit.Tree}
		stage.Place = stage.Branch
		places.project.Stages = append(places.project.Stages, stage)
	}
	if len(places.project.Stages) < len(project.Stages) { // whether a stage before has an app is not known
		return places.lint(op, nil)
	}
	return places.lint(op, source)
}

// stageRef is the branch as it is in this clone, else as the origin had it last.
func stageRef(refs map[string]schema.Hash, branch string) (string, schema.Hash) {
	for _, ref := range []string{"refs/heads/" + branch, "refs/remotes/origin/" + branch} {
		if tip, ok := refs[ref]; ok {
			return ref, tip
		}
	}
	return "", schema.Hash{}
}

// lint asks what is asked of directories. Places are written as git does, BRANCH:PATH. source is the project file where every branch is
// known, for only then is it told what none of them has.
func (b branchPlaces) lint(op *schema.Operator, source []byte) (schema.Diagnostics, error) {
	var found schema.Diagnostics
	add := func(more schema.Diagnostics, err error) error {
		found = append(found, more...)
		return err
	}
	err := errors.Join(add(lintPlaces(b, b.project)), add(lintFits(b, b.project, op)), add(lintGates(b, b.project)))
	if source != nil {
		err = errors.Join(err, add(lintAlone(b, b.project)), add(lintNames(b, b.project, source)))
	}
	if err != nil {
		return nil, err
	}
	for i, d := range found {
		for branch := range b.branches {
			if inside, ok := strings.CutPrefix(d.Position.File, branch+"/"); ok {
				found[i].Position.File = branch + ":" + inside
				found[i].Message = strings.ReplaceAll(d.Message, branch+"/"+inside, inside)
			}
		}
	}
	return found, nil
}
