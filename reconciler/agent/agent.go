package agent

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Options say what is read and who gets it. Every receiver may be left out.
type Options struct {
	Provider provider.Options // its Check is the agent's

	Output *Output
	Check  *Command   // asked about staged files before they are switched to; needs Output
	Reload *Command   // run after the switch; where it fails, it is tried again
	Signal *PidSignal // sent after the switch

	Child *Child
	// Signals are handed on to the child; one that tells the agent to end asks it to, and it is killed after its grace. Where they
	// are given, the context ends nothing once the child runs: whoever is to end it sends a signal.
	Signals <-chan os.Signal

	// Publish is told of every snapshot that was taken.
	Publish func(*provider.Snapshot)

	In        io.Reader // the child's
	Out, Errs io.Writer // the child's; what commands print goes to Errs as well
	Log       *slog.Logger

	Retry time.Duration // until a reload that failed is tried again; 30 s by default
}

// agent hands on what the provider takes. The provider's goroutine calls take, under its lock; everything that may last is
// done by the loop in Run.
type agent struct {
	Options
	ctx context.Context // of commands: it ends when the agent does

	mu     sync.Mutex // guards next
	next   *update
	wake   chan struct{}
	digest string // of what was taken last; take's alone

	child  *process       // the loop's alone
	beside sync.WaitGroup // what the loop started

	files sync.Mutex // guards the two below, and the directory
	place *place     // nil without Output
	live  *update    // what the files are of
}

// The reasons why a release was not handed on as it should be, beside ErrDirectory.
var (
	ErrCheck       = errors.New("check")       // the release is refused
	ErrEnvironment = errors.New("environment") // the release is refused
	ErrReload      = errors.New("reload")      // the files are switched, and programs were not told
)

// update is what the loop has to tell programs of.
type update struct {
	snap *provider.Snapshot
	env  []string
	news bool // programs have not been told of it
}

func newAgent(ctx context.Context, o Options) *agent {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Retry <= 0 {
		o.Retry = 30 * time.Second
	}
	if o.Errs == nil {
		o.Errs = io.Discard
	}
	a := &agent{Options: o, ctx: ctx, wake: make(chan struct{}, 1)}
	a.Provider.Check = a.take
	return a
}

// Once takes what there is now, tells the programs, and ends. It is an error if what the source holds was refused or
// rejected, also where there is a cache to go on with.
func Once(ctx context.Context, o Options) error {
	a := newAgent(ctx, o)
	if err := a.takePlace(); err != nil {
		return err
	}
	defer a.leave()
	p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	health := p.Healthy()
	if errors.Is(health, provider.ErrUnavailable) {
		health = nil // the start mode allowed it, and the log says so
	}
	u, _ := a.pull() // Open asked take
	return errors.Join(health, a.tell(u))
}

// open opens the provider. That a check was cut short because the agent is to end says nothing of the release.
func (a *agent) open(ctx context.Context) (*provider.Provider, error) {
	p, err := provider.Open(ctx, a.Provider)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return p, err
}

// take is the provider's question whether a snapshot is to run. A command that was ended because the agent ends has refused
// nothing.
func (a *agent) take(snap *provider.Snapshot) error {
	err := a.deliver(snap)
	switch {
	case err != nil && a.ctx.Err() != nil:
		return a.ctx.Err()
	case err != nil:
		a.Log.Error("refused a release", "seq", snap.Seq(), "revision", snap.Revision(), "error", err)
	}
	return err
}

func (a *agent) deliver(snap *provider.Snapshot) error {
	var config []string
	if a.Child != nil {
		var err error
		if config, err = a.Child.Env.of(snap); err != nil {
			return err
		}
	}
	news := a.digest != snap.Digest()
	if a.Output != nil {
		var err error
		if news, err = a.switchFiles(snap, config); err != nil {
			return err
		}
	}
	a.digest = snap.Digest()
	a.push(update{snap, config, news})
	return nil
}

// push leaves an update for the loop. One that nobody was told of yet is one with it.
func (a *agent) push(u update) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next != nil {
		u.news = u.news || a.next.news
	}
	a.next = &u
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// pull takes what push left; there may be nothing, because what woke the loop was taken already.
func (a *agent) pull() (update, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.next
	a.next = nil
	if u == nil {
		return update{}, false
	}
	return *u, true
}

// dir is where programs find the files; empty where none are written.
func (a *agent) dir() string {
	if a.Output == nil {
		return ""
	}
	return a.Output.Dir
}
