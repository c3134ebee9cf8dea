package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// lintAll reads the stages' places as they are committed at the head, by the rules in force.
func (d *checkDesk) lintAll(ctx context.Context) error {
	for _, stage := range d.stages {
		if err := d.lintStage(ctx, d.rules.Project.Dir(stage)); err != nil {
			return fmt.Errorf("read stage %s: %w", stage.Name, err)
		}
	}
	return d.lintBeside(ctx)
}

// lintBeside looks for what lies where stages do and is in none of them, like a stage whose name is misspelt.
func (d *checkDesk) lintBeside(ctx context.Context) error {
	if len(d.stages) == 0 {
		return nil
	}
	for _, folder := range d.rules.Project.StageFolders() {
		tree, err := d.treeOf(ctx, d.step.Head, folder)
		if err != nil {
			return fmt.Errorf("read %s: %w", folder, err)
		}
		base, err := d.treeOf(ctx, d.step.Base, folder)
		if err != nil {
			return fmt.Errorf("read %s: %w", folder, err)
		}
		if tree.IsZero() {
			continue
		}
		err = d.repo.Walk(ctx, tree, func(path string, _ gitrepo.TreeEntry) (bool, error) {
			if x, ok := d.rules.Project.Beside(folder + "/" + path); ok {
				d.found(x, d.step.Base != d.step.Head && d.sameEntry(ctx, tree, base, path))
			}
			return false, nil
		})
		if err != nil {
			return fmt.Errorf("read %s: %w", folder, err)
		}
	}
	return nil
}

// lintStage goes to the apps, and through what lies above and beside them.
func (d *checkDesk) lintStage(ctx context.Context, dir string) error {
	tree, err := d.treeOf(ctx, d.step.Head, dir)
	if err != nil || tree.IsZero() {
		return err
	}
	base, err := d.treeOf(ctx, d.step.Base, dir)
	if err != nil {
		return err
	}
	before := d.before(ctx, tree, base)
	return d.repo.Walk(ctx, tree, func(path string, e gitrepo.TreeEntry) (bool, error) {
		if !d.concerns(dir, path) {
			return false, nil
		}
		app, inside := d.rules.Project.Apps.AppOf(path + "/file")
		switch {
		case e.IsDir() && inside && string(app) == path:
			return false, d.lintApp(ctx, underDir(dir, path), app, e.ID, before(path))
		case e.IsDir():
			return true, nil
		case inside && string(app) == path && (e.Mode == gitrepo.ModeSymlink || e.Mode == gitrepo.ModeGitlink):
			d.found(unsupported(underDir(dir, path), treeInfo{e}.Mode()), before(path))
		case !schema.Ignored(underDir(dir, path)):
			d.found(schema.FindingIn(underDir(dir, path), "no-app", map[string]string{"path": underDir(dir, path)}), before(path))
		}
		return false, nil
	})
}

// lintApp reads an app's files. Where some cannot be configuration at all, the others are read all the same, so that everything
// there is to mend is told at once.
func (d *checkDesk) lintApp(ctx context.Context, dir string, app schema.App, tree schema.Hash, before bool) error {
	if _, err := schema.ParseApp(string(app)); err != nil {
		d.found(schema.FindingIn(dir, "name", map[string]string{"name": string(app), "why": nameProblem(err)}), before)
	}
	_, problems, err := d.repo.Files(ctx, tree)
	if err != nil {
		return fmt.Errorf("read %s: %w", dir, err)
	}
	for _, p := range problems {
		at := underDir(dir, p.Path)
		d.found(schema.FindingIn(at, p.Code, map[string]string{"path": at, "detail": p.Detail}), before)
	}
	err = d.repo.Walk(ctx, tree, func(path string, e gitrepo.TreeEntry) (bool, error) {
		if e.IsDir() {
			for _, x := range insideApp(d.rules.Project, underDir(dir, path), app, path) {
				d.found(x, before)
			}
		}
		if mode := schema.Mode(e.Mode); mode != schema.Regular && mode != schema.Executable {
			return e.IsDir(), nil
		}
		data, err := d.repo.Blob(ctx, e.ID)
		if err != nil {
			return false, err
		}
		for _, x := range schema.LintFile(underDir(dir, path), data) {
			d.found(x, before)
		}
		return false, nil
	})
	if len(problems) > 0 {
		return nil // what it could not read is among them
	}
	return err
}

// concerns leaves out what lies beside the stages: at the top of a branch that is one stage, the control files and what no
// app's directory can be called.
func (d *checkDesk) concerns(dir, path string) bool {
	if dir != "" && dir != "." {
		return true
	}
	return !strings.HasPrefix(path, ".") && path != schema.ProjectFile && path != "CODEOWNERS"
}

func underDir(dir, path string) string {
	if dir == "" || dir == "." {
		return path
	}
	return dir + "/" + path
}

// before tells of a path inside a stage whether the change leaves it alone: its app, or the file itself where it is in none.
// Where nothing changes at all, as on the default branch itself, everything counts.
func (d *checkDesk) before(ctx context.Context, tree, base schema.Hash) func(string) bool {
	known := map[string]bool{}
	return func(path string) bool {
		if d.step.Base == d.step.Head {
			return false
		}
		unit := path
		if app, ok := d.rules.Project.Apps.AppOf(path); ok {
			unit = string(app)
		}
		same, seen := known[unit]
		if !seen {
			same = d.sameEntry(ctx, tree, base, unit)
			known[unit] = same
		}
		return same
	}
}

func (d *checkDesk) sameEntry(ctx context.Context, tree, base schema.Hash, path string) bool {
	if base.IsZero() {
		return false
	}
	now, ok, err := d.repo.Lookup(ctx, tree, path)
	if err != nil || !ok {
		return false
	}
	then, ok, err := d.repo.Lookup(ctx, base, path)
	return err == nil && ok && then.ID == now.ID && then.Mode == now.Mode
}

func (d *checkDesk) found(x schema.Diagnostic, before bool) {
	d.out.add(checkFinding{Position: x.Position, Code: x.Code, Message: x.Message, Fix: x.Hint, Before: before})
}

// lintControl reads the control files of the change as files; they judge nothing.
func (d *checkDesk) lintControl(files map[string][]byte, before bool) {
	source, ok := files[schema.ProjectFile]
	if !ok {
		d.found(schema.FindingIn(schema.ProjectFile, "unreadable", nil), before)
		return
	}
	project, found := policies.LoadProject(schema.ProjectFile, source)
	found = append(found, project.MissingSchemas(func(path string) bool { _, ok := files[path]; return ok })...)
	_, records := schema.LoadRetirements(files)
	found = append(found, records...)
	trust, more := schema.LoadTrust(belowTrust(files))
	for i := range more {
		if !strings.HasPrefix(more[i].Position.File, schema.TrustDir) {
			more[i].Position.File = schema.TrustDir + "/" + more[i].Position.File
		}
	}
	if len(more) == 0 {
		_, problems := signing.NewKeyring(trust)
		for _, problem := range problems {
			more = append(more, keyFinding(schema.TrustDir, problem))
		}
	}
	for _, x := range append(found, more...) {
		d.found(x, before)
	}
}
