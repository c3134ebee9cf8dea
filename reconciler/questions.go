package reconciler

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

const (
	// moment is how long a pass waits for a target that did not answer before: one that refuses, or is back, answers within it.
	moment = 100 * time.Millisecond
	// longestQuestion bounds what goes on beside passes, whatever the target's own timeout is.
	longestQuestion = time.Minute
)

// errStillAsked is of a target that was silent before and has not answered yet. In this pass it is asked for nothing else.
var errStillAsked = errors.New("it did not answer before; it is asked on beside the passes")

// question asks a silent target for its mark beside the passes, so that a target that hangs costs each of them nothing.
type question struct {
	stop context.CancelFunc
	done chan struct{} // closed once mark and err are there
	mark []byte
	err  error
	left atomic.Bool // no pass waits for it
}

// questions are those that go on, by target: one at a time each. The zero value has none.
type questions struct {
	open map[string]*question
	back chan struct{} // receives when a target answered that no pass waited for; nil tells nobody
}

// asking returns how a pass comes by a target's mark. A target that answered is asked, and waited for; a silent one only once
// a question beside the passes was answered, and then afresh: what it said meanwhile may be old.
func (p *pass) asking(ctx context.Context, name, project string) func() ([]byte, error) {
	keeper := p.cfg.Targets[name].(integrations.Keeper)
	afresh := func() ([]byte, error) { return keeper.Checkpoint(ctx, project) }
	q := p.questions.open[name]
	if q != nil && q.answered() {
		delete(p.questions.open, name)
		if q.err == nil {
			return afresh
		}
		q = nil
	}
	if _, silent := p.silent[name]; q == nil && !silent {
		return afresh
	}
	if q != nil {
		return func() ([]byte, error) {
			if _, err := q.soon(ctx, name); err != nil {
				return nil, err
			}
			return afresh()
		}
	}
	q = p.questions.begin(ctx, name, func(ctx context.Context) ([]byte, error) { return keeper.Checkpoint(ctx, project) })
	return func() ([]byte, error) { return q.soon(ctx, name) }
}

// begin asks. The pass, and its context, may end before the answer.
func (qs *questions) begin(ctx context.Context, name string, ask func(context.Context) ([]byte, error)) *question {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), longestQuestion)
	q := &question{stop: stop, done: make(chan struct{})}
	if qs.open == nil {
		qs.open = map[string]*question{}
	}
	qs.open[name] = q
	back := qs.back
	go func() {
		defer stop()
		q.mark, q.err = ask(ctx)
		close(q.done)
		if q.err != nil || !q.left.Load() {
			return
		}
		select {
		case back <- struct{}{}:
		default: // nobody is to be told, or is told already
		}
	}()
	return q
}

// end cancels what goes on; nobody waits for it any more.
func (qs *questions) end() {
	for _, q := range qs.open {
		q.stop()
	}
}

func (q *question) answered() bool {
	select {
	case <-q.done:
		return true
	default:
		return false
	}
}

// soon returns the answer if it comes within a moment.
func (q *question) soon(ctx context.Context, name string) ([]byte, error) {
	q.left.Store(false)
	timer := time.NewTimer(moment)
	defer timer.Stop()
	select {
	case <-q.done:
	case <-timer.C:
	case <-ctx.Done():
	}
	q.left.Store(true)
	if q.answered() { // looked at after left, so that an answer is either seen here or told
		return q.mark, q.err
	}
	return nil, &integrations.Error{Target: name, Class: integrations.ErrUnavailable, Err: errStillAsked, Silent: true}
}

// stillAsked is the error of what is not asked of a target in this pass, because it hangs; nil if it may be asked.
func (p *pass) stillAsked(name string) error {
	if err := p.noMark[name]; errors.Is(err, errStillAsked) {
		return err
	}
	return nil
}
