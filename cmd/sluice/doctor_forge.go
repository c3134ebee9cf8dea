package main

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/schema"
)

// forge asks GitLab for its guard rails.
func (d *doctorDesk) forge(ctx context.Context) error {
	if d.project.GitLab == nil {
		d.add(groupForge, "gitlab", "", schema.GuardFail, "", "the operator's file names no gitlab: nothing can be admitted")
		d.advise("write gitlab: with url, project and token_file into the operator's file")
		return nil
	}
	cfg := forgeConfig(d.project, slog.New(slog.DiscardHandler))
	cfg.Writes = cfg.Writes || d.op.BotKeyFile != ""
	client, err := gitlab.New(cfg)
	if err != nil {
		err = &failure{code: exitUsage, err: err, hint: "correct gitlab: in the operator's file"}
		d.failed(groupForge, "gitlab", "", err)
		return err
	}
	defer client.Close()
	found, err := client.Health(ctx, d.guardedRefs())
	if err != nil {
		d.failed(groupForge, "gitlab", d.project.GitLab.URL, err)
		return err
	}
	for _, r := range found.Rails {
		d.rail(r)
	}
	if d.rules == nil {
		d.add(groupBranch, "stages", "", schema.GuardUnknown, "", "which branches hold stages is not known")
		d.advise("mend what fails above, then ask again")
	}
	d.wholeBranches(ctx, client)
	return nil
}

// rail is a guard rail as a line.
func (d *doctorDesk) rail(r schema.GuardRail) {
	group, subject := groupForge, r.Subject
	if branch, ok := strings.CutPrefix(r.Subject, "refs/heads/"); ok {
		group, subject = groupBranch, branch
		if r.Name == schema.RailPromotionUse {
			subject = strings.TrimSuffix(branch, someBranch) + "…"
		}
	}
	d.add(group, r.Name, subject, r.State, r.Code, "%s", r.Seen)
}

// someBranch stands for what follows the prefix of branches that sluice proposes changes on (RULES R8).
const someBranch = "stage/app"

// guardedRefs are the branches that sluice relies on.
func (d *doctorDesk) guardedRefs() []schema.GuardedRef {
	var out []schema.GuardedRef
	for _, ref := range d.stageRefs() {
		out = append(out, schema.GuardedRef{Ref: ref, Use: schema.UseStage})
	}
	if !d.ledgerElsewhere() {
		out = append(out, schema.GuardedRef{Ref: "refs/heads/" + d.ledgerBranch(), Use: schema.UseLedger})
	}
	if d.op.BotKeyFile != "" {
		for _, prefix := range []string{"sluice/promote/", "sluice/rollback/"} {
			out = append(out, schema.GuardedRef{Ref: "refs/heads/" + prefix + someBranch, Use: schema.UsePromotion})
		}
	}
	return out
}

// stageRefs are the branch with the control files and those with stages, each once.
func (d *doctorDesk) stageRefs() []string {
	if d.rules == nil {
		return nil
	}
	refs := []string{"refs/heads/" + d.rules.Branch}
	for _, s := range d.rules.Stages {
		if ref := d.rules.Ref(s); !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs
}

// wholeBranches warns of open merge requests of one stage's branch into another's: each app is judged by itself, and those
// that are held keep the others company (RULES R8).
func (d *doctorDesk) wholeBranches(ctx context.Context, client *gitlab.Client) {
	refs := d.stageRefs()
	if len(refs) < 2 {
		return
	}
	open, err := client.Opened(ctx)
	if err != nil {
		d.failed(groupForge, "merge requests", "", err)
		return
	}
	for _, mr := range open {
		if slices.Contains(refs, mr.SourceRef) && slices.Contains(refs, mr.TargetRef) {
			d.add(groupForge, "merge requests", "", schema.GuardWarn, "several-apps", "!%d merges the whole of %s into %s", mr.IID,
				strings.TrimPrefix(mr.SourceRef, "refs/heads/"), strings.TrimPrefix(mr.TargetRef, "refs/heads/"))
		}
	}
}
