package agent

import (
	"fmt"
	"time"
)

// telling tells programs of one update at a time, beside the loop: a reload may hang as long as its time allows, and a signal or the
// end of the child does not wait for it. The loop alone uses it.
type telling struct {
	agent *agent
	u     update     // what programs are to know
	ended chan error // what the one under way came to
	busy  bool
	again bool // there is more to tell than the one under way does
	retry *time.Timer
}

func (a *agent) telling() *telling {
	t := &telling{agent: a, ended: make(chan error, 1), retry: time.NewTimer(0)}
	<-t.retry.C
	return t
}

// next takes an update. One that programs were not told of yet is one with it.
func (t *telling) next(u update) {
	t.again = t.again || t.busy && u.news
	u.news = u.news || t.u.news
	t.u = u
	t.begin()
}

// begin tells, if there is something to tell and nothing is under way.
func (t *telling) begin() {
	if t.busy || !t.u.news {
		return
	}
	t.busy, t.again = true, false
	u := t.u
	t.agent.beside.Go(func() { t.ended <- t.agent.tell(u) })
}

// end takes what the one under way came to. One that failed is tried again later, or with what is new at once.
func (t *telling) end(err error) {
	t.busy = false
	if err != nil && t.agent.ctx.Err() == nil {
		t.agent.Log.Error("did not reload", "seq", t.u.snap.Seq(), "error", err)
	}
	switch {
	case t.again:
		t.begin()
	case err != nil:
		t.retry.Reset(t.agent.Retry)
	default:
		t.u.news = false
	}
}

// tell runs the reload command and sends the signal. A mark on disk stays until both went well.
func (a *agent) tell(u update) error {
	if !u.news {
		return nil
	}
	if a.Reload != nil {
		if err := a.Reload.run(a.ctx, a.dir(), environ(u.snap, a.Provider, a.dir(), u.env), a.Errs); err != nil {
			return fmt.Errorf("%w: %w", ErrReload, err)
		}
	}
	if a.Signal != nil {
		if err := a.Signal.send(); err != nil {
			return fmt.Errorf("%w: %w", ErrReload, err)
		}
	}
	return a.told(u)
}

// told takes the mark away, unless it is of what was switched to meanwhile.
func (a *agent) told(u update) error {
	if a.Output == nil {
		return nil
	}
	a.files.Lock()
	defer a.files.Unlock()
	if a.live != nil && a.live.snap != u.snap {
		return nil
	}
	return a.Output.reloaded()
}
