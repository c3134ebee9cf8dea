package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) suspendCommand() *cobra.Command {
	var stage, app, until string
	var replace bool
	return a.requestCommand(requestKind{
		kind: schema.KindSuspend, use: "suspend", short: "Pin a stage, or an app in it, for a time", args: cobra.NoArgs,
		long: `suspend lets nothing into a stage, or into one app of it, but break-glass. Drift repair goes on. It ends by itself, or
earlier with sluice resume. A second one takes the place of the first: one that ends earlier than that is refused without --replace.`,
		example: `  sluice suspend --stage production --until 3d --reason "stocktaking"
  sluice suspend --stage production --app payments --until 2026-12-01T06:00Z --reason "incident 42"`,
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&stage, "stage", "", "the `STAGE` to pin")
			f.StringVar(&app, "app", "", "only this `APP` in it")
			f.StringVar(&until, "until", "", "when it ends: a `TIME`, or how long from now (at most 90d)")
			f.BoolVar(&replace, "replace", false, "also where it ends earlier than the suspension whose place it takes")
		},
		draft: func(ctx context.Context, d *desk, _ []string) (s schema.RequestStatement, err error) {
			if s.Cell, err = d.stageOrCell(ctx, stage, app); err != nil {
				return s, err
			}
			if s.Until, err = d.end("until", until); err != nil || replace {
				return s, err
			}
			return s, d.notShortened(ctx, s)
		},
	})
}

func (a *app) resumeCommand() *cobra.Command {
	var stage, app string
	return a.requestCommand(requestKind{
		kind: schema.KindResume, use: "resume", short: "End a suspension early", args: cobra.NoArgs,
		long:    `resume ends the suspension of a stage, or of an app in it. What waits there is then judged again.`,
		example: `  sluice resume --stage production --reason "stock is counted"`,
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&stage, "stage", "", "the `STAGE` that is suspended")
			f.StringVar(&app, "app", "", "only this `APP` in it")
		},
		draft: func(ctx context.Context, d *desk, _ []string) (s schema.RequestStatement, err error) {
			if s.Cell, err = d.stageOrCell(ctx, stage, app); err != nil {
				return s, err
			}
			// One that waited for a suspension would end the next one, whoever asked for that.
			pinned, err := d.pinned(ctx, s.Cell)
			if err == nil && pinned == nil {
				err = &failure{code: exitUsage, err: fmt.Errorf("%s is not suspended by itself", placeName(s.Cell)), hint: "sluice requests shows suspensions that wait"}
			}
			return s, err
		},
	})
}

func (a *app) taintCommand() *cobra.Command {
	var revision string
	var acknowledge bool
	return a.requestCommand(requestKind{
		kind: schema.KindTaint, use: "taint APP STAGE", short: "Mark a revision that must go nowhere", args: cobra.ExactArgs(2),
		long: `taint marks a revision of an app in a stage: it is no source of a promotion and no goal of a rollback until the roots
acknowledge it. What is live stays as it is.`,
		example: `  sluice taint payments gray --revision r:0f1c8f2d --reason "signed with a stolen key"
  sluice taint payments gray --revision r:0f1c8f2d --acknowledge --reason "read again line by line"`,
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&revision, "revision", "", "the `REVISION`, as sluice history shows it, or its digest")
			f.BoolVar(&acknowledge, "acknowledge", false, "take the mark back: needs the roots")
		},
		draft: func(ctx context.Context, d *desk, args []string) (s schema.RequestStatement, err error) {
			if s.Cell, err = d.knownCell(ctx, args[0], args[1]); err != nil {
				return s, err
			}
			s.Acknowledged = acknowledge
			if s.Revision, err = d.revision(ctx, s.Cell, revision); err != nil {
				return s, err
			}
			return s, d.markable(ctx, s)
		},
	})
}

func (a *app) reviewCommand() *cobra.Command {
	return a.requestCommand(requestKind{
		kind: schema.KindTaint, use: "review APP STAGE", short: "Say that what came in by break-glass was looked at", args: cobra.ExactArgs(2),
		long: `review says that somebody looked at what broke the glass and lets it stay: it can then be rolled back to. At least one who
signs has to be somebody who did not break the glass.`,
		example: `  sluice review payments production --reason "read line by line, tests are green"`,
		flags:   func(*pflag.FlagSet) {},
		draft: func(ctx context.Context, d *desk, args []string) (s schema.RequestStatement, err error) {
			if s.Cell, err = d.knownCell(ctx, args[0], args[1]); err != nil {
				return s, err
			}
			state, _, err := d.Ledger.Cell(ctx, s.Cell)
			if err != nil {
				return s, err
			}
			for _, a := range state.Revisions {
				if a.Flagged(ledger.Unreviewed) {
					s.Reviewed, s.Revision = true, a.Revision
				}
			}
			if !s.Reviewed {
				return s, &failure{code: exitUsage, err: fmt.Errorf("nothing in %s waits for a review", cellName(s.Cell)), hint: "sluice history " + args[0] + " --stage " + args[1]}
			}
			return s, nil
		},
	})
}

func (a *app) expungeCommand() *cobra.Command {
	return a.requestCommand(requestKind{
		kind: schema.KindExpunge, use: "expunge DIGEST...", short: "Drop evidence with personal data from the ledger", args: cobra.MinimumNArgs(1),
		long: `expunge takes evidence out of the ledger's tree, for example the commit of somebody who asks to be forgotten. The chain
stays whole, since entries name evidence by digest; what rested on it can no longer be judged again.`,
		example: `  sluice expunge sha256:… --reason "erasure request 17"`,
		flags:   func(*pflag.FlagSet) {},
		draft: func(ctx context.Context, d *desk, args []string) (s schema.RequestStatement, err error) {
			needed, err := d.NeededEvidence(ctx)
			if err != nil {
				return s, err
			}
			for _, arg := range args {
				blob, err := schema.ParseDigest(arg)
				if err != nil {
					return s, usageError(err)
				}
				if _, err := d.Ledger.Evidence(ctx, blob); err != nil {
					return s, &failure{code: exitUsage, err: fmt.Errorf("%s is no evidence in the ledger", arg), hint: "sluice history APP -o json lists the evidence that entries name"}
				}
				if why, ok := needed[blob]; ok {
					return s, &failure{code: exitUsage, err: fmt.Errorf("%s is still needed: %s", arg, why), hint: "evidence of old decisions can be dropped, what is in force cannot"}
				}
				s.Blobs = append(s.Blobs, blob)
			}
			slices.Sort(s.Blobs)
			s.Blobs = slices.Compact(s.Blobs)
			return s, nil
		},
	})
}
