package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) statusCommand() *cobra.Command {
	var f cloneFlags
	var verbose bool
	c := &cobra.Command{
		Use: "status [APP]", Short: "Show which revision is where", Args: cobra.MaximumNArgs(1),
		Long: `status shows what the ledger in this clone says: fetch first to see what is there now.`,
		RunE: func(c *cobra.Command, args []string) error {
			view, opts, err := a.view(c, f, verbose)
			if err != nil {
				return err
			}
			only := ""
			if len(args) == 1 {
				only = args[0]
			}
			if a.json() {
				return json.NewEncoder(a.out).Encode(view)
			}
			if !status.WriteStatus(a.out, view, only, opts) {
				return answer{exitUsage}
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "also show digests and ledger entries")
	return c
}

func (a *app) whyCommand() *cobra.Command {
	var f cloneFlags
	var verbose bool
	c := &cobra.Command{
		Use: "why APP [STAGE]", Short: "Say what stands in the way of a change, and who can clear it", Args: cobra.RangeArgs(1, 2),
		Long: `why shows, for an app in a stage, what waits there, each policy's answer, who or what clears it, and the ways out.
It exits with 0 when nothing stands in the way and with 1 when something does.`,
		RunE: func(c *cobra.Command, args []string) error {
			view, opts, err := a.view(c, f, verbose)
			if err != nil {
				return err
			}
			return a.why(c, view, args, opts)
		},
	}
	f.add(c)
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "also show digests and ledger entries")
	return c
}

// why answers for one stage, or for every stage of the app.
func (a *app) why(c *cobra.Command, view schema.View, args []string, opts status.TextOptions) error {
	cell := schema.Cell{App: schema.App(args[0])}
	if len(args) == 2 {
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

func (a *app) whyJSON(view schema.View, asked schema.Cell) error {
	out := []schema.CellView{}
	code := exitDone
	for _, stage := range view.Stages {
		c, ok := view.Cell(schema.Cell{Stage: stage, App: asked.App})
		if !ok || asked.Stage != "" && asked.Stage != stage {
			continue
		}
		if c.Held != nil || c.Incident != nil {
			code = exitNo
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return usageError(fmt.Errorf("%s: no such app and stage", asked))
	}
	if err := json.NewEncoder(a.out).Encode(out); err != nil {
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
	view.At, view.Looked, view.Repository = now(), view.Ledger.At, a.dir
	opts := status.TextOptions{
		Now: now(), Color: a.colored(), Width: a.width(), Verbose: verbose, Commands: commandNames(c.Root()),
		Place: places(view, project.Project),
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

// places says where cells lie in Git, so that advice can name exact git commands.
func places(view schema.View, project schema.Project) func(schema.Cell) status.Place {
	return func(cell schema.Cell) status.Place {
		stage, ok := project.Stage(cell.Stage)
		if !ok {
			return status.Place{}
		}
		place := status.Place{Ref: project.Ref(stage), Path: project.CellPath(stage, cell.App)}
		if c, ok := view.Cell(cell); ok {
			place.Base = c.Commit
		}
		return place
	}
}
