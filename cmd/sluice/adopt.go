package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) adoptCommand() *cobra.Command {
	var app, config string
	var overwrite, report bool
	since := "90d"
	c := a.requestCommand(requestKind{
		kind: schema.KindAdopt, use: "adopt [STAGE]", short: "Take over what a stage has, or report what enforcement would change", args: cobra.ExactArgs(1),
		long: `adopt takes over what a stage, or one app in it, has: what only its mode (warn, observe) let in counts from then on as if it
had been sealed at the beginning, and may go on to the stages after. With --overwrite it also replaces what a target holds that sluice
never wrote; without, such a place is left alone. It is signed by the admins, and is about what they saw.
With --report it signs nothing and says what the gates would have held or refused, from the ledger of a clone. It ends with 0 where
enforcement would have changed nothing, with 1 where it would, and with 7 where nothing was let in in this time.`,
		example: `  sluice adopt --report --since 30d
  sluice adopt --report --config reconciler.yaml
  sluice adopt production --reason "as it was imported, CHG-12"
  sluice adopt production --app payments --overwrite --reason "Git is right, CHG-13"`,
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&app, "app", "", "only this `APP` in it")
			f.BoolVar(&overwrite, "overwrite", false, "replace what its targets hold without sluice's marker")
			f.BoolVar(&report, "report", false, "say what enforcement would have changed, and sign nothing")
			f.StringVar(&config, "config", "", "--report: also read the targets of the operator's `FILE`")
			f.StringVar(&since, "since", since, "--report: decisions since a `TIME`: RFC 3339, a date, or how long ago")
		},
		draft: func(ctx context.Context, d *desk, args []string) (s schema.RequestStatement, err error) {
			if s.Cell, err = d.stageOrCell(ctx, args[0], app); err != nil {
				return s, err
			}
			s.Overwrite = overwrite
			states, err := d.adoptable(ctx, s.Cell, overwrite)
			if err == nil && len(states) == 0 {
				hint := "sluice adopt --report; content of others at a target is taken over with --overwrite"
				if overwrite {
					hint = "sluice adopt --report --config FILE says what its targets hold; what was read back there is put back as drift"
				}
				all, err := d.Ledger.Cells(ctx)
				if err != nil {
					return s, err
				}
				hint = cmp.Or(refusedHint(all, s.Cell), hint)
				return s, &failure{code: exitUsage, err: fmt.Errorf("%s has nothing to adopt", placeName(s.Cell)), hint: hint}
			}
			return s, err
		},
	})
	sign, wants := c.RunE, c.Args
	c.Args = func(c *cobra.Command, args []string) error {
		if config != "" && !report {
			return usageError(errors.New("--config is for --report: an adoption asks no target"))
		}
		if !report {
			if c.Flags().Changed("since") {
				return usageError(errors.New("--since is about --report"))
			}
			return wants(c, args)
		}
		if len(args) > 0 {
			return usageError(errors.New("--report is about the whole project and signs nothing"))
		}
		return onlyReport(c.LocalNonPersistentFlags())
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if !report {
			return sign(c, args)
		}
		anchor, _ := c.Flags().GetString("anchor")
		branch, _ := c.Flags().GetString("ledger")
		return a.adoptReport(c.Context(), traceFlags{cloneFlags{anchor: anchor, ledger: branch}, config}, since)
	}
	return c
}

// onlyReport refuses what is said about a statement where none is made.
func onlyReport(given *pflag.FlagSet) (err error) {
	given.VisitAll(func(f *pflag.Flag) {
		if f.Changed && !slices.Contains([]string{"report", "since", "config", "anchor", "ledger", "help"}, f.Name) {
			err = usageError(fmt.Errorf("--report is about the whole project and signs nothing: --%s has no part in it", f.Name))
		}
	})
	return err
}

// adoptable are the cells that an adoption would change something about.
func (d *desk) adoptable(ctx context.Context, cell schema.Cell, overwrite bool) ([]ledger.State, error) {
	stage, _ := d.Project.Stage(cell.Stage)
	all, err := d.Ledger.Cells(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(s ledger.State) bool {
		return s.Stage != cell.Stage || cell.App != "" && s.App != cell.App || !reconciler.Adoptable(s, stage, d.Ledger.Head().Control, overwrite, d.Ledger.Head().Size)
	}), nil
}

// refusedHint is what comes first where a change was refused, which no mode lets in and no adoption takes over: a file that is none, or one that
// the targets cannot hold. It is empty where nothing was.
func refusedHint(all []ledger.State, cell schema.Cell) string {
	for _, s := range all {
		if s.Stage != cell.Stage || cell.App != "" && s.App != cell.App || s.Held == nil || s.Held.Verdict.Outcome != schema.Deny {
			continue
		}
		return fmt.Sprintf("a change of %s in %s was refused and is not let in: revert it, or mend its files, by a merge request first; sluice why %s %s says what is wrong", s.App, s.Stage, s.App, s.Stage)
	}
	return ""
}

// adoptWords says what an adoption takes over.
func (d *desk) adoptWords(ctx context.Context, s schema.RequestStatement) ([]string, error) {
	states, err := d.adoptable(ctx, s.Cell, s.Overwrite)
	if err != nil {
		return nil, err
	}
	out := []string{fmt.Sprintf("%s of %s %s taken over as admitted, like what is sealed at the beginning:", count(int64(len(states)), "app", "apps"), s.Cell.Stage, map[bool]string{true: "is", false: "are"}[len(states) == 1])}
	for i, state := range states {
		if i == mostAdopted {
			out = append(out, fmt.Sprintf("  and %d more", len(states)-i))
			break
		}
		how := "by its gate"
		if state.Admitted.LetIn != "" {
			how = "by mode " + string(state.Admitted.LetIn) + " alone"
		} else if state.Admitted.Kind == "" {
			how = "sealed"
		}
		out = append(out, fmt.Sprintf("  %s  %s, entry #%d, %s", schema.Printable(string(state.App)), state.Admitted.Revision, state.Admitted.Seq, how))
	}
	if s.Overwrite {
		return append(out, "What their targets hold that sluice never wrote is replaced. Nobody can bring it back from here."), nil
	}
	return append(out, "What targets hold that sluice never wrote is left alone."), nil
}

const mostAdopted = 20
