package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/schema"
)

func sceneRetire(ctx context.Context, d *demo) error {
	const record = "reason: replaced by refunds\nowner: ann\nretention: 3650d\n"
	d.say("An app leaves as it came, and production only with a record of why, which the admins sign: .sluice/retired/payments.yaml")
	fmt.Fprintln(d.out, indented(record))
	size := d.daemon.reconciler.View().Ledger.Size
	const title = "payments: retires"
	iid, err := d.team.Person("ann").Propose(ctx, "main", "ann/retires", title, team.Commit{Message: title, Files: map[string]string{".sluice/retired/payments.yaml": record}})
	if err != nil {
		return err
	}
	if err := d.merge(iid); err != nil {
		return err
	}
	if err := d.until(ctx, "the record", func(v *schema.View) bool { return v.Ledger.Size > size }); err != nil {
		return err
	}
	for _, step := range []struct {
		stage     string
		approvers []string
	}{{"development", nil}, {"testing", nil}, {"staging", []string{"bob"}}, {"gray", []string{"bob"}}, {"production", []string{"bob", "carol"}}} {
		title := "payments: leaves " + step.stage
		if err := d.land(ctx, cell(step.stage), title, team.Commit{Message: title, Remove: []string{place(cell(step.stage))}}, step.approvers...); err != nil {
			return err
		}
	}
	d.say("payments has left development, testing, staging, gray and, approved by Bob and Carol, production. Its revisions are archived: nothing goes back to them, and their history is kept for ten years.")
	return d.archived(ctx)
}

// archived shows that what ran is closed for ever.
func (d *demo) archived(ctx context.Context) error {
	ann := d.team.Person("ann")
	size := d.seq(cell("production")) + 1 // its absence, and the delivery of it
	if err := d.until(ctx, "the archive", func(v *schema.View) bool { return v.Ledger.Size > size }); err != nil {
		return err
	}
	if err := ann.Fetch(ctx); err != nil {
		return err
	}
	out, err := d.sluice(ctx, exitDone, "history", "payments", "--stage", "production", "--last", "5")
	if err != nil {
		return err
	}
	if strings.Count(out, "archive") != 3 {
		return errors.New("the history does not show that the three revisions are archived")
	}
	_, err = d.sluice(ctx, exitDone, "status", "payments")
	return err
}
