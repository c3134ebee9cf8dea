package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) statusCommand() *cobra.Command {
	var f cloneFlags
	var s selectFlags
	var verbose bool
	c := &cobra.Command{
		Use: "status [APP]", Short: "Show which revision is where", Args: cobra.MaximumNArgs(1),
		Long: `status shows what the ledger in this clone says: fetch first to see what is there now. Whose an app is, and its labels, are what apps.about
in sluice.yaml says, as it is in force.`,
		RunE: func(c *cobra.Command, args []string) error {
			view, opts, err := a.view(c, f, verbose)
			if err != nil {
				return err
			}
			if len(args) == 1 && s.any() {
				return &failure{code: exitUsage, err: errors.New("an app is named, and others are asked for"), hint: "leave out APP, or --stage, --state, --owner and --label"}
			}
			if view, err = s.of(view); err != nil {
				return err
			}
			if len(view.Apps) == 0 && s.any() && !a.json() {
				_, err := fmt.Fprintln(a.out, "No app matches.")
				return err
			}
			return a.status(view, args, opts)
		},
	}
	f.add(c)
	s.add(c)
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "also show digests and ledger entries")
	return c
}

// status shows every app, or the one that was named.
func (a *app) status(view schema.View, args []string, opts status.TextOptions) error {
	only := ""
	if len(args) == 1 {
		only = args[0]
		if err := checkApp(view, only); err != nil {
			return err
		}
		view.Apps = slices.DeleteFunc(view.Apps, func(app schema.AppView) bool { return string(app.App) != only })
	}
	if a.json() {
		return a.encode(view)
	}
	status.WriteStatus(a.out, view, only, opts)
	return nil
}

// checkApp refuses an app that the ledger does not know, with the one that was probably meant.
func checkApp(view schema.View, app string) error {
	known := make([]string, len(view.Apps))
	for i, a := range view.Apps {
		known[i] = string(a.App)
	}
	if slices.Contains(known, app) {
		return nil
	}
	hint := schema.DidYouMean(app, known)
	if hint == "" {
		hint = "sluice status lists the apps; git fetch first if it is new"
	}
	return &failure{code: exitUsage, err: fmt.Errorf("there is no app %q", app), hint: hint}
}

func checkStage(stages []schema.StageName, stage string) error {
	if slices.Contains(stages, schema.StageName(stage)) {
		return nil
	}
	hint := schema.DidYouMean(stage, words(stages))
	if hint == "" {
		hint = "stages: " + strings.Join(words(stages), ", ")
	}
	return &failure{code: exitUsage, err: fmt.Errorf("there is no stage %q", stage), hint: hint}
}

func (a *app) whyCommand() *cobra.Command {
	var f cloneFlags
	var w watchFlags
	var verbose bool
	c := &cobra.Command{
		Use: "why APP [STAGE]", Short: "Say what stands in the way of a change, and who can clear it", Args: cobra.RangeArgs(1, 2),
		Long: `why shows, for an app in a stage, what waits there, each policy's answer, who or what clears it, and the ways out.
It exits with 0 when nothing stands in the way and with 1 when something does. With --watch it fetches from time to time and answers
again when the answer is another one, until all is as intended or only another change helps; Ctrl-C ends it with the last answer's code.`,
		RunE: func(c *cobra.Command, args []string) error {
			f.remote = w.remote
			if len(args) == 2 && schema.App(args[0]) == schema.Control.App {
				return usageError(fmt.Errorf("why %s %s: the control files are of no stage: sluice why %s", args[0], args[1], args[0]))
			}
			if c.Flags().Changed("every") && !w.watch {
				return usageError(errors.New("--every says how often --watch fetches, and nothing is watched"))
			}
			if w.watch {
				return a.watchWhy(c.Context(), w, args, func() (schema.View, status.TextOptions, error) { return a.view(c, f, verbose) })
			}
			view, opts, err := a.view(c, f, verbose)
			if err != nil {
				return err
			}
			return a.why(view, args, opts)
		},
	}
	f.add(c)
	w.add(c)
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "also show digests and ledger entries")
	return c
}

// why answers for one stage, or for every stage of the app.
func (a *app) why(view schema.View, args []string, opts status.TextOptions) error {
	cell := schema.Cell{App: schema.App(args[0])}
	if cell == schema.Control {
		return a.whyControl(view, opts)
	}
	if err := checkApp(view, args[0]); err != nil {
		return err
	}
	if len(args) == 2 {
		if err := checkStage(view.Stages, args[1]); err != nil {
			return err
		}
		cell.Stage = schema.StageName(args[1])
	}
	if a.json() {
		return a.whyJSON(view, cell)
	}
	if code := status.WriteWhy(a.out, view, cell, opts); code != exitDone {
		return answer{code}
	}
	return nil
}

// whyControl answers for the control files, which no app may be called like.
func (a *app) whyControl(view schema.View, opts status.TextOptions) error {
	if a.json() {
		waits := []*schema.HeldView{}
		if view.Control != nil {
			waits = append(waits, view.Control)
		}
		if err := a.encode(waits); err != nil {
			return err
		}
		if view.Control != nil || view.Unjudged != nil {
			return answer{exitNo}
		}
		return nil
	}
	if code := status.WriteWhy(a.out, view, schema.Control, opts); code != exitDone {
		return answer{code}
	}
	return nil
}

func (a *app) whyJSON(view schema.View, asked schema.Cell) error {
	out := []schema.CellView{}
	code := exitDone
	if len(view.Unread) > 0 {
		code = exitUnavailable
	}
	for _, stage := range view.Stages {
		c, ok := view.Cell(schema.Cell{Stage: stage, App: asked.App})
		if !ok || asked.Stage != "" && asked.Stage != stage {
			continue
		}
		if !status.Clear(c) {
			code = exitNo
		}
		out = append(out, c)
	}
	if err := a.encode(out); err != nil {
		return err
	}
	if code != exitDone {
		return answer{code}
	}
	return nil
}

// view shows the clone's ledger; it is of the time of its last entry and never stale, because it claims nothing newer.
func (a *app) view(c *cobra.Command, f cloneFlags, verbose bool) (schema.View, status.TextOptions, error) {
	project, err := a.openClone(c.Context(), f)
	if err != nil {
		return schema.View{}, status.TextOptions{}, err
	}
	defer project.Close()
	view, err := reconciler.NewView(c.Context(), project.Ledger, project.Project)
	if err != nil {
		return schema.View{}, status.TextOptions{}, err
	}
	_ = reconciler.WithAbove(c.Context(), view, project.Ledger, gitrepo.Mirror{Repo: project.repo}) // the view says what is not known
	if view, err = reconciler.WithNext(c.Context(), view, project.Ledger, project.Project, now()); err != nil {
		return schema.View{}, status.TextOptions{}, err
	}
	tips := map[string]schema.Hash{"refs/heads/" + project.Project.Branch: branchOf(project.refs, f.remote, project.Project.Branch)}
	for _, s := range project.Project.Stages {
		tips[project.Project.Ref(s)] = branchOf(project.refs, f.remote, branchName(project.Project.Ref(s)))
	}
	view = reconciler.WithUnjudged(c.Context(), view, project.Ledger, gitrepo.Mirror{Repo: project.repo}, project.Project, tips)
	view.At, view.Looked, view.Repository = now(), view.Ledger.At, a.dir
	if dir, err := filepath.Abs(a.dir); err == nil {
		view.Repository = dir
	}
	opts := status.TextOptions{
		Now: now(), Color: a.colored(), Width: a.width(), Verbose: verbose, Commands: commandNames(c.Root()),
	}
	return view, opts, nil
}

// commandNames are what texts may advise.
func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}
