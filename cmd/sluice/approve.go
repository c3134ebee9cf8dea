package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

type approveFlags struct {
	statementFlags
	app, stage, commit, head string
	cells                    []string
	held, control            bool
}

func (a *app) approveCommand() *cobra.Command {
	var f approveFlags
	c := &cobra.Command{
		Use: "approve [MERGE-REQUEST | APP STAGE | REV]", Short: "Approve a change by your own signature", Args: cobra.MaximumNArgs(2),
		Long: `approve shows exactly what a change does to each app (from which content to which, every key, who signed the commits) and
signs that with your key. The signature is a tag in the configuration repository, so nobody has to believe the forge, and it
counts for this step alone: not for other content, another stage, or the same step a second time.

A merge request is named by its number. A change that is merged and held is approved with --held, a change of the control files
with --control, any commit with --app, --stage and --commit.`,
		Example: `  sluice approve 12
  sluice approve 12 --cell production/payments
  sluice approve --held payments production
  sluice approve --control 14`,
		RunE: func(c *cobra.Command, args []string) error { return a.approve(c.Context(), f, args) },
	}
	f.add(c)
	flags := c.Flags()
	flags.BoolVar(&f.held, "held", false, "approve what is merged and held: all of it, or APP, or APP STAGE")
	flags.BoolVar(&f.control, "control", false, "approve a change of the control files: a merge request, a revision, or what is on the default branch")
	flags.StringSliceVar(&f.cells, "cell", nil, "only this `STAGE/APP`; may be repeated")
	flags.StringVar(&f.app, "app", "", "`APP` of a commit that no merge request brings")
	flags.StringVar(&f.stage, "stage", "", "only this `STAGE`; with a branch per stage, the one that the merge request is for")
	flags.StringVar(&f.commit, "commit", "", "`REV` with the content of --app in --stage (default what is in the stage's branch)")
	flags.StringVar(&f.head, "head", "", "`REV` that is the merge request's head, where the forge keeps no ref for it")
	return c
}

func (a *app) approve(ctx context.Context, f approveFlags, args []string) error {
	if err := f.check(args); err != nil {
		return err
	}
	d, err := a.openDesk(ctx, f.statementFlags)
	if err != nil {
		return err
	}
	defer d.Close()
	p, err := d.pen(ctx)
	if err != nil {
		return err
	}
	if f.control {
		return d.approveControl(ctx, f, args, p)
	}
	subjects, err := d.subjects(ctx, f, args)
	if err != nil {
		return err
	}
	for _, s := range subjects {
		steps, err := d.steps(ctx, &s)
		if err != nil {
			return err
		}
		if steps, err = d.narrow(steps, f.cells, &s); err != nil {
			return err
		}
		if err := d.approveSteps(ctx, p, s, steps, len(f.cells) > 0); err != nil {
			return err
		}
	}
	return nil
}

func (f approveFlags) check(args []string) error {
	ways := 0
	for _, used := range []bool{f.held, f.control, f.app != "", !f.held && !f.control && len(args) > 0} {
		if used {
			ways++
		}
	}
	switch {
	case ways == 0:
		return &failure{code: exitUsage, err: errors.New("approve what?"), hint: "sluice approve 12 (a merge request), --held, --control, or --app APP --stage STAGE"}
	case ways > 1:
		return usageError(errors.New("name one of a merge request, --held, --control and --app"))
	case f.app != "" && f.stage == "":
		return usageError(errors.New("--app needs --stage"))
	case f.commit != "" && f.app == "":
		return usageError(errors.New("--commit needs --app and --stage"))
	case !f.held && len(args) > 1:
		return usageError(fmt.Errorf("too many arguments: %s", strings.Join(args[1:], " ")))
	}
	return nil
}

func (d *desk) subjects(ctx context.Context, f approveFlags, args []string) ([]subject, error) {
	switch {
	case f.held:
		args = append(args, "", "")
		return d.heldSubjects(ctx, args[0], max(args[1], f.stage))
	case f.app != "":
		s, err := d.ofCommit(ctx, f.app, f.stage, f.commit)
		return []subject{s}, err
	}
	iid, ok := mergeRequestNumber(args[0])
	if !ok {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("%q is no merge request's number", args[0]), hint: "sluice approve 12, or --app APP --stage STAGE --commit REV"}
	}
	s, err := d.ofMergeRequest(ctx, iid, f.head, f.stage)
	return []subject{s}, err
}

func (d *desk) heldSubjects(ctx context.Context, app, stage string) ([]subject, error) {
	view, err := d.view(ctx)
	if err != nil {
		return nil, err
	}
	if app != "" {
		if err := checkApp(view, app); err != nil {
			return nil, err
		}
	}
	if stage != "" {
		if err := checkStage(view.Stages, stage); err != nil {
			return nil, err
		}
	}
	found, err := d.ofHeld(ctx, app, stage)
	if err == nil && len(found) == 0 {
		return nil, &failure{code: exitUsage, err: errors.New("nothing is held there"), hint: "sluice status shows what waits"}
	}
	return found, err
}

// narrow keeps the cells that --cell names.
func (d *desk) narrow(steps []step, names []string, s *subject) ([]step, error) {
	if len(steps) == 0 {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("%s changes nothing: %s", s.title, strings.Join(s.notes, "; ")), hint: "sluice status shows what waits"}
	}
	if len(names) == 0 {
		return steps, nil
	}
	var out []step
	for _, name := range names {
		n := slices.IndexFunc(steps, func(one step) bool { return string(one.Cell.Stage)+"/"+string(one.Cell.App) == name })
		if n < 0 {
			var have []string
			for _, one := range steps {
				have = append(have, string(one.Cell.Stage)+"/"+string(one.Cell.App))
			}
			return nil, &failure{code: exitUsage, err: fmt.Errorf("%s does not change %q", s.title, name), hint: "it changes " + strings.Join(have, ", ")}
		}
		out = append(out, steps[n])
	}
	return out, nil
}
