package main

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// targets reads from each target that the project delivers to, in each stage that it serves. Nothing is written, so whether
// writing is allowed shows with the first delivery.
func (d *doctorDesk) targets(ctx context.Context) {
	if d.rules == nil {
		d.add(groupTargets, "read", "", schema.GuardUnknown, "", "which targets the stages have is not known")
		d.advise("mend what fails above, then ask again")
		return
	}
	var cfg reconciler.Config
	if err := loadLogKeys(d.op, &cfg); err != nil {
		d.add(groupTargets, "read", "", schema.GuardUnknown, "", "no log key to read their heads with")
		d.advise("mend what fails above, then ask again")
		return
	}
	keys := cfg.HeadKeys
	opened := map[string]integrations.Target{}
	for _, stage := range d.rules.Stages {
		for _, t := range stage.Targets {
			d.target(ctx, stage, t, opened, keys)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(opened)) {
		if c, ok := opened[name].(integrations.Closer); ok {
			_ = c.Close() // nothing was written
		}
	}
}

func (d *doctorDesk) target(ctx context.Context, stage schema.Stage, t schema.StageTarget, opened map[string]integrations.Target, keys *integrations.LogKeys) {
	target, ok := opened[t.Name]
	if !ok {
		if target = d.openTarget(ctx, t.Name, keys); target != nil {
			opened[t.Name] = target
		} else {
			opened[t.Name] = nil
		}
	}
	if target == nil {
		return // said once
	}
	project := ""
	if d.trust != nil {
		project = d.trust.Root.Project
	}
	_, err := target.Read(ctx, integrations.Release{
		Project: project, Cell: schema.Cell{Stage: stage.Name, App: d.someApp(stage.Name)}, Revision: schema.None, Content: schema.NoContent,
		Retired: true, Settings: t.Settings,
	})
	if err != nil {
		d.failed(groupTargets, "read", t.Name+" "+string(stage.Name), err)
		return
	}
	d.ok(groupTargets, "read", t.Name+" "+string(stage.Name), "answers; writing is not tried")
}

// openTarget opens a target as the operator's file has it; nil where that cannot be done, which is said.
func (d *doctorDesk) openTarget(ctx context.Context, name string, keys *integrations.LogKeys) integrations.Target {
	address, ok := d.project.Targets[name]
	switch {
	case !ok && name == "etcd" && d.op.Embedded != nil:
		d.add(groupTargets, "read", name, schema.GuardUnknown, "", "it runs inside the reconciler, and only while that does")
		d.advise("name a server of its own below targets, for more than trying things out")
		return nil
	case !ok:
		d.add(groupTargets, "read", name, schema.GuardFail, "", "the operator's file says nothing of it")
		d.advise("write %s below targets, with its kind and address", name)
		return nil
	}
	target, err := openTarget(ctx, name, address, keys, slog.New(slog.DiscardHandler))
	if err != nil {
		d.failed(groupTargets, "read", name, err)
		return nil
	}
	return target
}

// someApp is an app that the stage holds, so that reading meets the rights that the reconciler will need.
func (d *doctorDesk) someApp(stage schema.StageName) schema.App {
	const nobody = "sluice-doctor"
	if d.clone == nil {
		return nobody
	}
	states, err := d.clone.Ledger.Cells(context.Background())
	if err != nil {
		return nobody
	}
	for _, s := range states {
		if s.Stage == stage && s.Admitted.Seq > 0 {
			return s.App
		}
	}
	return nobody
}
