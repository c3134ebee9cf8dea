package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

type checkFlags struct {
	clone   cloneFlags
	base    string
	head    string
	target  string
	control string
	reports []string
}

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use: "check", Short: "Judge a merge request in its pipeline: findings, plan, what is still missing", Args: cobra.NoArgs,
		Annotations: map[string]string{formats: "text, json or markdown"},
		Long: `check judges what a merge request would change, in the checkout of its pipeline or in any clone: no token, no network,
no secret. It reports every finding, what changes key by key, and what each policy of the gate says; what only the
forge, the reconciler or time can tell it calls "not judged here", and that never makes it end with 1.`,
		Example: `  sluice check --report codequality=gl-code-quality-report.json --report junit=sluice-junit.xml
  sluice check --base origin/main -o markdown`,
		RunE: func(c *cobra.Command, _ []string) error { return a.check(c.Context(), f) },
	}
	f.clone.add(c)
	c.Flags().StringVar(&f.base, "base", "", "`REV` that the change is on top of (default from GitLab's variables, else where it left its target)")
	c.Flags().StringVar(&f.head, "head", "", "`REV` that is proposed (default HEAD)")
	c.Flags().StringVar(&f.target, "target", "", "`BRANCH` that it is for (default from GitLab's variables, else the project's)")
	c.Flags().StringVar(&f.control, "control", "", "`REV` whose control files to judge by, and not by the ledger")
	c.Flags().StringArrayVar(&f.reports, "report", nil, "write a report, as `KIND=FILE`: "+reportKinds()+"; may be repeated")
	return c
}

func (a *app) check(ctx context.Context, f checkFlags) error {
	reports, err := parseReports(f.reports)
	if err != nil {
		return err
	}
	anchor, err := a.anchor(f.clone) // also where no ledger is compared with it: a typing error is told before it matters
	if err != nil {
		return err
	}
	repo, refs, err := a.openRepo(ctx)
	if err != nil {
		return err
	}
	defer repo.Close()
	d := &checkDesk{a: a, f: f, anchor: anchor, repo: repo, mirror: gitrepo.Mirror{Repo: repo}, refs: refs, made: now()}
	found, err := d.check(ctx)
	if err != nil {
		return d.historyMissing(err)
	}
	if err := writeReports(reports, found, a.environ); err != nil {
		return err
	}
	if err := a.printChecked(found); err != nil {
		return err
	}
	if found.failed() > 0 {
		return answer{exitNo}
	}
	return nil
}

// historyMissing says of an answer that this clone cannot give how the pipeline gets one that can. In a shallow clone a name
// that is not known, too, is most likely one that was not fetched.
func (d *checkDesk) historyMissing(err error) error {
	shallow, readErr := d.repo.Shallow()
	ends := exitCode(err)
	if readErr != nil || !shallow && !errors.Is(err, gitrepo.ErrMissing) || ends != exitUnprovable && ends != exitUsage {
		return err
	}
	return &failure{
		code: exitUnprovable, err: fmt.Errorf("history that check needs is not in this clone: %w", cutOff(d.repo, err)),
		hint: fetchAll,
	}
}

// check collects everything that there is to say, in order.
func (d *checkDesk) check(ctx context.Context) (*checked, error) {
	if err := d.findHead(ctx); err != nil {
		return nil, err
	}
	if err := d.findTarget(ctx); err != nil {
		return nil, err
	}
	if err := d.findRules(ctx); err != nil {
		return nil, err
	}
	if d.rules == nil { // what would begin the project cannot
		return d.out.sorted(), nil
	}
	if err := d.findBase(ctx); err != nil {
		return nil, err
	}
	if err := d.lintAll(ctx); err != nil {
		return nil, err
	}
	if err := d.checkControl(ctx); err != nil {
		return nil, err
	}
	cells, err := d.changedCells(ctx)
	if err != nil {
		return nil, err
	}
	for _, cell := range cells {
		if err := d.checkCell(ctx, cell); err != nil {
			return nil, err
		}
	}
	if err := d.mixed(ctx); err != nil {
		return nil, err
	}
	d.several()
	return d.out.sorted(), nil
}

// changedCells lists what the step changes in the stages that lie on the target's branch.
func (d *checkDesk) changedCells(ctx context.Context) ([]schema.Cell, error) {
	if len(d.stages) == 0 || d.begins {
		return nil, nil
	}
	cells, err := reconciler.ChangedCells(ctx, d.mirror, d.rules.Project, d.step.Base, d.step.Head)
	if err != nil {
		return nil, err
	}
	if d.rules.Project.Layout == schema.BranchLayout {
		for i := range cells {
			cells[i].Stage = d.stages[0].Name
		}
	}
	return cells, nil
}
