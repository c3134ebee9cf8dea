package main

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// sealStage asks for what lies in the place of a new stage to count as admitted there (RULES R29). Without it the stage starts
// empty, and what was there before is denied.
func (a *app) sealStage(ctx context.Context, f initFlags) error {
	if _, err := a.git(ctx, "fetch", "--quiet", f.remote); err != nil {
		return noAccess(err, f.remote)
	}
	c, err := a.openClone(ctx, cloneFlags{ledger: schema.DefaultLedgerBranch})
	if err != nil {
		return err
	}
	defer c.Close()
	name := schema.StageName(f.stage)
	stage, ok := c.Project.Stage(name)
	if !ok {
		return &failure{code: exitUsage, err: fmt.Errorf("there is no stage %q in the rules in force", f.stage), hint: "sluice.yaml with the stage has to come into force first: sluice status shows whether it waits"}
	}
	tip := remoteBranches(c.refs, f.remote)[c.Project.Ref(stage)]
	if tip.IsZero() {
		return &failure{code: exitUsage, err: fmt.Errorf("%s has no %s yet", f.remote, c.Project.Ref(stage)), hint: "an empty stage needs no seal"}
	}
	sealing, err := reconciler.SealStage(ctx, gitrepo.Mirror{Repo: c.repo}, c.Ledger, name, tip)
	if err != nil {
		return usageError(err)
	}
	if err := sealFits(ctx, c.repo, c.Project, f.config, sealing); err != nil {
		return err
	}
	statement, err := sealing.Statement()
	if err != nil {
		return err
	}
	person, signature, err := a.signRequest(ctx, f, c.repo, sealing.Control, statement)
	if err != nil {
		return err
	}
	message := string(statement) + "\n" + string(signature)
	request, err := schema.ParseRequest([]byte(message))
	if err != nil {
		return err
	}
	tag := request.TagName(person)
	if err := a.pushTag(ctx, f.remote, tag, sealing.Control, message); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "sealed %s\nrequest %s\nnext: %s of the admins have to ask for the same; sluice run then takes the stage over\n",
		sealedText(sealing.Cells), tag, count(int64(max(c.Trust.Root.Admin, 1)), "signature", "signatures"))
	return nil
}
