package agent

import (
	"context"
	"os"
	"time"
)

// Run keeps everything new until ctx ends, or the child does: then it returns the child's exit code, 128 and the number of
// the signal where one ended it.
func Run(ctx context.Context, o Options) (code int, err error) {
	commands, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	beginning := context.AfterFunc(ctx, cancel)
	a := newAgent(commands, o)
	if err := a.takePlace(); err != nil {
		return 0, err
	}
	defer a.leave()
	p, err := a.open(ctx)
	if err != nil {
		return 0, err
	}
	defer p.Close()
	defer a.beside.Wait()
	defer cancel() // before both, which wait for commands
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	done := ctx.Done()
	if a.Child != nil && a.Signals != nil {
		beginning()
		done = nil
	}
	u, _ := a.pull() // Open asked take
	if a.Child != nil {
		if a.child, err = a.launch(u); err != nil {
			return 0, err
		}
	}
	return a.loop(done, u)
}

// loop tells programs of what is new, until the end.
func (a *agent) loop(done <-chan struct{}, u update) (int, error) {
	tell := a.telling()
	defer tell.retry.Stop()
	again := time.NewTicker(a.refresh())
	defer again.Stop()
	a.publish(u)
	tell.next(u)
	for {
		select {
		case <-a.ended():
			return a.child.code, nil
		case s := <-a.signals():
			if ends(s) {
				a.end(done, s)
				return a.code(), nil
			}
			if err := a.child.signal(s); err != nil {
				a.Log.Error("did not hand on a signal", "error", err)
			}
		case <-a.wake:
			next, ok := a.pull()
			if !ok {
				continue
			}
			a.publish(next)
			if ended, err := a.change(next, done); ended || err != nil {
				return a.code(), err
			}
			tell.next(next)
		case err := <-tell.ended:
			tell.end(err)
		case <-tell.retry.C:
			tell.begin()
		case <-again.C:
			a.restore()
		case <-done:
			a.end(nil, nil)
			return a.code(), nil
		}
	}
}

// refresh is how often the files are compared: as often as the provider reads everything again.
func (a *agent) refresh() time.Duration {
	if a.Provider.Refresh > 0 {
		return a.Provider.Refresh
	}
	return 5 * time.Minute
}

func (a *agent) publish(u update) {
	if a.Publish != nil {
		a.Publish(u.snap)
	}
}

// change tells the child. It reports whether the agent is to end instead.
func (a *agent) change(u update, done <-chan struct{}) (ended bool, err error) {
	if a.Child == nil || !u.news || a.Child.OnChange.Leave {
		return false, nil
	}
	if s := a.Child.OnChange.Signal; s != nil {
		if err := a.child.signal(s); err != nil {
			a.Log.Error("did not tell the program", "error", err)
		}
		return false, nil
	}
	if a.end(done, nil) {
		return true, nil
	}
	a.child, err = a.launch(u)
	return false, err
}

func (a *agent) launch(u update) (*process, error) {
	p, err := launch(a.Child.Argv, environ(u.snap, a.Provider, a.dir(), u.env), a.In, a.Out, a.Errs)
	if err == nil {
		a.Log.Info("started", "program", a.Child.Argv[0], "pid", p.cmd.Process.Pid, "seq", u.snap.Seq())
	}
	return p, err
}

// end asks the child to end, and kills it when its time is over; told is the signal that told the agent to end, if one did. It
// reports whether the agent was asked to end meanwhile.
func (a *agent) end(done <-chan struct{}, told os.Signal) (asked bool) {
	if a.child == nil {
		return false
	}
	grace := a.Child.Grace
	if grace <= 0 {
		grace = 10 * time.Second
	}
	over := time.NewTimer(grace)
	defer over.Stop()
	if err := a.child.signal(a.Child.stop(told)); err != nil {
		a.Log.Error("did not ask the program to end", "error", err)
	}
	for {
		select {
		case <-a.child.ended:
			return asked
		case s := <-a.signals():
			if ends(s) {
				asked, s = true, a.Child.stop(s)
			}
			_ = a.child.signal(s) // it is about to end anyway
		case <-done:
			asked, done = true, nil
		case <-over.C:
			a.Log.Warn("killed a program that did not end", "program", a.Child.Argv[0])
			_ = killAll(a.child.cmd.Process) // the process group is gone if this fails
		}
	}
}

// ends reports whether a signal asks a program to end.
func ends(s os.Signal) bool { return s == os.Interrupt || s.String() == "terminated" }

func (a *agent) ended() <-chan struct{} {
	if a.child == nil {
		return nil
	}
	return a.child.ended
}

func (a *agent) signals() <-chan os.Signal {
	if a.child == nil {
		return nil
	}
	return a.Signals
}

func (a *agent) code() int {
	if a.child == nil {
		return 0
	}
	return a.child.code
}
