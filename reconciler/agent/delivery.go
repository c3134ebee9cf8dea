package agent

import (
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// takePlace takes the directory before anything is read, so that two agents never share one.
func (a *agent) takePlace() (err error) {
	if a.Output == nil {
		return nil
	}
	if err := a.Provider.Valid(); err != nil {
		return err // before a directory is made that nobody meant
	}
	a.place, err = a.Output.take(ownerOf(a.Provider))
	return err
}

func (a *agent) leave() {
	if a.place == nil {
		return
	}
	if err := a.place.close(); err != nil {
		a.Log.Error("did not close the directory", "error", err)
	}
}

// switchFiles stages the files, asks the check about them, and switches.
func (a *agent) switchFiles(snap *provider.Snapshot, config []string) (news bool, err error) {
	a.files.Lock()
	defer a.files.Unlock()
	s, err := a.place.stage(snap.Document, snap.Seq())
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.drop()) }()
	if a.Check != nil && !s.live {
		dir := s.path()
		if err := a.Check.run(a.ctx, dir, environ(snap, a.Provider, dir, config), a.Errs); err != nil {
			return false, fmt.Errorf("%w: %w", ErrCheck, err)
		}
		if err := s.unchanged(snap.Document); err != nil {
			return false, fmt.Errorf("%w: %w", ErrCheck, err)
		}
	}
	if news, err = s.turn(); err == nil {
		a.live = &update{snap: snap, env: config}
	}
	return news, err
}

// restore puts back what somebody changed or removed since the switch. Programs are told, because they may have read it. What
// another goroutine switches to right now it leaves alone.
func (a *agent) restore() {
	if a.place == nil || !a.files.TryLock() {
		return
	}
	defer a.files.Unlock()
	if a.live == nil {
		return
	}
	changed, linked, err := a.putBack(a.live.snap)
	switch {
	case err != nil:
		a.Log.Error("did not put the files back", "dir", a.Output.Dir, "seq", a.live.snap.Seq(), "error", err)
	case changed || linked:
		a.Log.Warn("put back files that somebody changed", "dir", a.Output.Dir, "seq", a.live.snap.Seq())
		a.push(update{a.live.snap, a.live.env, true})
	}
}

func (a *agent) putBack(snap *provider.Snapshot) (changed, linked bool, err error) {
	s, err := a.place.stage(snap.Document, snap.Seq())
	if err != nil {
		return false, false, err
	}
	defer func() { err = errors.Join(err, s.drop()) }()
	changed = !s.live
	_, err = s.turn()
	return changed, s.linked > 0, err
}
