package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) planCommand() *cobra.Command {
	var f cloneFlags
	var to, remote string
	c := &cobra.Command{
		Use: "plan APP", Short: "Show what a promotion would do: files, keys, targets and gates", Args: cobra.ExactArgs(1),
		Long: `plan shows what promoting an app to a stage would change, where it would be delivered, and what each policy of the gate says of it,
as far as a clone knows. It is what promote shows before it asks, but asks no server, needs no key and changes nothing: what was fetched last
is what is shown.
It ends with 0 where there is something to promote, also if the gate does not allow it yet or it is suspended, and 1 where there is not.`,
		Example: `  sluice plan payments --to production
  sluice plan payments --to production -o markdown`,
		Annotations: map[string]string{formats: "text, json or markdown"},
		RunE:        func(c *cobra.Command, args []string) error { return a.plan(c.Context(), f, remote, args[0], to) },
	}
	f.add(c)
	c.Flags().StringVar(&to, "to", "", "`STAGE` to promote it to")
	c.Flags().StringVar(&remote, "remote", "origin", "`REMOTE` whose branches the stages are")
	return required(c, "to")
}

// planned is what a promotion would do.
type planned struct {
	proposed
	Files   []string        `json:"files"`
	Targets []plannedTarget `json:"targets"`
	Gate    schema.Verdict  `json:"gate"`
}

type plannedTarget struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
}

func (a *app) plan(ctx context.Context, f cloneFlags, remote, app, to string) error {
	f.remote = remote
	c, err := a.openClone(ctx, f)
	if err != nil {
		return err
	}
	defer c.Close()
	view, err := reconciler.NewView(ctx, c.Ledger, c.Project)
	if err != nil {
		return err
	}
	if err := errors.Join(checkApp(view, app), checkStage(view.Stages, to)); err != nil {
		return err
	}
	d := &desk{clone: c, a: a, f: statementFlags{clone: f, remote: remote}, made: now().Truncate(time.Second)}
	cell := schema.Cell{Stage: schema.StageName(to), App: schema.App(app)}
	drafting := d.drafting(ctx)
	drafting.Look = true
	draft, err := drafting.Promotion(ctx, cell)
	var refused *reconciler.Refused
	if errors.As(err, &refused) {
		return &failure{code: exitNo, err: errors.New(refused.Why), hint: refused.Hint}
	}
	if err != nil {
		return err
	}
	out := planned{proposed: d.about(draft), Files: []string{}, Targets: []plannedTarget{}, Gate: draft.Verdict}
	out.State = "planned"
	for _, e := range draft.Edits {
		out.Files = append(out.Files, e.File)
	}
	slices.Sort(out.Files)
	out.Files = slices.Compact(out.Files)
	stage, _ := c.Project.Stage(cell.Stage)
	for _, t := range stage.Targets {
		out.Targets = append(out.Targets, plannedTarget{t.Name, t.Required})
	}
	switch a.output {
	case "json":
		return a.encode(out)
	case "markdown":
		_, err := io.WriteString(a.out, planMarkdown(draft, out))
		return err
	}
	a.writePlan(draft, out)
	return nil
}

func (a *app) writePlan(draft reconciler.Draft, p planned) {
	a.writeDraft(draft, p.proposed)
	fmt.Fprintf(a.out, "  files   %s\n", schema.Printable(strings.Join(p.Files, ", ")))
	names := p.targetNames()
	if len(names) == 0 {
		names = []string{"none: it is live once it is admitted"}
	}
	fmt.Fprintf(a.out, "  targets %s\n", schema.Printable(strings.Join(names, ", ")))
	fmt.Fprintln(a.out, "  each policy, as far as a clone knows:")
	a.printTree(p.Gate, "    ", "", "")
}

// targetNames says where it would be delivered.
func (p planned) targetNames() []string {
	var names []string
	for _, t := range p.Targets {
		name := t.Name
		if !t.Required {
			name += " (not required)"
		}
		names = append(names, name)
	}
	return names
}
