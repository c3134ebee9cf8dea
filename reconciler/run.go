package reconciler

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Run passes at every interval, with jitter, and whenever wake says so, until ctx ends. A conflict with
// another reconciler is tried again at once, a doubtful ledger is looked at again and never worked around.
func (r *Reconciler) Run(ctx context.Context, wake <-chan struct{}) error {
	changed := r.watch(ctx)
	defer r.questions.end()
	for {
		report, cut := r.turn(ctx)
		if ctx.Err() != nil {
			return nil
		}
		wait := r.cfg.Interval + rand.N(r.cfg.Jitter+1)
		if again := r.tellTurn(report.Err(), cut); again {
			wait = rand.N(time.Second)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-wake:
		case <-changed:
		case <-r.questions.back:
		case <-r.elected():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return nil
		}
	}
}

// tellTurn logs how a turn went, and reports whether to look again at once. Where another process began to lead meanwhile, whatever
// ended unfinished did so for that, in the words of whoever was asked.
func (r *Reconciler) tellTurn(err error, cut bool) (again bool) {
	switch {
	case errors.Is(err, ErrMoved):
		r.cfg.Log.Info("another reconciler was first; looking again", "error", err)
		return true
	case err != nil && cut && !errors.Is(err, ErrDoubt):
		r.cfg.Log.Info("another reconciler may lead now; what was left undone is its work", "error", err)
	default:
		r.tellErrors(err)
	}
	return false
}

// watch lets targets that can tell of changes wake the loop. It only saves time: the periodic comparison finds the same.
func (r *Reconciler) watch(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	for name, target := range r.cfg.Targets {
		watcher, ok := target.(integrations.Watcher)
		if !ok {
			continue
		}
		go r.watchTarget(ctx, name, watcher, changed)
	}
	return changed
}

// watchTarget starts as soon as the places are known, begins anew with each change of the rules, and ends with ctx.
func (r *Reconciler) watchTarget(ctx context.Context, name string, w integrations.Watcher, changed chan<- struct{}) {
	select {
	case <-ctx.Done():
	case <-r.ruled:
	}
	for ctx.Err() == nil {
		rules := r.inForce.Load()
		r.watchPlaces(ctx, name, w, rules, changed)
		select {
		case <-ctx.Done():
		case <-rules.replaced:
		case <-time.After(r.cfg.Interval): // the watch ended by itself
		}
	}
}

// watchPlaces watches what the rules write to, until other rules are in force.
func (r *Reconciler) watchPlaces(ctx context.Context, name string, w integrations.Watcher, rules *rules, changed chan<- struct{}) {
	places := rules.places(name)
	if len(places) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-rules.replaced:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := w.Watch(ctx, places, func(cell schema.Cell) {
		r.Wake(cell)
		if r.isContested(cell) || r.follows() {
			return // the next look comes in its time: whoever writes without end would set us off without end
		}
		select {
		case changed <- struct{}{}:
		default: // a wake-up is under way already
		}
	})
	if err != nil && ctx.Err() == nil {
		r.cfg.Log.Warn("watch ended", "target", name, "error", err)
	}
}

// places are the stages that write to a target.
func (r *rules) places(target string) []integrations.Place {
	var out []integrations.Place
	for _, stage := range r.project.Stages {
		for _, t := range stage.Targets {
			if t.Name == target {
				out = append(out, integrations.Place{Stage: stage.Name, Settings: t.Settings})
			}
		}
	}
	return out
}
