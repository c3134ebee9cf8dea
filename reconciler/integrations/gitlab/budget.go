package gitlab

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// longestRest is how long GitLab is left alone at most because it asked for that: who writes the header might not be GitLab.
const longestRest = 15 * time.Minute

// Budget is what the clients of one GitLab may ask together: so many requests a second, and none for as long as it asked one
// of them to be left alone.
type Budget struct {
	limiter *rate.Limiter

	mu     sync.Mutex // guards the rest
	until  time.Time
	silent time.Time // until then it is taken for hanging
}

// NewBudget allows so many requests a second, 10 if it is 0, with bursts of three times as many.
func NewBudget(perSecond float64) *Budget {
	if perSecond <= 0 {
		perSecond = 10
	}
	return &Budget{limiter: rate.NewLimiter(rate.Limit(perSecond), max(1, int(3*perSecond)))}
}

// rest leaves GitLab alone for a while.
func (b *Budget) rest(now time.Time, d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := now.Add(min(d, longestRest)); until.After(b.until) {
		b.until = until
	}
}

// left is how long it is still left alone.
func (b *Budget) left(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.until.Sub(now)
}

// afterHanging is how long GitLab is taken for hanging once a question got no answer in time: for what the same pass would
// ask next, and not for the next pass.
const afterHanging = 10 * time.Second

// hangs takes GitLab for hanging for a while: everything else that would be asked now would wait as long again, and who asks has
// other things to do.
func (b *Budget) hangs(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.silent = now.Add(afterHanging)
}

// hanging is how much longer it is taken for that.
func (b *Budget) hanging(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.silent.Sub(now)
}

// rested waits while GitLab is left alone, or gives up at once where that takes longer than the client waits. Nothing is sent.
func (c *Client) rested(ctx context.Context, r request) error {
	e := &Error{Doing: r.doing, TokenFile: c.cfg.TokenFile, Kind: ErrUnavailable}
	if silent := c.cfg.Budget.hanging(c.cfg.Now()); silent > 0 {
		e.RetryAfter = silent
		e.Message = fmt.Sprintf("it did not answer a moment ago; it is asked again in %s", silent.Round(time.Second))
		return e
	}
	left := c.cfg.Budget.left(c.cfg.Now())
	if left <= 0 {
		return nil
	}
	if left > c.cfg.MaxPause {
		c.leaveAlone(e, left)
		e.Message = fmt.Sprintf("it asked to be left alone, for another %s", left.Round(time.Second))
		return e
	}
	if e.Err = c.cfg.Pause(ctx, left); e.Err != nil {
		return e
	}
	return nil
}
