package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// ejectFlags say where the targets are, and of which app the marks go.
type ejectFlags struct {
	traceFlags
	app   string
	write bool
}

func (a *app) ejectCommand() *cobra.Command {
	var f ejectFlags
	c := &cobra.Command{
		Use: "eject STAGE", Short: "Leave a stage's targets: they keep their content, sluice's marks go", Args: cobra.ExactArgs(1),
		Long: `eject takes sluice's own marks out of the targets of a stage and leaves what programs read as plain values, so that they go on without
sluice, and another tool can take them over. The admins have to have set mode: observe for the stage before: that is what the ledger
records of it, and nothing is written there afterwards. It is run where sluice run is, with its operator's file. Without --write it says what
would go and changes nothing. What cannot be left is named and stays whole.
It ends with 0 where all marks are gone or would be, and with 1 where some stay or nothing of the stage was ever written.`,
		Example: "  sluice eject production --config reconciler.yaml\n  sluice eject production --config reconciler.yaml --write",
		RunE:    func(c *cobra.Command, args []string) error { return a.eject(c.Context(), f, args[0]) },
	}
	f.add(c)
	c.Flags().StringVar(&f.config, "config", "", "the operator's `FILE`")
	c.Flags().StringVar(&f.app, "app", "", "only this `APP` in it")
	c.Flags().BoolVar(&f.write, "write", false, "take the marks away")
	return c
}

func (a *app) eject(ctx context.Context, f ejectFlags, name string) error {
	op, err := f.operator()
	if err != nil {
		return err
	}
	if op == nil {
		return &failure{code: exitUsage, err: errors.New("--config is missing: where are the targets?"), hint: "--config FILE, the file that sluice run has"}
	}
	c, err := a.openClone(ctx, f.cloneFlags)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := checkStage(stageNames(c.Project), name); err != nil {
		return err
	}
	stage, _ := c.Project.Stage(schema.StageName(name))
	if stage.Mode != schema.Observe {
		return &failure{code: exitForbidden, err: fmt.Errorf("stage %s is in mode %s: sluice would put its marks back", stage.Name, c.Project.Mode(stage.Name)),
			hint: "let the admins set mode: observe for it in sluice.yaml, wait until that is in force, then run this again"}
	}
	live, err := openLive(*op, c)
	if err != nil {
		return err
	}
	defer live.close()
	l := &leaver{a: a, write: f.write, project: c.Trust.Root.Project, live: live}
	return l.leave(ctx, c, stage, schema.App(f.app))
}

// leaver takes marks away, target by target.
type leaver struct {
	a       *app
	write   bool // else it is only said what would go
	project string
	live    *live
	left    int
	stays   []string
}

// leave goes through all places, also after one that could not be left, and says what became of them.
func (l *leaver) leave(ctx context.Context, c *clone, stage schema.Stage, app schema.App) error {
	states, err := c.Ledger.Cells(ctx)
	if err != nil {
		return err
	}
	var known []string
	var errs []error
	written := false
	for _, s := range states {
		if s.Stage != stage.Name || s.Admitted.Seq == 0 {
			continue
		}
		known = append(known, string(s.App))
		if app != "" && s.App != app {
			continue
		}
		written = written || len(s.Live) > 0
		for _, t := range stage.Targets {
			if err := l.one(ctx, s, t); err != nil {
				errs = append(errs, fmt.Errorf("leave %s in %s at %s: %w", s.App, s.Stage, t.Name, err))
			}
		}
	}
	switch {
	case app != "" && !slices.Contains(known, string(app)):
		return &failure{code: exitUsage, err: fmt.Errorf("nothing of an app %q was ever admitted in %s", app, stage.Name), hint: schema.DidYouMean(string(app), known)}
	case len(known) == 0:
		fmt.Fprintf(l.a.out, "there is nothing to leave: nothing was ever admitted in %s\n", stage.Name)
		return nil
	case !written && l.left == 0 && len(l.stays) == 0 && len(errs) == 0:
		fmt.Fprintf(l.a.out, "there is nothing to leave: by the ledger nothing of %s was ever written, so no values of it are there either\n", stage.Name)
		return answer{exitNo}
	}
	places := count(int64(l.left), "place", "places")
	switch {
	case l.left == 0 && l.write:
		fmt.Fprintf(l.a.out, "%s of %s left: no marks of sluice were found\n", places, stage.Name)
	case l.write:
		fmt.Fprintf(l.a.out, "%s of %s left: the values are there plainly, sluice's marks are not\n", places, stage.Name)
	default:
		fmt.Fprintf(l.a.out, "%s of %s would be left; nothing was written, --write does it\n", places, stage.Name)
	}
	for _, why := range l.stays {
		fmt.Fprintln(l.a.out, "stays:", schema.Printable(why))
	}
	switch {
	case len(errs) > 0:
		return errors.Join(errs...)
	case len(l.stays) > 0:
		return answer{exitNo}
	}
	return nil
}

func (l *leaver) one(ctx context.Context, s ledger.State, t schema.StageTarget) error {
	target, err := l.live.target(ctx, t.Name)
	if err != nil {
		return err
	}
	able, ok := target.(integrations.Leaver)
	if !ok {
		l.stays = append(l.stays, fmt.Sprintf("%s in %s at %s: a target of kind %s keeps its marks; nothing is written there any more", s.App, s.Stage, t.Name, l.live.targets[t.Name].Kind))
		return nil
	}
	left, err := able.Leave(ctx, integrations.Release{Project: l.project, Cell: schema.Cell{Stage: s.Stage, App: s.App}, Settings: t.Settings}, l.write)
	if err == nil && len(left.Goes) > 0 {
		l.left++
		l.tell(s, t, left)
	}
	if errors.Is(err, integrations.ErrForeign) {
		l.stays = append(l.stays, fmt.Sprintf("%s in %s at %s: %v", s.App, s.Stage, t.Name, err))
		return nil
	}
	return err
}

// tell says of a place what stays and what goes.
func (l *leaver) tell(s ledger.State, t schema.StageTarget, left integrations.Leaving) {
	fmt.Fprintf(l.a.out, "%s in %s at %s\n", schema.Printable(string(s.App)), s.Stage, t.Name)
	for _, some := range []struct {
		word  string
		names []string
	}{{"stays", left.Plain}, {"goes", left.Goes}} {
		for i, name := range some.names {
			if i == mostTold {
				fmt.Fprintf(l.a.out, "  %-5s  and %d more\n", some.word, len(some.names)-i)
				break
			}
			fmt.Fprintf(l.a.out, "  %-5s  %s\n", some.word, schema.Printable(name))
		}
	}
}

// mostTold is how many keys or objects of a place are named.
const mostTold = 20
