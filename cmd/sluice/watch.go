package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// drainFor bounds the end: what is being written may take ten seconds more, and so may its record.
const drainFor = 30 * time.Second

// watch runs every project until ctx ends, and the page, the receiver of webhooks and the address for machines beside them.
// These go on until nothing is at work any more, so that whoever asks is told that the process ends.
func (f *fleet) watch(ctx context.Context, machines adminConfig, told calls, read func() (schema.Operator, error)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	serving, close := context.WithCancel(context.WithoutCancel(ctx))
	defer close()
	hooks, err := listenWebhooks(f.op.Webhook, f.daemons, f.wakes, f.log)
	if err != nil {
		return err
	}
	defer hooks.close()
	page, err := listenStatus(serving, f.op, f.daemons, f.lastReload)
	if err != nil {
		return err
	}
	machines.webhooks, machines.reload = hooks.counts(), f.lastReload
	desk, err := listenAdmin(ctx, f.op.Admin, adminProjects(f.daemons), machines)
	if err != nil {
		return err
	}
	delay := f.op.ShutdownDelay // asked before the file can be taken over anew, which never changes the delay
	for i := range f.daemons {
		f.start(ctx, i, stop)
	}
	tell := newNotifier(os.Getenv)
	f.obey(ctx, told, func() {
		f.tell(tell.say(reloading()))
		f.reload(ctx, read, stop)
		f.tell(tell.say("READY=1"))
	})
	f.loops.Go(func() { tell.watch(ctx, f.alive, f.tell) })
	var servers sync.WaitGroup
	errs := make([]error, 3)
	for i, server := range []*pageServer{page, hooks.server(), desk} {
		if server != nil {
			f.log.Info("serving "+server.what, "address", server.url())
			servers.Go(func() { errs[i] = server.serve(serving, f.log) })
		}
	}
	drained := f.drain(ctx, delay)
	close()
	servers.Wait()
	if !drained {
		return &failure{code: exitUnavailable, err: fmt.Errorf("what was under way did not end within %s", drainFor), hint: "what it was at is found and finished by the next start"}
	}
	return errors.Join(append(errs, f.err(), f.close())...)
}

// obey does what the process is told until ctx ends.
func (f *fleet) obey(ctx context.Context, told calls, reload func()) {
	f.loops.Go(func() { onEach(ctx, told.reload, reload) })
	f.loops.Go(func() {
		onEach(ctx, told.wake, func() {
			for _, project := range f.wakes {
				wake(project)
			}
		})
	})
}

// drain waits until nothing is at work, for as long as drainFor after ctx ended; and, so that a load balancer has seen that the
// process is not ready any more, for at least delay.
func (f *fleet) drain(ctx context.Context, delay time.Duration) bool {
	done := make(chan struct{})
	go func() { f.loops.Wait(); close(done) }()
	<-ctx.Done()
	f.log.Info("ending after what is under way")
	seen := time.After(delay)
	select {
	case <-done:
	case <-time.After(drainFor):
		return false
	}
	<-seen
	return true
}

func (f *fleet) tell(err error) {
	if err != nil {
		f.log.Warn("the service manager is not told", "error", err)
	}
}
