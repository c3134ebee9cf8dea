package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/schema"
)

// stricterStages take the place of the default ones: what is not written stays as it was.
const stricterStages = `stages:
- name: development
- name: testing
- name: staging
- name: gray
  gray:
    labels: {pool: canary}
    steps: [{percent: 0, for: 1s}, {percent: 50, for: 1s}]
- name: production
  gates:
    promote:
    - approvals: 2
    - breaker: {fields: ["app.yaml#limits.max*"]}
`

// limits is the configuration whose life is told, with its one number.
func limits(max int) map[string]string {
	return map[string]string{"app.yaml": fmt.Sprintf("limits:\n  maxTransfer: %d\n  currency: EUR\n", max)}
}

func sceneRules(ctx context.Context, d *demo) error {
	d.say("In gray a new version shall reach one instance first, then half of them, then all; in production a circuit breaker shall watch. Rules are files as well: Ann, an admin, signs, and the merge request is merged.")
	rules := strings.Replace(demoProject, "stages: default\n", stricterStages, 1)
	fmt.Fprintln(d.out, indented(stricterStages))
	size := d.daemon.reconciler.View().Ledger.Size
	const title = "config: gray in steps, and a breaker"
	iid, err := d.team.Person("ann").Propose(ctx, "main", "ann/rules", title, team.Commit{Message: title, Files: map[string]string{"sluice.yaml": rules}})
	if err != nil {
		return err
	}
	if err := d.merge(iid); err != nil {
		return err
	}
	if err := d.until(ctx, "the rules to be in force", func(v *schema.View) bool { return v.Ledger.Size > size }); err != nil {
		return err
	}
	d.say("In force, by entry #%d of the ledger.", d.daemon.reconciler.View().Ledger.Size)
	return nil
}

func sceneVersion(ctx context.Context, d *demo) error {
	if err := d.draft(ctx, "payments: raise the limit", limits(8000)); err != nil {
		return err
	}
	d.say("Merged, it goes on to testing, and to staging, where Bob approves.")
	if err := d.bring(ctx, "testing", "payments: raise the limit in testing", limits(8000)); err != nil {
		return err
	}
	if err := d.bring(ctx, "staging", "payments: raise the limit in staging", limits(8000), "bob"); err != nil {
		return err
	}
	if err := d.startPrograms(ctx, "gray"); err != nil {
		return err
	}
	if err := d.widen(ctx, 5000, 8000); err != nil {
		return err
	}
	d.say("gray -> production: Bob and Carol approve, and it waits all the same: maxTransfer is a critical field, which somebody else confirms.")
	iid, err := d.team.Person("ann").Propose(ctx, "main", "ann/production", "payments: raise the limit in production", d.commit("production", "payments: raise the limit in production", limits(8000)))
	if err != nil {
		return err
	}
	if err := d.merge(iid, "bob", "carol"); err != nil {
		return err
	}
	return d.confirmed(ctx, 8000, "critical-field", "100.0 of 100 = 60 × 1/1")
}

func (d *demo) commit(stage, title string, files map[string]string) team.Commit {
	at := map[string]string{}
	for path, data := range files {
		at[place(cell(stage))+"/"+path] = data
	}
	return team.Commit{Message: title, Files: at}
}

// draft opens a merge request into the first stage, shows what stands below it, and has it merged.
func (d *demo) draft(ctx context.Context, title string, files map[string]string) error {
	iid, err := d.team.Person("ann").Propose(ctx, "main", "ann/draft", title, d.commit("development", title, files))
	if err != nil {
		return err
	}
	if err := d.until(ctx, "the draft", func(v *schema.View) bool { return len(v.Drafts) == 1 && v.Drafts[0].IID == int64(iid) }); err != nil {
		return err
	}
	d.say("draft: merge request !%d into development is open, as the page shows too.", iid)
	if err := d.showNote(iid, "maxTransfer"); err != nil {
		return err
	}
	seq := d.seq(cell("development"))
	if err := d.merge(iid); err != nil {
		return err
	}
	return d.live(ctx, cell("development"), seq, title)
}

// widen brings a limit to gray and shows who has it, step by step.
func (d *demo) widen(ctx context.Context, before, limit int) error {
	title := fmt.Sprintf("payments: %d in gray", limit)
	d.say("staging -> gray: Bob approves. Four instances of payments run there; pay-1 is labelled pool=canary.")
	seq := d.seq(cell("gray"))
	iid, err := d.team.Person("ann").Propose(ctx, "main", "ann/gray", title, d.commit("gray", title, limits(limit)))
	if err != nil {
		return err
	}
	if err := d.merge(iid, "bob"); err != nil {
		return err
	}
	share := func(permyriad int) func(*schema.View) bool {
		return func(v *schema.View) bool {
			c, ok := v.Cell(cell("gray"))
			return ok && c.Seq > seq && (c.Gray == nil || c.Gray.Rule.Permyriad >= permyriad)
		}
	}
	if err := errors.Join(d.until(ctx, "gray's first step", share(0)), d.seen(ctx, limit, 1)); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "  canary   %s\n", d.programs)
	if n := d.programs.have(before); n != 3 {
		return fmt.Errorf("%d of 4 instances run %d after the first step, want 3", n, before)
	}
	if err := d.until(ctx, "half of gray", share(5000)); err != nil {
		return err
	}
	if err := d.live(ctx, cell("gray"), seq, title); err != nil {
		return err
	}
	if err := d.seen(ctx, limit, 4); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "  all      %s\n", d.programs)
	d.say("Each step is an entry of its own, taken because the instances that had the version reported that they run it.")
	return nil
}

// confirmed shows why production waits, with what the breaker counted, and has Dana confirm it by her own signature.
func (d *demo) confirmed(ctx context.Context, limit int, wants ...string) error {
	if err := d.held(ctx, cell("production")); err != nil {
		return err
	}
	if err := d.team.Person("ann").Fetch(ctx); err != nil {
		return err
	}
	out, err := d.sluice(ctx, exitNo, "why", "payments", "production")
	if err != nil {
		return err
	}
	for _, want := range wants {
		if !strings.Contains(out, want) {
			return fmt.Errorf("why does not say %q", want)
		}
	}
	seq := d.seq(cell("production"))
	d.say("Dana is the release manager. Her signature counts after the merge as well, and for this step alone.")
	if _, err := d.sluiceOf(ctx, "dana", exitDone, "approve", "--held", "payments", "production", "--yes"); err != nil {
		return err
	}
	if err := d.live(ctx, cell("production"), seq, fmt.Sprintf("%d in production", limit)); err != nil {
		return err
	}
	return d.reads(ctx, limit)
}

// reads shows what an application in production reads.
func (d *demo) reads(ctx context.Context, limit int) error {
	value, err := d.readEtcd(ctx, "production")
	if err != nil {
		return err
	}
	if !strings.Contains(value, fmt.Sprintf(`"maxTransfer":%d`, limit)) {
		return fmt.Errorf("etcd holds %s", value)
	}
	d.say("Production reads %s", value)
	return nil
}

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
	if err == nil && strings.Count(out, "restored in ") != 2 {
		return errors.New("the history does not say how long it took to go back")
	}
	return err
}

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
