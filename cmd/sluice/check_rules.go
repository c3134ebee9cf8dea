package main

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/schema"
)

// fork reports whether the pipeline runs in a fork, whose own default branch says nothing of the project.
func (d *checkDesk) fork() bool {
	project, here := d.a.environ("CI_MERGE_REQUEST_PROJECT_ID"), d.a.environ("CI_PROJECT_ID")
	return project != "" && here != "" && project != here
}

// findRules takes the rules in force: the ledger's, else the control files of the default branch, never those of the change
// (RULES R9).
func (d *checkDesk) findRules(ctx context.Context) error {
	var err error
	tip := branch(d.refs, d.f.clone.ledger)
	if d.f.control == "" && !tip.IsZero() {
		err = d.rulesOfLedger(ctx, tip)
	} else {
		err = d.rulesOfBranch(ctx)
		d.unanchored(tip)
	}
	if err != nil || d.rules == nil {
		return err
	}
	d.placeTarget()
	return nil
}

func (d *checkDesk) rulesOfLedger(ctx context.Context, tip schema.Hash) error {
	project, err := reconciler.OpenClone(ctx, d.repo, tip, d.anchor)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	d.rules = project.Previewer()
	d.out.Source, d.out.Ledger = fmt.Sprintf("the ledger, entry %d", project.Ledger.Head().Size), project.Ledger.Head().Size
	if d.fork() {
		d.note("this is a fork: its copy of the ledger may be old, so what kind a change is, and where it comes from, is a guess")
	}
	if d.anchor == "" {
		d.note("no anchor was given, so whose ledger this is stays open: set $SLUICE_ANCHOR")
	}
	return nil
}

// unanchored says that an anchor was told and nothing was compared with it.
func (d *checkDesk) unanchored(tip schema.Hash) {
	switch {
	case d.anchor == "":
	case tip.IsZero():
		d.note("the anchor could not be applied: there is no ledger in this clone that it could be compared with")
	default:
		d.note("the anchor was not applied: --control judges by other files than the ledger's")
	}
}

func (d *checkDesk) rulesOfBranch(ctx context.Context) error {
	id, from, err := d.controlFrom(ctx)
	if err != nil {
		return err
	}
	files, err := d.controlFiles(ctx, id)
	if err != nil {
		return fmt.Errorf("control files of %s: %w", from, err)
	}
	if len(files[schema.ProjectFile]) == 0 {
		return d.rulesOfChange(ctx, from)
	}
	if d.rules, err = reconciler.NewPreviewer(files); err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("control files of %s: %w", from, err), hint: "they have to be mended before anything can be judged by them"}
	}
	d.out.Source = "the control files of " + from
	d.note("the ledger is not in this clone: what kind a change is, and where it comes from, is a guess from the branches")
	return nil
}

// rulesOfChange reads the project's first control files, which no others judge. Where they cannot be in force there are no rules.
func (d *checkDesk) rulesOfChange(ctx context.Context, from string) error {
	none := &failure{code: exitUsage, err: fmt.Errorf("no sluice.yaml in %s", from), hint: "sluice init begins a project; where it has begun, name the branch with the control files: --control origin/main"}
	if d.f.control != "" {
		return none
	}
	files, err := d.controlFiles(ctx, d.step.Head)
	if err != nil {
		return fmt.Errorf("control files of the change: %w", err)
	}
	if len(files[schema.ProjectFile]) == 0 {
		return none
	}
	d.begins, d.out.Source = true, "nothing yet"
	d.note("there is no sluice.yaml in " + from + ": the project begins with this change, so its files are read and no gate is asked")
	if d.rules, err = reconciler.NewPreviewer(files); err != nil {
		d.rules = nil
		d.lintControl(files, false)
		if len(d.out.Findings) == 0 {
			code, text := errFile(err)
			d.out.add(checkFinding{Position: schema.Position{File: schema.ProjectFile}, Code: code, Policy: "control", Message: text})
		}
	}
	return nil
}

func (d *checkDesk) controlFiles(ctx context.Context, commit schema.Hash) (map[string][]byte, error) {
	info, err := d.repo.Commit(ctx, commit)
	if err != nil {
		return nil, err
	}
	_, files, err := reconciler.ControlFiles(ctx, d.mirror, info.Tree)
	return files, err
}

// controlFrom finds where the control files are read. In a fork that is where the change left the project, for the fork's own
// default branch is its owner's.
func (d *checkDesk) controlFrom(ctx context.Context) (schema.Hash, string, error) {
	if d.f.control == "" && d.fork() {
		base, err := d.controlBase(ctx)
		if err != nil {
			return base, "", err
		}
		if !base.IsZero() {
			d.note("this is a fork: the control files are those of the commit where the change left the project")
			return base, base.Short(), nil
		}
		d.note("this is a fork: its control files need not be those of the project")
	}
	id, err := controlCommit(ctx, d.f.control, d.repo, d.refs, d.a.environ)
	if err != nil && d.f.control == "" {
		return d.controlElsewhere(ctx, err)
	}
	if err != nil {
		return id, "", err
	}
	if d.f.control != "" {
		return id, d.f.control, nil
	}
	return id, "the default branch (" + id.Short() + ")", nil
}

// controlElsewhere is for a job that fetched its merge request alone, as GitLab's runner does unless it is told to fetch all.
func (d *checkDesk) controlElsewhere(ctx context.Context, unknown error) (schema.Hash, string, error) {
	base, err := d.controlBase(ctx)
	if err != nil {
		return base, "", err
	}
	if base.IsZero() {
		if name := d.a.environ("CI_DEFAULT_BRANCH"); name != "" {
			unknown = &failure{code: exitUnprovable, err: fmt.Errorf("the default branch %s is not in this clone", schema.Printable(name)), hint: fetchAll}
		}
		return base, "", unknown
	}
	d.note("the default branch is not in this clone: the control files are those of the commit where the change left it; " + fetchAll)
	return base, base.Short(), nil
}

// fetchAll says how a clone gets what it lacks.
const fetchAll = `in .gitlab-ci.yml give the job variables: {GIT_DEPTH: "0"}; elsewhere: git fetch --unshallow, or git fetch origin`

// controlBase is where a change of the default branch left it; zero where that is not told.
func (d *checkDesk) controlBase(ctx context.Context) (schema.Hash, error) {
	if d.out.Target == "" || d.out.Target != d.a.environ("CI_DEFAULT_BRANCH") {
		return schema.Hash{}, nil
	}
	return d.jobBase(ctx)
}
