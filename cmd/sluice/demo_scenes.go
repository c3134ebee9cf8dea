package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/schema"
)

// scene shows one thing and checks that it came out.
type scene struct {
	title string
	play  func(context.Context, *demo) error
}

func scenes() []scene {
	return []scene{
		{"A typo is caught where it is", sceneTypo},
		{"A project is sealed", sceneSeal},
		{"A change goes from a signed commit to production", scenePromote},
		{"A change is held: nobody else approved it, one commit is unsigned", sceneHeld},
		{"The rules get stricter, by a signed change of their own", sceneRules},
		{"The next version: from draft through gray, step by step, to production", sceneVersion},
		{"Two rollbacks, a pinned stage, and the circuit breaker", sceneBreaker},
		{"A hand edit in etcd is put back", sceneDrift},
		{"A force-push is refused", sceneForcePush},
		{"The app retires, stage by stage, and ends archived", sceneRetire},
		{"Prove it, then tamper with a copy", sceneProof},
	}
}

func sceneTypo(ctx context.Context, d *demo) error {
	ann := d.team.Person("ann")
	if err := ann.Fetch(ctx); err != nil {
		return err
	}
	file := filepath.Join(ann.Dir(), "sluice.yaml")
	broken := strings.Replace(demoProject, "stage_local", "stage_locl", 1)
	if err := os.WriteFile(file, []byte(broken), 0o644); err != nil {
		return err
	}
	out, err := d.sluice(ctx, exitNo, "lint")
	if err != nil {
		return err
	}
	if !strings.Contains(out, "sluice.yaml:6:1") || !strings.Contains(out, "^^^^") || !strings.Contains(out, "stage_local") {
		return errors.New("the finding does not name the place and the word that was meant")
	}
	if err := os.WriteFile(file, []byte(demoProject), 0o644); err != nil {
		return err
	}
	_, err = d.sluice(ctx, exitDone, "lint")
	return err
}

func sceneSeal(ctx context.Context, d *demo) error {
	d.say("The files are on main. One signed request says what every stage holds today; it becomes entry 1 of the ledger.")
	if err := d.team.Person("ann").Fetch(ctx); err != nil {
		return err
	}
	if _, err := d.sluice(ctx, exitDone, "init", "--seal"); err != nil {
		return err
	}
	return d.until(ctx, "entry 1", func(v *schema.View) bool { return v.Ledger.Size == 1 })
}

const demoApp = schema.App("payments")

func scenePromote(ctx context.Context, d *demo) error {
	ann := d.team.Person("ann")
	config := map[string]string{"app.yaml": "limits:\n  maxTransfer: 5000\n  currency: EUR\n"}
	d.say("Ann edits payments in development, signs the commit, and the merge request is merged.")
	if err := d.bring(ctx, "development", "payments: first limits", config); err != nil {
		return err
	}
	before := "development"
	for _, stage := range []string{"testing", "staging", "gray", "production"} {
		approvers := map[string][]string{"staging": {"bob"}, "gray": {"bob"}, "production": {"bob", "carol"}}[stage]
		d.say("%s -> %s: Ann copies the files and signs%s.", before, stage, approvedBy(approvers))
		if err := d.bring(ctx, stage, "payments: "+before+" to "+stage, config, approvers...); err != nil {
			return err
		}
		before = stage
	}
	value, err := d.readEtcd(ctx, "production")
	if err != nil {
		return err
	}
	d.say("etcd has it: %s = %s", etcd.HeadKey(etcd.DefaultRoot, cell("production")), value)
	if !strings.Contains(value, `"maxTransfer":5000`) {
		return fmt.Errorf("etcd holds %s", value)
	}
	if err := ann.Fetch(ctx); err != nil {
		return err
	}
	_, err = d.sluice(ctx, exitDone, "status")
	return err
}

func approvedBy(names []string) string {
	if len(names) == 0 {
		return ""
	}
	if len(names) == 1 {
		return "; " + titled(names[0]) + " approves"
	}
	both := make([]string, len(names))
	for i, name := range names {
		both[i] = titled(name)
	}
	return "; " + strings.Join(both, " and ") + " approve"
}

func titled(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

func cell(stage string) schema.Cell {
	return schema.Cell{Stage: schema.StageName(stage), App: demoApp}
}

// bring proposes files of the demo's app for a stage, has them approved and merged, and waits until they are live.
func (d *demo) bring(ctx context.Context, stage, title string, files map[string]string, approvers ...string) error {
	return d.bringApp(ctx, cell(stage), title, files, approvers...)
}

func (d *demo) bringApp(ctx context.Context, c schema.Cell, title string, files map[string]string, approvers ...string) error {
	at := map[string]string{}
	for path, data := range files {
		at[place(c)+"/"+path] = data
	}
	return d.land(ctx, c, title, team.Commit{Message: title, Files: at}, approvers...)
}

// place is where the demo's project has an app in a stage.
func place(c schema.Cell) string { return "stages/" + string(c.Stage) + "/" + string(c.App) }

// land proposes a commit that changes one app in one stage, and goes the whole way with it.
func (d *demo) land(ctx context.Context, c schema.Cell, title string, commit team.Commit, approvers ...string) error {
	iid, err := d.team.Person("ann").Propose(ctx, "main", "ann/"+string(c.Stage), title, commit)
	if err != nil {
		return err
	}
	seq := d.seq(c)
	if err := d.merge(iid, approvers...); err != nil {
		return err
	}
	return d.live(ctx, c, seq, title)
}

// merge has a merge request approved at the forge, and merged.
func (d *demo) merge(iid int, approvers ...string) error {
	for _, name := range approvers {
		if err := d.team.Person(name).Approve(iid); err != nil {
			return err
		}
	}
	return d.team.Person("bob").Merge(iid, gitlabtest.MergeOptions{RemoveSource: true})
}

// live waits until all that comes after an entry runs everywhere in the cell, or is gone from there.
func (d *demo) live(ctx context.Context, c schema.Cell, after int64, what string) error {
	return d.until(ctx, what+" to be live", func(v *schema.View) bool {
		now, ok := v.Cell(c)
		return ok && now.Seq > after && (now.State == schema.Live || now.State == schema.Retired) && now.Gray == nil
	})
}

// held waits until a change is held in a cell.
func (d *demo) held(ctx context.Context, c schema.Cell) error {
	return d.until(ctx, "the change to be held", func(v *schema.View) bool {
		now, ok := v.Cell(c)
		return ok && now.State == schema.Held
	})
}

func (d *demo) seq(c schema.Cell) int64 {
	now, _ := d.daemon.reconciler.View().Cell(c)
	return now.Seq
}

// showNote prints the top of the note that stands below a merge request, which has to say something.
func (d *demo) showNote(iid int, want string) error {
	mr, err := d.forge.MergeRequest(d.team.Path(), iid)
	if err != nil {
		return err
	}
	for _, n := range mr.Notes {
		if n.System || n.Author != "reconciler" || !strings.Contains(n.Body, want) {
			continue
		}
		top, _, _ := strings.Cut(n.Body, "<details>")
		_, top, _ = strings.Cut(top, "\n") // the marker
		d.say("Below the merge request, for those who have no sluice, stands a note:")
		fmt.Fprintln(d.out, indented(top))
		return nil
	}
	return fmt.Errorf("no note below !%d says that a commit %s; %s", iid, want, d.problems())
}

func sceneHeld(ctx context.Context, d *demo) error {
	ann := d.team.Person("ann")
	refunds := func(stage schema.StageName) schema.Cell { return schema.Cell{Stage: stage, App: "refunds"} }
	first := map[string]string{"app.yaml": "days: 14\n"}
	d.say("Another app, refunds, is live in development and testing.")
	for _, stage := range []schema.StageName{"development", "testing"} {
		if err := d.bringApp(ctx, refunds(stage), "refunds: into "+string(stage), first); err != nil {
			return err
		}
	}
	d.say("For staging Ann approves her own merge request, and its second commit is not signed.")
	file := place(refunds("staging")) + "/app.yaml"
	iid, err := ann.Propose(ctx, "main", "ann/refunds", "refunds: into staging",
		team.Commit{Message: "refunds: half way", Files: map[string]string{file: "days: 7\n"}},
		team.Commit{Message: "refunds: into staging", Files: map[string]string{file: first["app.yaml"]}, Unsigned: true},
	)
	if err != nil {
		return err
	}
	if err := ann.Approve(iid); err != nil {
		return err
	}
	if err := d.team.Person("bob").Merge(iid, gitlabtest.MergeOptions{}); err != nil {
		return err
	}
	if err := d.held(ctx, refunds("staging")); err != nil {
		return err
	}
	if err := ann.Fetch(ctx); err != nil {
		return err
	}
	out, err := d.sluice(ctx, exitNo, "why", "refunds", "staging")
	if err != nil {
		return err
	}
	for _, want := range []string{"unsigned", "self-approval"} {
		if !strings.Contains(out, want) {
			return fmt.Errorf("why does not say %q", want)
		}
	}
	if err := d.showNote(iid, "is not signed"); err != nil {
		return err
	}
	d.say("Nothing of it reached staging, and nothing else waits for it.")
	return nil
}
