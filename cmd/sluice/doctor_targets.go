package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// targets asks each target of the operator's file once whether it is there, and reads from it in each stage that it serves.
// Nothing is written: whether writing is allowed shows with the first delivery, unless the target can rehearse it.
func (d *doctorDesk) targets(ctx context.Context) {
	var cfg reconciler.Config
	if err := loadLogKeys(d.op, &cfg); err != nil {
		d.add(groupTargets, "read", "", schema.GuardUnknown, "", "no log key to read their heads with")
		d.advise("mend what fails above, then ask again")
		return
	}
	served := d.served()
	for _, name := range slices.Sorted(maps.Keys(d.project.Targets)) {
		if _, ok := served[name]; !ok {
			served[name] = nil // run opens it all the same
		}
	}
	for _, name := range slices.Sorted(maps.Keys(served)) {
		d.target(ctx, name, served[name], cfg.HeadKeys)
	}
	if d.rules == nil {
		d.add(groupTargets, "read", "", schema.GuardUnknown, "", "which targets the stages have is not known")
		d.advise("mend what fails above, then ask again")
	}
}

// delivery is a stage that a target serves.
type delivery struct {
	stage    schema.StageName
	settings map[string]string
}

func (d *doctorDesk) served() map[string][]delivery {
	out := map[string][]delivery{}
	if d.rules == nil {
		return out
	}
	for _, stage := range d.rules.Stages {
		for _, t := range stage.Targets {
			out[t.Name] = append(out[t.Name], delivery{stage.Name, t.Settings})
		}
	}
	return out
}

func (d *doctorDesk) target(ctx context.Context, name string, stages []delivery, keys *integrations.LogKeys) {
	if d.broken[name] {
		d.add(groupTargets, "read", name, schema.GuardUnknown, "", "a file that it needs cannot be used, so it was not asked")
		d.advise("mend what fails above, then ask again")
		return
	}
	target := d.openTarget(ctx, name, keys)
	if target == nil {
		return // said once
	}
	if c, ok := target.(integrations.Closer); ok {
		defer func() { _ = c.Close() }() // nothing was written
	}
	if r, ok := target.(reachable); ok {
		if err := r.Reach(ctx); err != nil {
			d.failed(groupTargets, "read", name, err)
			return
		}
	}
	d.readStages(ctx, name, target, stages)
}

// rehearsed is a target whose system can be asked whether a write would be taken, without one.
type rehearsed interface {
	Rehearse(ctx context.Context, want integrations.Release) error
}

// reachable is a target that says why nobody answers, sooner than reading does.
type reachable interface{ Reach(context.Context) error }

// readStages asks for all stages at once, so that one time runs out and not one for each, and tells stages with one answer in
// one line.
func (d *doctorDesk) readStages(ctx context.Context, name string, target integrations.Target, stages []delivery) {
	errs := make([]error, len(stages))
	seen := "answers; writing is not tried"
	if _, ok := target.(rehearsed); ok {
		seen = "answers, and would take what is written"
	}
	var wg sync.WaitGroup
	for i, s := range stages {
		app := d.someApp(s.stage)
		wg.Go(func() { errs[i] = d.read(ctx, target, s, app) })
	}
	wg.Wait()
	for i, s := range stages {
		alike := func(err error) bool { return err != nil && errs[i] != nil && withoutKey(err) == withoutKey(errs[i]) }
		first := slices.IndexFunc(errs, alike)
		switch {
		case errs[i] == nil:
			d.ok(groupTargets, "read", name+" "+string(s.stage), "%s", seen)
		case first == i:
			d.failedStages(name, stages, errs, alike)
		}
	}
}

func (d *doctorDesk) failedStages(name string, stages []delivery, errs []error, alike func(error) bool) {
	var names []string
	var err error
	for i, s := range stages {
		if alike(errs[i]) {
			names, err = append(names, string(s.stage)), cmp.Or(err, errs[i])
		}
	}
	subject := name + " " + strings.Join(names, ", ")
	if len(names) > 1 && len(names) == len(stages) {
		subject = name
	}
	d.failed(groupTargets, "read", subject, err)
	if last := &d.checks[len(d.checks)-1]; len(names) > 1 {
		last.Seen = plain(withoutKey(err)) // the key is that of one stage
	}
}

// withoutKey is what an error says of the target, whichever of its keys was read.
func withoutKey(err error) string {
	var of *integrations.Error
	if !errors.As(err, &of) || of.Key == "" {
		return err.Error()
	}
	bare := *of
	bare.Key = ""
	return bare.Error()
}

func (d *doctorDesk) read(ctx context.Context, target integrations.Target, s delivery, app schema.App) error {
	project := ""
	if d.trust != nil {
		project = d.trust.Root.Project
	}
	want := integrations.Release{
		Project: project, Cell: schema.Cell{Stage: s.stage, App: app}, Revision: schema.None, Content: schema.NoContent,
		Retired: true, Settings: s.settings,
	}
	_, err := target.Read(ctx, want)
	if r, ok := target.(rehearsed); ok && err == nil {
		err = r.Rehearse(ctx, want)
	}
	return err
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
		d.failed(groupTargets, "read", name, &failure{code: exitUsage, err: err, hint: "correct " + name + " below targets in the operator's file"})
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
