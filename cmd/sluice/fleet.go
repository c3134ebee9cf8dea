package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/sluice-gitops/sluice/reconciler/admin"
	"github.com/sluice-gitops/sluice/schema"
)

// fleet is what runs for the projects of the operator's file. Which projects these are stays; how each is watched may be
// replaced while it runs.
type fleet struct {
	op       schema.Operator // in force
	shared   process
	commands []string
	log      *slog.Logger

	daemons []*daemon       // as first opened: what others hold on to
	wakes   []chan struct{} // of each
	loops   sync.WaitGroup
	running []*loop
	lost    error // what was in force could not be opened again
	// tries reports why a project could not be opened by a file; what runs goes on meanwhile.
	tries func(ctx context.Context, op schema.Operator, i int) error

	mu    sync.Mutex // guards what follows
	state reloads
}

// loop is one project's reconciler at work.
type loop struct {
	stop  context.CancelFunc
	ended chan struct{}
	err   error // once it ended
}

func openFleet(ctx context.Context, op schema.Operator, shared process, commands []string, log *slog.Logger) (*fleet, error) {
	f := &fleet{op: op, shared: shared, commands: commands, log: log, state: reloads{ok: true, at: now()}}
	f.tries = f.opensBy
	for i := range op.Projects {
		d, err := f.open(ctx, op, i)
		if err != nil {
			return nil, errors.Join(err, f.close())
		}
		f.daemons = append(f.daemons, d)
		f.wakes = append(f.wakes, make(chan struct{}, 1))
	}
	f.running = make([]*loop, len(f.daemons))
	return f, nil
}

// open opens the project in its place of the operator's file.
func (f *fleet) open(ctx context.Context, op schema.Operator, i int) (*daemon, error) {
	if len(op.Projects) > 1 {
		op.StateDir = filepath.Join(op.StateDir, strconv.Itoa(i))
	}
	d, err := openDaemon(ctx, op, op.Projects[i], f.shared, f.log.With("project", redacted(op.Projects[i].Repository)))
	if err != nil {
		return nil, err
	}
	d.commands = f.commands
	return d, nil
}

// opensBy opens a project by a file and gives it back.
func (f *fleet) opensBy(ctx context.Context, op schema.Operator, i int) error {
	if op.Embedded != nil { // it runs, and cannot run twice
		op.Embedded, op.Projects = nil, slices.Clone(op.Projects)
		targets := map[string]schema.TargetAddress{"etcd": {Name: "etcd", Kind: "etcd", Endpoints: []string{f.daemons[i].now().embedded}}}
		maps.Copy(targets, op.Projects[i].Targets)
		op.Projects[i].Targets = targets
	}
	d, err := f.open(ctx, op, i)
	if err != nil {
		return err
	}
	return d.Close()
}

// start lets a project's reconciler work until ctx ends. That one ends by itself ends them all.
func (f *fleet) start(ctx context.Context, i int, failed context.CancelFunc) {
	own, stop := context.WithCancel(ctx)
	l := &loop{stop: stop, ended: make(chan struct{})}
	f.running[i] = l
	d := f.daemons[i].now()
	f.loops.Go(func() {
		defer close(l.ended)
		defer stop()
		if l.err = d.work(own, f.wakes[i]); own.Err() == nil {
			failed()
		}
	})
}

// err is what the loops ended with.
func (f *fleet) err() error {
	errs := []error{f.lost}
	for _, l := range f.running {
		if l != nil {
			errs = append(errs, l.err)
		}
	}
	return errors.Join(errs...)
}

// close gives back what the projects hold. Nothing of theirs may be at work.
func (f *fleet) close() error {
	var errs []error
	for _, d := range f.daemons {
		errs = append(errs, d.now().Close())
	}
	return errors.Join(errs...)
}

// alive reports whether every loop goes on.
func (f *fleet) alive() bool { return admin.Config{Projects: adminProjects(f.daemons)}.Alive() == nil }

// work runs the loop until ctx ends, and gives the lease back when it has ended, so that another process need not wait.
func (d *daemon) work(ctx context.Context, wake <-chan struct{}) error {
	leading, resign := context.WithCancel(context.WithoutCancel(ctx))
	defer resign()
	var election sync.WaitGroup
	if d.election != nil {
		election.Go(func() { d.election.Run(leading) })
	}
	err := d.reconciler.Run(ctx, wake)
	resign()
	election.Wait()
	if err != nil {
		return fmt.Errorf("watch %s: %w", d.name, err)
	}
	return nil
}

// now is the daemon that works in the place of one: itself, until the operator's file was read again.
func (d *daemon) now() *daemon {
	if heir := d.heir.Load(); heir != nil {
		return heir
	}
	return d
}

// replace lets another daemon work in the place of this one. What was last shown is shown until it has looked, and what is
// counted since the process started goes on: a counter that falls is a restart to whoever reads it.
func (d *daemon) replace(heir *daemon) {
	heir.reconciler.GoOnFrom(d.now().reconciler)
	if v := d.view(); v != nil {
		d.before.Store(v)
	}
	d.heir.Store(heir)
}

// view is what is known of the project, also while a daemon that took over has not looked yet.
func (d *daemon) view() *schema.View {
	if v := d.now().reconciler.View(); v != nil {
		return v
	}
	return d.before.Load()
}
