package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) acceptRefCommand() *cobra.Command {
	var to string
	return a.requestCommand(requestKind{
		kind: schema.KindAcceptRef, use: "accept-ref REF", short: "Follow a branch that was rewound or rewritten", args: cobra.ExactArgs(1),
		long: `accept-ref lets the reconciler follow a branch to a tip that does not continue the one it saw last. Nothing that was
admitted changes; what the new history brings is judged as any change.`,
		example: `  sluice accept-ref main --new origin/main --reason "a key was committed by mistake"`,
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&to, "new", "", "the `REV` to follow")
		},
		draft: func(ctx context.Context, d *desk, args []string) (schema.RequestStatement, error) {
			return d.acceptRef(ctx, args[0], to)
		},
	})
}

func (d *desk) acceptRef(ctx context.Context, ref, to string) (s schema.RequestStatement, err error) {
	s.Ref = "refs/heads/" + branchName(strings.TrimPrefix(ref, d.f.remote+"/"))
	seen := d.Ledger.Refs().Seen
	old, ok := seen[s.Ref]
	if !ok {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(seen)) {
			names = append(names, branchName(name))
		}
		return s, &failure{code: exitUsage, err: fmt.Errorf("no stage is on a branch %q", branchName(s.Ref)), hint: "branches: " + strings.Join(names, ", ")}
	}
	if to == "" {
		return s, &failure{code: exitUsage, err: errors.New("--new is missing: which tip should be followed?"), hint: "--new " + d.f.remote + "/" + branchName(s.Ref) + " is what is there now"}
	}
	s.Old = old
	if s.New, err = d.commit(ctx, to); err != nil {
		return s, err
	}
	if s.Old == s.New {
		return s, &failure{code: exitUsage, err: fmt.Errorf("%s is the tip of %s that the reconciler saw last: there is nothing to accept", s.New.Short(), branchName(s.Ref))}
	}
	if forward, err := d.repo.IsAncestor(ctx, s.Old, s.New); err == nil && forward {
		return s, &failure{code: exitUsage, err: fmt.Errorf("%s continues %s: there is nothing to accept, the reconciler follows it by itself", s.New.Short(), s.Old.Short())}
	}
	return s, nil
}

func (a *app) breakGlassCommand() *cobra.Command {
	var commit, until, review string
	return a.requestCommand(requestKind{
		kind: schema.KindBreakGlass, use: "break-glass APP STAGE", short: "Let one content into one app without its gate", args: cobra.ExactArgs(2),
		long: `break-glass lets exactly one content into one app in one stage, once, without the gate: for the night when waiting is
worse. Two people with the role release sign it, each with their own key. It is loud in the ledger and wherever the app is shown, and
somebody has to review it. When its time ends, what it let in stays.`,
		example: `  sluice break-glass payments production --commit 3f2a91bc --until 4h --review 3d --reason "incident 42"
  sluice break-glass --sign 1a2b3c4d5e6f7080`,
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&commit, "commit", "", "the `REV` that holds the content")
			f.StringVar(&until, "until", "", "until when it can be used: a `TIME`, or how long from now (at most 24h)")
			f.StringVar(&review, "review", "", "by when somebody has to have looked at it: a `TIME`, or how long from now (at most 14d)")
		},
		draft: func(ctx context.Context, d *desk, args []string) (s schema.RequestStatement, err error) {
			if s.Until, err = d.end("until", until); err != nil {
				return s, err
			}
			if s.Review, err = d.end("review", review); err != nil {
				return s, err
			}
			return d.breakGlass(ctx, s, args[0], args[1], commit)
		},
	})
}

func (d *desk) breakGlass(ctx context.Context, s schema.RequestStatement, app, stage, rev string) (schema.RequestStatement, error) {
	if d.Trust.Expired(d.made) {
		return s, &failure{code: exitForbidden, err: fmt.Errorf("the trust root ran out at %s: not even break-glass lets anything in", minute(d.Trust.Root.ExpiresAt)), hint: "the roots renew it"}
	}
	var err error
	if s.Cell, err = d.knownCell(ctx, app, stage); err != nil {
		return s, err
	}
	if rev == "" {
		return s, &failure{code: exitUsage, err: errors.New("--commit is missing: which commit holds the content?"), hint: "--commit REV"}
	}
	if s.New, err = d.commit(ctx, rev); err != nil {
		return s, err
	}
	change, err := d.Change(ctx, d.mirror, s.Cell, s.New, s.New, d.made)
	if err != nil {
		return s, err
	}
	if len(change.Problems) > 0 {
		return s, &failure{code: exitNo, err: fmt.Errorf("%s: %s: what is not configuration is never let in", cellName(s.Cell), change.Problems[0])}
	}
	s.Ref, s.From, s.To = change.Ref, change.Change.From.Content, change.Change.To.Content
	if s.From == s.To {
		return s, &failure{code: exitUsage, err: fmt.Errorf("%s has that content already", cellName(s.Cell)), hint: "name a commit whose content is not admitted: --commit REV"}
	}
	return s, nil
}
