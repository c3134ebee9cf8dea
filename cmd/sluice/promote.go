package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// proposeFlags are those of promote and rollback.
type proposeFlags struct {
	clone               cloneFlags
	remote              string
	yes, dryRun, wait   bool
	timeout             time.Duration
	url, project, token string
	caFile              string
	stage, to           string
	withLocal           bool
}

func (f *proposeFlags) add(c *cobra.Command) {
	f.clone.add(c)
	flags := c.Flags()
	flags.StringVar(&f.remote, "remote", "origin", "`REMOTE` to read from and to push to")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would change, and change nothing")
	flags.BoolVar(&f.wait, "wait", false, "wait until it is admitted and live, or denied")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Minute, "with --wait: for how long; then it ends with 8")
	flags.StringVar(&f.token, "gitlab-token-file", "", "`FILE` with a token of scope api, to open the merge request with; by default GitLab opens it for the push")
	flags.StringVar(&f.url, "gitlab-url", "", "`URL` of GitLab (default from the remote's)")
	flags.StringVar(&f.project, "gitlab-project", "", "`PATH` or number of the project (default from the remote's URL)")
	flags.StringVar(&f.caFile, "gitlab-ca-file", "", "`FILE` of certificates that are trusted beside the system's")
}

func (a *app) promoteCommand() *cobra.Command {
	var f proposeFlags
	c := &cobra.Command{
		Use: "promote APP", Short: "Propose what a stage has of an app to the next stage", Args: cobra.ExactArgs(1),
		Long: `promote makes one commit, signed with your key, that puts what the stage before has of an app in place of its promoted files;
stage-local files stay. It shows first which keys change and what the gate still asks for, pushes the commit to a branch of its
own, and opens the merge request. You cannot approve it: who asks for a promotion does not count.`,
		Example: `  sluice promote payments --to production --dry-run
  sluice promote payments --to production --wait`,
		RunE: func(c *cobra.Command, args []string) error {
			return a.propose(c.Context(), f, args[0], func(ctx context.Context, d reconciler.Drafting, cell schema.Cell) (reconciler.Draft, error) {
				return d.Promotion(ctx, cell)
			})
		},
	}
	f.add(c)
	c.Flags().StringVar(&f.stage, "to", "", "`STAGE` to promote it to")
	return required(c, "to")
}

func (a *app) rollbackCommand() *cobra.Command {
	var f proposeFlags
	c := &cobra.Command{
		Use: "rollback APP", Short: "Propose to go back to what ran in a stage before", Args: cobra.ExactArgs(1),
		Long: `rollback makes one commit, signed with your key, that restores the promoted files of a revision that passed its whole gate in the
stage before: the last one before the current, or the one that --to names. It also stands above a change that waits there, and makes
it moot. With --to and the current revision it takes back what waits. What is rolled back from is not proposed again by itself.`,
		Example: `  sluice rollback payments --stage production
  sluice rollback payments --stage production --to r:57ba02cc --wait`,
		RunE: func(c *cobra.Command, args []string) error {
			return a.propose(c.Context(), f, args[0], func(ctx context.Context, d reconciler.Drafting, cell schema.Cell) (reconciler.Draft, error) {
				return d.Rollback(ctx, cell, f.to, f.withLocal)
			})
		},
	}
	f.add(c)
	c.Flags().StringVar(&f.stage, "stage", "", "`STAGE` to roll back")
	c.Flags().StringVar(&f.to, "to", "", "`REVISION` to go back to, as sluice history shows it (default the one before)")
	c.Flags().BoolVar(&f.withLocal, "with-local", false, "restore the stage-local files as well")
	return required(c, "stage")
}

func required(c *cobra.Command, flag string) *cobra.Command {
	if err := c.MarkFlagRequired(flag); err != nil {
		panic(err) // the flag is declared above
	}
	return c
}

// proposed is what came of a command, also as JSON.
type proposed struct {
	App          schema.App       `json:"app"`
	Stage        schema.StageName `json:"stage"`
	Kind         schema.Kind      `json:"kind"`
	From         schema.StageName `json:"from,omitempty"`
	Was          schema.Revision  `json:"was"`
	Revision     schema.Revision  `json:"revision"`
	Entry        int64            `json:"entry"`
	Edits        []diff.Edit      `json:"edits"`
	Missing      []schema.Verdict `json:"missing"`
	Branch       string           `json:"branch"`
	Target       string           `json:"target"`
	Commit       string           `json:"commit,omitempty"`
	MergeRequest int64            `json:"merge_request,omitempty"`
	State        string           `json:"state"`          // dry-run, nothing-to-do, proposed, pushed, live, denied, waiting, closed
	Open         string           `json:"open,omitempty"` // where its merge request can be opened, as far as none is known
	before       bool             // it was pushed before
}

type drafter func(context.Context, reconciler.Drafting, schema.Cell) (reconciler.Draft, error)

func (a *app) propose(ctx context.Context, f proposeFlags, app string, make drafter) error {
	d, err := a.openDesk(ctx, statementFlags{clone: f.clone, remote: f.remote, yes: f.yes, dryRun: f.dryRun})
	if err != nil {
		return err
	}
	defer d.Close()
	view, err := d.view(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(checkApp(view, app), checkStage(view.Stages, f.stage)); err != nil {
		return err
	}
	cell := schema.Cell{Stage: schema.StageName(f.stage), App: schema.App(app)}
	drafting := d.drafting(ctx)
	draft, err := make(ctx, drafting, cell)
	var refused *reconciler.Refused
	if errors.As(err, &refused) {
		return a.refusedProposal(cell, refused)
	}
	if err != nil {
		return err
	}
	out := d.about(draft)
	if !a.json() {
		a.writeDraft(draft, out)
	}
	state, _, err := d.Ledger.Cell(ctx, cell)
	if err != nil {
		return err
	}
	if err := d.bring(ctx, f, drafting, draft, &out); err != nil {
		return err
	}
	if f.wait && !f.dryRun {
		if out.State == "pushed" && !a.json() {
			a.writePushed(out)
		}
		return a.await(ctx, f, draft, state.Admitted.Seq, out)
	}
	return a.sayProposed(out)
}

// refusedProposal says why there is nothing to propose; where the stage has it already that is no failure.
func (a *app) refusedProposal(cell schema.Cell, r *reconciler.Refused) error {
	if !r.Done {
		return &failure{code: exitNo, err: errors.New(r.Why), hint: r.Hint}
	}
	if a.json() {
		return a.encode(proposed{App: cell.App, Stage: cell.Stage, State: "nothing-to-do"})
	}
	fmt.Fprintf(a.out, "nothing to do: %s\n", r.Why)
	return nil
}

// drafting is the clone as it was fetched just now.
func (d *desk) drafting(ctx context.Context) reconciler.Drafting {
	refs := map[string]schema.Hash{}
	for ref, tip := range d.refs {
		if name, ok := strings.CutPrefix(ref, "refs/remotes/"+d.f.remote+"/"); ok && name != "HEAD" {
			refs["refs/heads/"+name] = tip
		}
	}
	out := reconciler.Drafting{
		Clone: d.Clone, Refs: refs, Now: d.made,
		Beside: func(more func(schema.Hash) (schema.ObjectKind, []byte, bool)) reconciler.Repository {
			return gitrepo.Mirror{Repo: d.repo.Beside(more)}
		},
	}
	if email, err := d.a.git(ctx, "config", "user.email"); err == nil {
		if who, ok := d.Trust.PrincipalOfEmail(email); ok {
			out.Asker = who.ID
		}
	}
	return out
}

func (d *desk) about(draft reconciler.Draft) proposed {
	return proposed{
		App: draft.Cell.App, Stage: draft.Cell.Stage, Kind: draft.Change.Kind, From: draft.From, Was: draft.Was, Revision: draft.Revision, Entry: draft.Entry,
		Edits: diff.Mask(draft.Edits), Missing: leavesOf(draft.Verdict), Branch: branchName(draft.SourceRef), Target: branchName(draft.TargetRef),
	}
}
