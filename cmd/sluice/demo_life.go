package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
