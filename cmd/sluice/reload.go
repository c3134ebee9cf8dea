package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// reloads is how the operator's file was last read.
type reloads struct {
	ok bool      // the last time
	at time.Time // the last time that it was taken over; the start is one
}

// lastReload tells the metrics.
func (f *fleet) lastReload() (ok bool, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state.ok, f.state.at
}

// reload takes over the operator's file as it is now, or leaves everything as it was and says why.
func (f *fleet) reload(ctx context.Context, read func() (schema.Operator, error), failed context.CancelFunc) {
	op, err := read()
	if err == nil {
		err = f.takeOver(ctx, op, failed)
	}
	if ctx.Err() != nil {
		return // it ends
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state.ok = err == nil; f.state.ok {
		f.state.at = now()
		return
	}
	f.log.Error("the operator's file was not taken over; what was in force goes on", "error", strings.TrimSpace(err.Error()))
}

// takeOver opens those projects anew that are watched in another way now, one after the other: each finishes what it is
// writing first. A file by which one cannot be opened is refused before any is touched. Should one not open after all, those before
// it are opened again as they were.
func (f *fleet) takeOver(ctx context.Context, op schema.Operator, failed context.CancelFunc) error {
	if keys := fixed(f.op, op); len(keys) > 0 {
		return fmt.Errorf("%s cannot change while it runs: restart it", strings.Join(keys, ", "))
	}
	was, changed := f.op, reopened(f.op, op)
	for _, i := range changed {
		if err := f.tries(ctx, op, i); err != nil {
			return err
		}
	}
	for n, i := range changed {
		err := f.exchange(ctx, op, i)
		if err == nil {
			f.start(ctx, i, failed)
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err() // it ends: that something cannot be opened any more says nothing
		}
		for _, back := range slices.Backward(changed[:n+1]) {
			if again := f.exchange(ctx, was, back); again != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				f.lost = errors.Join(err, fmt.Errorf("go back to what was in force: %w", again))
				failed() // there is nothing left that could go on
				return f.lost
			}
			f.start(ctx, back, failed)
		}
		return err
	}
	f.op = op
	f.log.Info("took over the operator's file", "projects", len(f.daemons), "opened_anew", len(changed))
	return nil
}

// exchange ends a project's loop and opens it by the file.
func (f *fleet) exchange(ctx context.Context, op schema.Operator, i int) error {
	l, old := f.running[i], f.daemons[i].now()
	l.stop()
	<-l.ended
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := old.Close(); err != nil {
		f.log.Warn("not closed cleanly", "error", err)
	}
	next, err := f.open(ctx, op, i)
	if err != nil {
		return err
	}
	f.daemons[i].replace(next)
	return nil
}

// fixed names the keys that differ and cannot change while the process runs: addresses that others know, and what a state
// directory is of.
func fixed(was, is schema.Operator) (keys []string) {
	differ := func(key string, a, b any) {
		if !reflect.DeepEqual(a, b) {
			keys = append(keys, key)
		}
	}
	differ("state_dir", was.StateDir, is.StateDir)
	differ("listen", was.Listen, is.Listen)
	differ("access", was.Access, is.Access)
	differ("badges", was.Badges, is.Badges)
	differ("show_values", was.ShowValues, is.ShowValues)
	differ("admin", was.Admin, is.Admin)
	differ("embedded_etcd", was.Embedded, is.Embedded)
	differ("webhook", was.Webhook, is.Webhook)
	differ("traces", was.Traces, is.Traces)
	differ("shutdown_delay", was.ShutdownDelay, is.ShutdownDelay)
	if len(was.Projects) != len(is.Projects) {
		return append(keys, "the number of projects")
	}
	for i := range is.Projects {
		a, b, at := was.Projects[i], is.Projects[i], fmt.Sprintf("projects[%d].", i)
		differ(at+"repository", a.Repository, b.Repository)
		differ(at+"anchor", a.Anchor, b.Anchor)
		differ(at+"ledger", a.Ledger, b.Ledger)
		differ(at+"gitlab.project", projectOf(a), projectOf(b))
	}
	return keys
}

func projectOf(p schema.OperatorProject) string {
	if p.GitLab == nil {
		return ""
	}
	return p.GitLab.Project
}

// reopened lists the projects, by their place, for which something else differs: all of them where they share it.
func reopened(was, is schema.Operator) (projects []int) {
	a, b := was, is
	a.Projects, b.Projects = nil, nil
	all := !reflect.DeepEqual(a, b)
	for i := range is.Projects {
		if all || !reflect.DeepEqual(was.Projects[i], is.Projects[i]) {
			projects = append(projects, i)
		}
	}
	return projects
}
