package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

func sceneBreaker(ctx context.Context, d *demo) error {
	d.say("A third version, 9000, goes all the way; this time Dana approves at the merge request.")
	for _, step := range []struct {
		stage     string
		approvers []string
	}{{"development", nil}, {"testing", nil}, {"staging", []string{"bob"}}, {"gray", []string{"bob"}}, {"production", []string{"bob", "carol", "dana"}}} {
		if err := d.bring(ctx, step.stage, "payments: 9000 in "+step.stage, limits(9000), step.approvers...); err != nil {
			return err
		}
	}
	d.say("Transfers time out. Bob takes production back to what ran before, and Carol approves: one approval is enough for that.")
	if err := d.rollback(ctx, 8000); err != nil {
		return err
	}
	d.say("That does not help, so once more; and Dana pins production for two hours.")
	if err := d.rollback(ctx, 5000); err != nil {
		return err
	}
	if err := d.pin(ctx); err != nil {
		return err
	}
	d.say("It was the bank's network. Ann would like to have 9000 again, but the stage is pinned until Dana ends that.")
	if _, err := d.sluice(ctx, exitNo, "promote", "payments", "--to", "production", "--yes"); err != nil {
		return err
	}
	if _, err := d.sluiceOf(ctx, "dana", exitDone, "resume", "--stage", "production", "--app", "payments", "--reason", "the network is mended", "--yes"); err != nil {
		return err
	}
	if err := d.until(ctx, "the pin to end", func(v *schema.View) bool { return len(v.Suspended) == 0 }); err != nil {
		return err
	}
	return d.again(ctx)
}

// again proposes what was rolled back from, which the breaker holds.
func (d *demo) again(ctx context.Context) error {
	iid, err := d.asks(ctx, "ann", "promote", "payments", "--to", "production", "--yes")
	if err != nil {
		return err
	}
	if err := d.merge(iid, "bob", "carol"); err != nil {
		return err
	}
	d.say("Bob and Carol approve. One of two rollbacks restored, which is below 85 %%: the breaker has tripped, and every change of this app needs Dana as well.")
	return d.confirmed(ctx, 9000, "breaker-tripped", "80.0 of 100 = 60 × 1/1", "40 × 1/2 rollbacks")
}

var opened = regexp.MustCompile(`merge request !([0-9]+)`)

// asks has a person propose something with sluice, and returns the number of the merge request.
func (d *demo) asks(ctx context.Context, name string, args ...string) (int, error) {
	out, err := d.sluiceOf(ctx, name, exitDone, args...)
	if err != nil {
		return 0, err
	}
	found := opened.FindStringSubmatch(out)
	if found == nil {
		return 0, errors.New("no merge request was opened")
	}
	return strconv.Atoi(found[1])
}

// rollback takes production back by one step.
func (d *demo) rollback(ctx context.Context, limit int) error {
	iid, err := d.asks(ctx, "bob", "rollback", "payments", "--stage", "production", "--yes")
	if err != nil {
		return err
	}
	seq := d.seq(cell("production"))
	if err := d.team.Person("carol").Approve(iid); err != nil {
		return err
	}
	if err := d.team.Person("carol").Merge(iid, gitlabtest.MergeOptions{RemoveSource: true}); err != nil {
		return err
	}
	if err := d.live(ctx, cell("production"), seq, fmt.Sprintf("the rollback to %d", limit)); err != nil {
		return err
	}
	return d.reads(ctx, limit)
}

// pin suspends the app in production, and shows the history so far.
func (d *demo) pin(ctx context.Context) error {
	if _, err := d.sluiceOf(ctx, "dana", exitDone, "suspend", "--stage", "production", "--app", "payments", "--until", "2h", "--reason", "find out why transfers time out", "--yes"); err != nil {
		return err
	}
	if err := d.until(ctx, "the pin", func(v *schema.View) bool { return len(v.Suspended) == 1 }); err != nil {
		return err
	}
	if err := d.team.Person("ann").Fetch(ctx); err != nil {
		return err
	}
	out, err := d.sluice(ctx, exitDone, "history", "payments", "--stage", "production", "--last", "7")
	if err == nil && strings.Count(out, "restored in ") != 1 {
		return errors.New("the history does not say how long it took to go back")
	}
	return err
}
